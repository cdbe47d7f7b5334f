/*
 * Registers and descriptors that Intel's gigabit controllers share. Section numbers without a name
 * are those of the 82574 GbE Controller Family Datasheet; "8254x" is the PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual (317453), "82576" that controller's
 * datasheet.
 */
#ifndef INTEL_REGS_H
#define INTEL_REGS_H

#include <stdint.h>
#include "lib/types.h"

/* Offsets in BAR 0, bytes (section 10.2.1; 8254x table 13-2). */
#define REG_CTRL         0x0000u
#define REG_STATUS       0x0008u
#define REG_EECD         0x0010u
#define REG_EERD         0x0014u
#define REG_CTRL_EXT     0x0018u
#define REG_ICR          0x00c0u
#define REG_IMS          0x00d0u
#define REG_IMC          0x00d8u
#define REG_RCTL         0x0100u
#define REG_TCTL         0x0400u
#define REG_TIPG         0x0410u
#define REG_RDBAL        0x2800u
#define REG_RDBAH        0x2804u
#define REG_RDLEN        0x2808u
#define REG_RDH          0x2810u
#define REG_RDT          0x2818u
#define REG_RDTR         0x2820u
#define REG_TDBAL        0x3800u
#define REG_TDBAH        0x3804u
#define REG_TDLEN        0x3808u
#define REG_TDH          0x3810u
#define REG_TDT          0x3818u
#define REG_TXDCTL       0x3828u

#define REG_MTA          0x5200u /* 128 double words */
#define REG_RAL          0x5400u
#define REG_RAH          0x5404u
#define REG_MANC         0x5820u

#define CTRL_GIO_DISABLE 0x00000004u /* PCIe: start no more requests */
#define CTRL_LRST        0x00000008u
#define CTRL_ASDE        0x00000020u
#define CTRL_SLU         0x00000040u
#define CTRL_ILOS        0x00000080u
#define CTRL_FORCE       0x00001800u /* speed and duplex by hand */
#define CTRL_RST         0x04000000u
#define CTRL_PHY_RST     0x80000000u
/* RXDCTL and TXDCTL of the 82576 and later, 82576 8.10.8. */
#define QUEUE_ENABLE      0x02000000u
#define STATUS_LU         0x00000002u
#define STATUS_GIO_MASTER 0x00080000u /* requests are under way */
#define EECD_AUTO_RD      0x00000200u /* the NVM has been read after reset */
#define CTRL_EXT_DRV_LOAD 0x10000000u /* tells management firmware that a driver has the device */
#define MANC_BLOCK_RESET  0x00040000u /* management firmware needs the PHY as it is */
#define RAH_AV            0x80000000u

#define INT_LSC           0x00000004u
#define INT_RXDMT0        0x00000010u
#define INT_RXO           0x00000040u
#define INT_RXT0          0x00000080u
#define INT_SHARED        (INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0)

#define RCTL_EN           0x00000002u
#define RCTL_UPE          0x00000008u /* every unicast frame */
#define RCTL_MPE          0x00000010u
#define RCTL_BAM          0x00008000u /* broadcast; buffers of 2048 bytes are BSIZE = 0 */
#define RCTL_SECRC        0x04000000u
#define TCTL_EN           0x00000002u
#define TCTL_PSP          0x00000008u
#define TCTL_CT           (0x0fu << 4)
#define TCTL_COLD         (0x40u << 12) /* full duplex, section 10.2.6.1 */
#define TIPG_COPPER       0x00602008u   /* section 10.2.6.2 */

/* Of a receive descriptor in either format: DD, EOP. Of a legacy one also its error byte. */
#define RX_DD  0x01u
#define RX_EOP 0x02u
/* Command byte and status of a transmit descriptor, in either format. */
#define TX_EOP  0x01u
#define TX_IFCS 0x02u
#define TX_RS   0x08u
#define TX_DEXT 0x20u
#define TX_DD   0x01u

struct legacy_rx { /* section 7.1.4; 8254x 3.2.3 */
	uint64_t address;
	uint16_t bytes, checksum;
	uint8_t status, errors;
	uint16_t special;
};
STATIC_ASSERT_SIZE(struct legacy_rx, 16);

struct legacy_tx { /* section 7.2.10.1; 8254x 3.3.3 */
	uint64_t address;
	uint16_t bytes;
	uint8_t checksum_offset, command, status, checksum_start;
	uint16_t special;
};
STATIC_ASSERT_SIZE(struct legacy_tx, 16);

struct advanced_rx { /* 82576 7.1.5: what the device reads, then what it writes in its place */
	union {
		struct {
			uint64_t packet, header;
		};
		struct {
			uint32_t info, rss_hash;
			uint32_t status; /* errors in bits 31:20 */
			uint16_t bytes, vlan;
		};
	};
};
STATIC_ASSERT_SIZE(struct advanced_rx, 16);
STATIC_ASSERT_OFFSET(struct advanced_rx, status, 8);

struct advanced_tx { /* 82576 7.2.2.3 */
	uint64_t address;
	uint32_t command; /* length, type in 23:20, command byte in 31:24 */
	uint32_t status;  /* payload length in 31:14 */
};
STATIC_ASSERT_SIZE(struct advanced_tx, 16);

union intel_descriptor {
	struct legacy_rx legacy_rx;
	struct legacy_tx legacy_tx;
	struct advanced_rx advanced_rx;
	struct advanced_tx advanced_tx;
};
STATIC_ASSERT_SIZE(union intel_descriptor, 16);

#endif
