#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/run.h"

static bool has_state(const char *directory)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/tpm2-00.permall", directory) >= PATH_MAX)
		return false;
	return access(path, R_OK | W_OK) == 0;
}

void tpm_state_prepare(const struct run_options *o)
{
	const char *setup[] = {"swtpm_setup", "--tpm2", "--tpmstate", o->tpm_state, "--pcr-banks",
		"sha1,sha256", "--create-ek-cert", "--overwrite", NULL};

	if (has_state(o->tpm_state))
		return;
	if (o->tpm_state_given)
		fail("there is no TPM state in %s: make it with swtpm_setup or provision-tpm",
			o->tpm_state);
	if (mkdir(o->tpm_state, 0755) && errno != EEXIST)
		fail("cannot make %s: %s", o->tpm_state, strerror(errno));
	if (run_to_end(o->workdir, "swtpm_setup.log", setup) == 0)
		return;
	/* Its certificate authority may be missing or not writable: a TPM without certificates. */
	setup[6] = "--overwrite";
	setup[7] = NULL;
	if (run_to_end(o->workdir, "swtpm_setup.log", setup) != 0 || !has_state(o->tpm_state))
		fail("swtpm_setup failed: see %s/swtpm_setup.log (apt-get install swtpm-tools)",
			o->workdir);
}
