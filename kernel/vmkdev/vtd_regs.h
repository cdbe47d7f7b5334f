/* Registers, descriptors and table entries of a remapping unit: VT-d specification 4.1, chapters 6
 * (invalidation queue), 9 (tables) and 11 (registers). */
#ifndef VMKDEV_VTD_REGS_H
#define VMKDEV_VTD_REGS_H

#include "lib/types.h"

/* Offsets in bytes (table 11-2). */
#define VTD_VER               0x000u /* 32 bits; major in 7:4 */
#define VTD_CAP               0x008u /* 64 */
#define VTD_ECAP              0x010u /* 64 */
#define VTD_GCMD              0x018u /* 32 */
#define VTD_GSTS              0x01cu /* 32 */
#define VTD_RTADDR            0x020u /* 64 */
#define VTD_FSTS              0x034u /* 32 */
#define VTD_FECTL             0x038u /* 32 */
#define VTD_FEDATA            0x03cu /* 32 */
#define VTD_FEADDR            0x040u /* 32 */
#define VTD_FEUADDR           0x044u /* 32 */
#define VTD_PMEN              0x064u /* 32 */
#define VTD_IQH               0x080u /* 64 */
#define VTD_IQT               0x088u /* 64 */
#define VTD_IQA               0x090u /* 64 */
#define VTD_IRTA              0x0b8u /* 64 */
#define VTD_REGISTERS         0x1000u

#define CAP_DOMAIN_BITS(cap)  (4u + 2u * ((unsigned)(cap) & 7u)) /* ND */
#define CAP_RWBF              (1ull << 4)
#define CAP_PLMR              (1ull << 5)
#define CAP_PHMR              (1ull << 6)
#define CAP_CM                (1ull << 7)
#define CAP_SAGAW_39          (1ull << 9)
#define CAP_SAGAW_48          (1ull << 10)
#define CAP_WIDTH(cap)        (((unsigned)((cap) >> 16) & 0x3fu) + 1u) /* MGAW */
#define CAP_FAULT_OFFSET(cap) (((unsigned)((cap) >> 24) & 0x3ffu) * 16u)
#define CAP_FAULT_COUNT(cap)  (((unsigned)((cap) >> 40) & 0xffu) + 1u)
#define CAP_DRAIN_WRITES      (1ull << 54)
#define CAP_DRAIN_READS       (1ull << 55)
#define ECAP_C                (1ull << 0) /* table walks are coherent */
#define ECAP_QI               (1ull << 1)
#define ECAP_IR               (1ull << 3)
#define ECAP_EIM              (1ull << 4)
#define ECAP_SC               (1ull << 7)

/* GCMD; GSTS has the same bits (11.4.4). */
#define GCMD_CFI         (1u << 23) /* lets compatibility-format interrupts through */
#define GCMD_SIRTP       (1u << 24)
#define GCMD_IRE         (1u << 25)
#define GCMD_QIE         (1u << 26)
#define GCMD_WBF         (1u << 27)
#define GCMD_SRTP        (1u << 30)
#define GCMD_TE          (1u << 31)

#define FSTS_PFO         (1u << 0)
#define FSTS_PPF         (1u << 1)
#define FSTS_QUEUE       (7u << 4) /* IQE, ICE, ITE: 11.4.9.1 */
#define FSTS_INDEX(fsts) ((fsts) >> 8 & 0xffu)
#define FECTL_IM         (1u << 31)
#define PMEN_EPM         (1u << 31)
#define PMEN_PRS         (1u << 0)

/* Fault recording registers, 128 bits: the upper half's fields (11.4.14). */
#define FRCD_BYTES        16u
#define FRCD_SOURCE(high) ((uint16_t)(high))
#define FRCD_REASON(high) ((uint8_t)((high) >> 32))
#define FRCD_IS_READ      (1ull << 62)
#define FRCD_F            (1ull << 63)

/* Invalidation descriptors of 128 bits, the lower half (6.5.2). */
#define INV_CONTEXT_GLOBAL     (0x1ull | 1ull << 4)
#define INV_CONTEXT_DEVICE     (0x1ull | 3ull << 4) /* domain 31:16, source 47:32 */
#define INV_IOTLB_GLOBAL       (0x2ull | 1ull << 4)
#define INV_IOTLB_DOMAIN       (0x2ull | 2ull << 4) /* domain 31:16 */
#define INV_IOTLB_DRAIN_WRITES (1ull << 6)
#define INV_IOTLB_DRAIN_READS  (1ull << 7)
#define INV_INTERRUPT_GLOBAL   0x4ull
#define INV_WAIT_WRITE         (0x5ull | 1ull << 5) /* status data 63:32 */

/* Legacy-mode tables (9.1, 9.3, 9.8). */
#define ROOT_PRESENT       1ull
#define CONTEXT_PRESENT    1ull
#define CONTEXT_AW(levels) ((uint64_t)(levels) - 2u)
#define CONTEXT_DOMAIN(id) ((uint64_t)(id) << 8)
#define SL_READ            1ull
#define SL_WRITE           2ull
#define SL_SNOOP           (1ull << 11)
#define TABLE_ADDRESS      0x000ffffffffff000ull

/* Interrupt remapping table entry, lower half (9.10), and IRTA (11.4.22). */
#define IRTE_PRESENT        1ull
#define IRTE_LEVEL          (1ull << 4)
#define IRTE_VECTOR(v)      ((uint64_t)(v) << 16)
#define IRTE_DESTINATION(d) ((uint64_t)(d) << 32)
#define IRTE_VERIFY_SOURCE  (1ull << 18) /* upper half: all of the requester id counts */
#define IRTA_EIME           (1ull << 11)

struct vtd_entry { /* root, context, IRTE, invalidation descriptor */
	uint64_t low, high;
};
STATIC_ASSERT_SIZE(struct vtd_entry, 16);

#endif
