/* Registers and legacy descriptors of the 82540EM: PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual (317453), chapters 3 and 13. */
#ifndef E1000_REGS_H
#define E1000_REGS_H

#include <stdint.h>
#include "lib/types.h"

/* Offsets, bytes (table 13-2). */
#define E1000_CTRL      0x0000u
#define E1000_EERD      0x0014u
#define E1000_STATUS    0x0008u
#define E1000_ICR       0x00c0u /* reading clears it */
#define E1000_IMS       0x00d0u
#define E1000_IMC       0x00d8u
#define E1000_RCTL      0x0100u
#define E1000_TCTL      0x0400u
#define E1000_TIPG      0x0410u
#define E1000_RDBAL     0x2800u
#define E1000_RDBAH     0x2804u
#define E1000_RDLEN     0x2808u
#define E1000_RDH       0x2810u
#define E1000_RDT       0x2818u
#define E1000_RDTR      0x2820u
#define E1000_TDBAL     0x3800u
#define E1000_TDBAH     0x3804u
#define E1000_TDLEN     0x3808u
#define E1000_TDH       0x3810u
#define E1000_TDT       0x3818u
#define E1000_MTA       0x5200u /* 128 double words */
#define E1000_RAL       0x5400u
#define E1000_RAH       0x5404u

#define CTRL_ASDE       0x00000020u
#define CTRL_SLU        0x00000040u
#define CTRL_ILOS       0x00000080u
#define CTRL_LRST       0x00000008u
#define CTRL_RST        0x04000000u
#define CTRL_PHY_RST    0x80000000u
#define STATUS_LU       0x00000002u
#define EERD_START      0x00000001u
#define EERD_DONE       0x00000010u
#define RAH_AV          0x80000000u

#define INT_LSC         0x00000004u
#define INT_RXDMT0      0x00000010u
#define INT_RXO         0x00000040u
#define INT_RXT0        0x00000080u
#define INT_WANTED      (INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0)

#define RCTL_EN         0x00000002u
#define RCTL_BAM        0x00008000u /* broadcast; buffers of 2048 bytes are BSIZE = 0 */
#define RCTL_MPE        0x00000010u
#define RCTL_SECRC      0x04000000u
#define TCTL_EN         0x00000002u
#define TCTL_PSP        0x00000008u
#define TCTL_CT         (0x0fu << 4)
#define TCTL_COLD       (0x40u << 12) /* full duplex, section 13.4.33 */
#define TIPG_COPPER     0x00602008u   /* section 13.4.34 */

#define RX_STATUS_DD    0x01u
#define RX_STATUS_EOP   0x02u
#define RX_ERRORS       0xffu /* any is a reason to drop the frame */
#define TX_COMMAND_EOP  0x01u
#define TX_COMMAND_IFCS 0x02u
#define TX_COMMAND_RS   0x08u
#define TX_STATUS_DD    0x01u

struct e1000_rx_descriptor { /* section 3.2.3 */
	uint64_t address;
	uint16_t bytes, checksum;
	uint8_t status, errors;
	uint16_t special;
};
STATIC_ASSERT_SIZE(struct e1000_rx_descriptor, 16);

struct e1000_tx_descriptor { /* section 3.3.3 */
	uint64_t address;
	uint16_t bytes;
	uint8_t checksum_offset, command, status, checksum_start;
	uint16_t special;
};
STATIC_ASSERT_SIZE(struct e1000_tx_descriptor, 16);

#endif
