/* Basic types: addresses that cannot be mixed up, and small helpers. Pure. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host-physical address, in bytes. A struct, so that mixing it with a virtual address fails to
 * compile. */
struct hpa {
	uint64_t v;
};
/* Guest-physical address, in bytes. */
struct gpa {
	uint64_t v;
};
/* Frame number of host memory: hpa / PAGE_SIZE. */
struct pfn {
	uint64_t v;
};

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul

static inline struct hpa hpa(uint64_t v)
{
	return (struct hpa){v};
}
static inline struct pfn hpa_pfn(struct hpa a)
{
	return (struct pfn){a.v >> PAGE_SHIFT};
}
static inline struct hpa pfn_hpa(struct pfn n)
{
	return (struct hpa){n.v << PAGE_SHIFT};
}

/* For an array on the stack of which only as much is read as was written: it is not zeroed. */
#define UNINITIALIZED                   __attribute__((uninitialized))

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define ALIGN_DOWN(x, a)                ((x) & ~((__typeof__(x))(a) - 1))
#define ALIGN_UP(x, a)                  ALIGN_DOWN((x) + (__typeof__(x))(a) - 1, (a))
#define MIN(a, b)                       ((a) < (b) ? (a) : (b))
#define MAX(a, b)                       ((a) > (b) ? (a) : (b))
#define container_of(p, t, m)           ((t *)((char *)(p) - offsetof(t, m)))

#define STATIC_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#define STATIC_ASSERT_OFFSET(type, field, off) \
	_Static_assert(offsetof(type, field) == (off), #type "." #field)

#endif
