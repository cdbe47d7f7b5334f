/* A host's record as JSON: "merlon-host-1". */
#ifndef VERIFIER_HOSTFILE_H
#define VERIFIER_HOSTFILE_H

#include <jansson.h>

#include "verifier/host.h"

#define HOST_FILE_MAX (1u << 20)

/* Are its keys and certificate of a size that host_parse() takes? */
bool host_fits(const struct host *host);
json_t *host_to_json(const struct host *host);
/* path is for faults (state). */
bool host_parse(
	struct host *host, const void *text, size_t size, const char *path, struct fault *fault);

#endif
