/* The module's edge: device memory and registers from vmkapi, interrupts and frames to it. */
#include <vmkapi/module.h>
#include "e1000.h"

#define REGISTERS_BYTES 0x20000u /* BAR 0, section 4.1 */

static struct {
	const struct vmkapi *api;
	volatile uint8_t *registers;
	struct e1000_io io;
	struct e1000_rx rx;
	struct e1000_tx tx;
	uint64_t reported_resets;
} nic;

static uint32_t read_register(void *context, uint32_t offset)
{
	return *(volatile uint32_t *)(nic.registers + offset);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(nic.registers + offset) = value;
}

static void receive(const void *frame, size_t bytes)
{
	nic.api->nic_receive(frame, bytes);
}

static void interrupt(void *argument)
{
	uint32_t causes = e1000_interrupt_causes(&nic.io);

	if (causes == ~0u) {
		e1000_interrupts_off(&nic.io);
		return;
	}
	if (causes & INT_LSC)
		nic.api->nic_link(e1000_link_up(&nic.io));
	if (causes & (INT_RXT0 | INT_RXDMT0 | INT_RXO))
		e1000_rx_poll(&nic.io, &nic.rx, receive);
}

static enum vmk_status send(void *context, const void *frame, size_t bytes)
{
	enum vmk_status status = e1000_tx_send(&nic.io, &nic.tx, frame, bytes, nic.api->time_ns());

	if (nic.tx.resets != nic.reported_resets) {
		nic.reported_resets = nic.tx.resets;
		nic.api->log("e1000: transmit ring was stuck and has been started anew");
	}
	return status;
}

static enum vmk_status allocate_ring(const struct vmkapi_pci *pci, size_t ring_bytes, size_t count,
	void **ring, uint64_t *ring_bus, uint8_t **buffers, uint64_t *buffers_bus)
{
	enum vmk_status status = nic.api->dma_alloc(pci, ring_bytes, ring, ring_bus);
	void *memory;

	if (status != VMK_OK)
		return status;
	status = nic.api->dma_alloc(pci, count * E1000_BUFFER_BYTES, &memory, buffers_bus);
	if (status == VMK_OK)
		*buffers = memory;
	return status;
}

static enum vmk_status map_registers(const struct vmkapi_pci *pci)
{
	volatile void *registers;
	enum vmk_status status;

	if (pci->bar[0].bytes < REGISTERS_BYTES)
		return VMK_NOT_PRESENT;
	status = nic.api->map_bar(pci, 0, &registers);
	if (status != VMK_OK)
		return status;
	nic.registers = registers;
	nic.io = (struct e1000_io){read_register, write_register, nic.api->delay_us, NULL};
	return nic.api->pci_enable(pci);
}

/* Interrupts of the device are on only when everything behind them is ready. */
static enum vmk_status bring_up(const struct vmkapi_pci *pci)
{
	static const struct vmkapi_nic_ops ops = {send};
	enum vmk_status status = e1000_reset(&nic.io);
	uint8_t mac[6];

	if (status == VMK_OK)
		status = e1000_read_mac(&nic.io, mac);
	if (status != VMK_OK)
		return status;
	e1000_set_mac(&nic.io, mac);
	e1000_tx_start(&nic.io, &nic.tx);
	e1000_rx_start(&nic.io, &nic.rx);
	status = nic.api->irq_attach(pci, interrupt, NULL);
	if (status == VMK_OK)
		status = nic.api->nic_register(mac, &ops, NULL);
	if (status != VMK_OK)
		return status;
	nic.api->nic_link(e1000_link_up(&nic.io));
	e1000_interrupts_on(&nic.io);
	return VMK_OK;
}

/* On failure the loader takes the device off the bus and then takes back what the module was given.
 */
enum vmk_status vmkmod_start(const struct vmkapi *api, const struct vmkapi_pci *pci)
{
	enum vmk_status status;

	if (api->version != VMKAPI_VERSION || api->size < sizeof(*api))
		return VMK_UNSUPPORTED;
	if (!pci)
		return VMK_NOT_PRESENT;
	nic.api = api;
	status = map_registers(pci);
	if (status == VMK_OK)
		status = allocate_ring(pci, E1000_RX_RING * sizeof(*nic.rx.ring), E1000_RX_RING,
			(void **)&nic.rx.ring, &nic.rx.ring_bus, &nic.rx.buffers,
			&nic.rx.buffers_bus);
	if (status == VMK_OK)
		status = allocate_ring(pci, E1000_TX_RING * sizeof(*nic.tx.ring), E1000_TX_RING,
			(void **)&nic.tx.ring, &nic.tx.ring_bus, &nic.tx.buffers,
			&nic.tx.buffers_bus);
	return status == VMK_OK ? bring_up(pci) : status;
}
