/* A driver of nothing, as large as a driver of much. */
#include <vmkapi/module.h>

#define BALLAST_BYTES (144u << 10)

/* Volatile: the compiler must not find it unused. */
static const volatile uint8_t ballast[BALLAST_BYTES] = {1};

enum vmk_status vmkmod_start(struct vmkmod *self)
{
	return ballast[0] ? VMK_OK : VMK_INTERNAL;
}
