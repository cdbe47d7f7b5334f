/*
 * The measurement of tboot as an MLE: what SINIT hashes is tboot's image as loaded, from mle_start
 * to mle_end, with the command line that tboot copied into itself (TXT MLE developer's guide, 2.1).
 */
#ifndef PREDICT_MLE_H
#define PREDICT_MLE_H

#include "policy/predict/buffer.h"
#include "tboot-integration/txtsim/model/digest.h"

/*
 * `tboot` is tboot.gz or tboot itself as a file; `cmdline` what GRUB hands it. Pure but for memory.
 * VMK_BAD_FORMAT with *why when it is not an ELF32 image with an MLE header.
 */
enum vmk_status mle_digest(
	const struct buffer *tboot, const char *cmdline, struct digests *digests, const char **why);

#endif
