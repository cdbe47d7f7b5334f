/* vmkverify's command line. */
#ifndef VERIFIER_OPTIONS_H
#define VERIFIER_OPTIONS_H

#include <stdbool.h>

#include "verifier/ek.h"

enum exit_status { EXIT_TRUSTED = 0, EXIT_UNTRUSTED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

struct options {
	const char *host;
	const char *address;
	const char *policy;
	const char *state;
	const char *head; /* NULL: in `state` */
	const char *out;
	const char *ek_ca[EK_CA_FILES_MAX];
	unsigned int ek_ca_count;
	const char *file; /* the one argument that is no option */
	unsigned int wait_seconds;
	double boot_started; /* seconds since 1970; negative: not given */
	bool json;
	bool rekey;
	bool audit; /* show the audit log too */
	bool adopt; /* the records that there are are all that there were */
};

/* The commands; each returns an exit_status. */
int cmd_enroll(const struct options *options);
int cmd_attest(const struct options *options);
int cmd_show(const struct options *options);
int cmd_replay(const struct options *options);
int cmd_log(const struct options *options);

/* Says why a command failed, with advice; the exit status that belongs to the reason. */
int command_failed(const struct options *options, const struct fault *fault);

#endif
