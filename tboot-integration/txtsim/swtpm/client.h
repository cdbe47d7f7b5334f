/*
 * A client of swtpm (swtpm_ioctls(3)): one control connection, and commands over a socket pair that
 * is given to it. Both emulators' TPMs are behind this.
 */
#ifndef TXTSIM_SWTPM_CLIENT_H
#define TXTSIM_SWTPM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct swtpm {
	/* Set by the user before swtpm_connect(). */
	bool seeded; /* TPM2_GetRandom is answered from random_state */
	uint64_t random_state;
	/* What cannot be gone on from; does not return. */
	void (*die)(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
	/* Each command that was answered. */
	void (*answered)(unsigned locality, uint32_t command, uint32_t response);

	int control_fd, data_fd;
	unsigned locality;
};

void swtpm_connect(struct swtpm *s, const char *control_socket);
void swtpm_close(struct swtpm *s);

/* Power-on or platform reset: TPM_Init, and the firmware's TPM2_Startup(CLEAR). */
void swtpm_power_on(struct swtpm *s);
/*
 * Out of sleep (S3): TPM_Init, and TPM2_Startup(STATE). False if the TPM has no saved state, as
 * TPM2_Shutdown(STATE) was not its last command: it is to be powered on then.
 */
bool swtpm_resume(struct swtpm *s);
/* What firmware does whose set-up says "TPM disabled": owner and endorsement hierarchies go off. */
void swtpm_disable(struct swtpm *s);

/* One command at a locality; returns the response's size. */
int swtpm_command(struct swtpm *s, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t response_max);
/* The hash sequence at locality 4. */
bool swtpm_hash(struct swtpm *s, const void *data, size_t size);

#endif
