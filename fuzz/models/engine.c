/* The same names as the kernel's would meet in one program. */
#define signature_verify engine_verify
#define hash_sha256      engine_sha256
#define hash_sha256_both engine_sha256_both
#include "signing/engine.c"
