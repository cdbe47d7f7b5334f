/* Why a file no longer measures as its policy says: which bytes of which file differ. */
#ifndef PREDICT_EXPLAIN_H
#define PREDICT_EXPLAIN_H

#include "policy/predict/prediction.h"
#include <stdbool.h>
#include <jansson.h>

/* One stretch of differing bytes, first to last, as fine as what is known allows. */
struct difference {
	char name[BOOTCFG_NAME_MAX], role[32];
	uint64_t first, last; /* byte offsets in the file */
	bool missing;         /* the file is not there at all */
	uint64_t size, expected_size;
};
typedef void (*difference_fn)(const struct difference *difference, void *context);

/*
 * Compares the files that `policy` describes with those in `directory` (by name) and calls back for
 * each difference. With `good` the unaltered files are at hand and the ranges are exact to the
 * byte; without (NULL) they are as fine as the policy's chunks. Returns VMK_OK also when
 * differences were found, VMK_BAD_FORMAT (with error->text) when the policy is malformed.
 */
enum vmk_status explain(json_t *policy, const char *directory, const char *good, difference_fn call,
	void *context, struct prediction_error *error);

#endif
