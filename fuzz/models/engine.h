/* vmksign's signature check over OpenSSL beside the kernel's: a second opinion. */
#ifndef FUZZ_MODELS_ENGINE_H
#define FUZZ_MODELS_ENGINE_H

#include "trust/signature.h"

/* As signature_verify(). */
enum vmk_status engine_verify(const struct signature_data *data, const uint8_t *cms, size_t cms_n,
	const struct signature_cert *certs, unsigned count, const uint8_t *roots, size_t roots_n,
	struct signature_path *path, const char **why);

#endif
