/* lwIP's compiler and platform definitions: user worlds on our musl. */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

/* Both are the edge's (kernel/worlds/libnet/link.c). A failed assertion ends the world. */
unsigned lwip_port_random(void);
_Noreturn void lwip_port_assert(const char *what);

#define LWIP_RAND()             lwip_port_random()
#define LWIP_PLATFORM_ASSERT(x) lwip_port_assert(x)
#define LWIP_PLATFORM_DIAG(x) \
	do {                  \
	} while (0)

#endif
