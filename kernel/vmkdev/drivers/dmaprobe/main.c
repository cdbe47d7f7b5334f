/* Transfers outside of the driver's memory, one after the other (README.md). */
#include <vmkapi/module.h>
#include "../intel/regs.h"

#define REGISTERS_BYTES 0x20000u /* BAR 0: 8254x 4.1 */
#define RING            8u       /* descriptors: the least that a ring may have */
#define INSISTS         8u
#define FRAME_BYTES     1024u
#define WAIT_TURNS      200u
#define WAIT_US         100u
#define RECEIVER_US     1200000u /* QEMU lets a receiver rest for a second after it is enabled */

#define MDIC            0x0020u /* 8254x 13.4.9 */
#define MDIC_WRITE      0x04000000u
#define MDIC_PHY_1      0x00200000u
#define PHY_LOOPBACK    0x4140u /* 8254x 13.8.1: loopback, 1000 Mb/s, full duplex */
#define RCTL_UNICAST    0x00000008u

/* Memory that is nobody's DMA memory: the BIOS, which is not empty. */
#define FIRMWARE 0x000f0000u

static struct {
	const struct vmkapi *api;
	volatile uint8_t *registers;
	volatile struct legacy_tx *tx;
	volatile struct legacy_rx *rx;
	uint64_t frame; /* bus address of a frame that is the driver's own */
	unsigned next;
} probe;

static void set(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(probe.registers + offset) = value;
}

static void ring(uint32_t low, uint64_t bus)
{
	set(low, (uint32_t)bus);
	set(low + 4, (uint32_t)(bus >> 32));
	set(low + 8, RING * sizeof(*probe.tx));
	set(low + 16, 0);
	set(low + 24, 0);
}

/* Sends one frame from `bus`; in loopback it is received at `to`. */
static void transfer(const char *what, uint64_t bus, uint64_t to)
{
	unsigned i = probe.next++ % RING;
	unsigned turns = 0;

	for (unsigned j = 0; j < RING; j++)
		probe.rx[j] = (struct legacy_rx){.address = to};
	set(REG_RDT, (i + 1) % RING);
	probe.tx[i] = (struct legacy_tx){
		.address = bus, .bytes = FRAME_BYTES, .command = TX_EOP | TX_IFCS | TX_RS};
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	set(REG_TDT, (i + 1) % RING);
	while (!(probe.tx[i].status & TX_DD) && turns++ < WAIT_TURNS)
		probe.api->delay_us(WAIT_US);
	probe.api->log(
		"%s: the device says %s", what, probe.tx[i].status & TX_DD ? "done" : "nothing");
}

static enum vmk_status allocate(struct vmkmod *self)
{
	uint64_t tx_bus = 0, rx_bus = 0;
	void *tx, *rx, *frame;
	enum vmk_status status;

	status = probe.api->dma_alloc(self, RING * sizeof(*probe.tx), &tx, &tx_bus);
	if (status == VMK_OK)
		status = probe.api->dma_alloc(self, RING * sizeof(*probe.rx), &rx, &rx_bus);
	if (status == VMK_OK)
		status = probe.api->dma_alloc(self, 2 * FRAME_BYTES, &frame, &probe.frame);
	if (status != VMK_OK)
		return status;
	probe.tx = tx;
	probe.rx = rx;
	for (unsigned i = 0; i < 6; i++) /* to all */
		((uint8_t *)frame)[i] = 0xff;
	ring(REG_TDBAL, tx_bus);
	ring(REG_RDBAL, rx_bus);
	return VMK_OK;
}

enum vmk_status vmkmod_start(struct vmkmod *self)
{
	const struct vmkapi *api = self->api;
	volatile void *registers;
	enum vmk_status status;

	if (api->version != VMKAPI_VERSION || api->size < sizeof(*api))
		return VMK_UNSUPPORTED;
	if (!self->pci)
		return VMK_NOT_PRESENT;
	probe.api = api;
	if (!self->pci || self->pci->bar[0].bytes < REGISTERS_BYTES)
		return VMK_UNSUPPORTED;
	status = api->map_bar(self, 0, &registers);
	if (status != VMK_OK)
		return status;
	probe.registers = registers;
	set(REG_CTRL, CTRL_RST);
	api->delay_us(10000);
	set(REG_CTRL, CTRL_SLU);
	status = allocate(self);
	if (status == VMK_OK)
		status = api->pci_enable(self);
	if (status != VMK_OK)
		return status;
	set(REG_TCTL, TCTL_EN | TCTL_PSP);
	transfer("sending the driver's own memory", probe.frame, 0);
	transfer("sending memory that is not the driver's", FIRMWARE, 0);
	set(MDIC, MDIC_WRITE | MDIC_PHY_1 | PHY_LOOPBACK);
	set(REG_RCTL, RCTL_EN | RCTL_BAM | RCTL_MPE | RCTL_UNICAST);
	api->delay_us(RECEIVER_US);
	transfer("writing memory that is not the driver's", probe.frame, FIRMWARE);
	for (unsigned i = 0; i < INSISTS; i++)
		transfer("insisting", FIRMWARE, FIRMWARE);
	return VMK_OK;
}
