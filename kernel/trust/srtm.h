/*
 * The verdict on a static launch: did firmware and boot loader measure this kernel, from power-on?
 * It is drawn only where no dynamic launch happened. Every sign has to be there, and the log has to
 * lead to the TPM's PCRs; which firmware and which files those were is the verifier's business.
 * Pure: facts in, signs with their reasons out.
 */
#ifndef TRUST_SRTM_H
#define TRUST_SRTM_H

#include "trust/sign.h"

#include <vmkapi/status.h>

/* PC Client Platform Firmware Profile 1.05, section 3.3.4: firmware 0-7; GRUB 8 (commands) and 9
 * (files). */
#define SRTM_PCR_LAST     9u
#define SRTM_PCR_COMMANDS 8u
#define SRTM_PCR_FILES    9u
#define SRTM_PCRS         24u

/* X(symbol, name, what it means). Each of them must hold. */
#define SRTM_SIGNS(X)                                                                     \
	X(SRTM_NO_DRTM, "no-drtm", "PCR 17 to 22 are untouched since power-on")           \
	X(SRTM_LOG, "firmware-log", "the firmware's event log is there and well-formed")  \
	X(SRTM_REPLAY, "firmware-replay", "the replayed log gives PCR 0 to 9")            \
	X(SRTM_OWN, "own-pcrs", "PCR 12 to 14 are the kernel's: nobody was there before") \
	X(SRTM_KERNEL, "kernel-file", "PCR 9 has the file that PCR 8's multiboot2 names") \
	X(SRTM_CMDLINE, "kernel-cmdline", "PCR 8 has this kernel's command line")         \
	X(SRTM_MODULES, "module-files", "PCR 8 and 9 have each module with its command line")
enum srtm_sign_name {
#define X(symbol, name, meaning) symbol,
	SRTM_SIGNS(X)
#undef X
		SRTM_SIGN_COUNT
};

struct srtm_module {
	uint8_t sha256[32]; /* of its bytes in memory */
	const char *cmdline;
};

/* All that the verdict is drawn from, as found. */
struct srtm_facts {
	bool pcrs_known;
	const uint8_t (*pcrs)[32]; /* SRTM_PCRS of them */
	const uint8_t *log;        /* the firmware's, cut at its end; NULL: none */
	size_t log_bytes;
	const char *log_why; /* static text: why there is none */
	const char *cmdline; /* the kernel's */
	const struct srtm_module *modules;
	unsigned module_count;
};

struct srtm_verdict {
	bool measured;    /* every sign holds */
	unsigned missing; /* how many do not */
	struct verdict_sign signs[SRTM_SIGN_COUNT];
};

void srtm_draw(const struct srtm_facts *facts, struct srtm_verdict *verdict);
const char *srtm_sign_name(enum srtm_sign_name sign);
const char *srtm_sign_meaning(enum srtm_sign_name sign);

#endif
