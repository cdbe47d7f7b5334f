/* The launch in words, for vmkernel.log, the `launch` log and people. Pure. */
#ifndef TRUST_DESCRIBE_H
#define TRUST_DESCRIBE_H

#include "trust/srtm.h"
#include "trust/verdict.h"

#include <vmkapi/events.h>

struct boot_info;

struct describe {
	enum vmk_launch launched;
	const struct verdict *verdict;
	const struct srtm_verdict *srtm; /* NULL: nothing speaks of a static launch */
	bool tpm_present;
	const char *tpm_error;        /* cause, or NULL: it works */
	const char *tpm_manufacturer; /* four characters */
	uint64_t tpm_firmware;
	const struct boot_info *boot; /* for the modules' command lines, or NULL */
};

/*
 * Lines, each ended by a newline: "Drtm Enabled: true", "Tpm Present: true", the TPM or its error,
 * "Launch: drtm",
 * and with `signs` one line for each sign of the verdict and "module N cmdline=..." for each of
 * tboot's modules, the kernel first, from which a verifier proves what changed in one.
 * Zero-terminated, cut at `size`. Returns the length without the zero.
 */
size_t describe_launch(const struct describe *launch, bool signs, char *to, size_t size);
/* One sign without newline: "txt-sts: holds, expected ..., found ...". */
size_t describe_sign(
	const struct verdict *verdict, enum verdict_sign_name sign, char *to, size_t size);
size_t describe_srtm_sign(
	const struct srtm_verdict *verdict, enum srtm_sign_name sign, char *to, size_t size);
/* The names of the signs that hold, with blanks between; "none". Returns the length. */
size_t describe_held(const struct verdict *verdict, char *to, size_t size);

#endif
