#include "policy/predict/parts.h"

#include <stdio.h>

enum vmk_status prediction_fail(
	struct prediction_error *error, enum vmk_status status, const char *name, const char *what)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", name, what);
	return status;
}
