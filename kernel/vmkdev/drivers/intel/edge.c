/* The modules' edge: device memory and registers from vmkapi, interrupts and frames to it. */
#include "edge.h"

#define REGISTERS_BYTES 0x20000u /* BAR 0: 8254x 4.1; section 10.1.1.5 */
#define NS_PER_S        1000000000ull

static struct {
	struct vmkmod *self;
	const struct vmkapi *api;
	const struct intel_model *model;
	volatile uint8_t *registers;
	struct intel_io io;
	struct intel_rx rx;
	struct intel_tx tx;
	bool msix;
	uint64_t reported_resets;
	struct intel_errors errors;
	uint64_t errors_at_ns, errors_period_ns;
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
	nic.api->nic_receive(nic.self, frame, bytes);
}

static void log_errors(void)
{
	for (unsigned i = 0; i < INTEL_ERROR_COUNT; i++)
		if (nic.errors.count[i])
			nic.api->log("%s: %s errors: %llu", nic.model->name, intel_error_names[i],
				(unsigned long long)nic.errors.count[i]);
	if (nic.rx.dropped)
		nic.api->log("%s: frames dropped: %llu", nic.model->name,
			(unsigned long long)nic.rx.dropped);
}

/* Seldom, so that a bad cable does not fill the log. */
static void watch_errors(void)
{
	uint64_t now = nic.api->time_ns();

	if (now - nic.errors_at_ns < nic.errors_period_ns)
		return;
	nic.errors_at_ns = now;
	if (intel_count_errors(&nic.io, &nic.errors))
		log_errors();
}

static void interrupt(void *argument)
{
	uint32_t causes = intel_interrupt_causes(&nic.io);

	if (causes == ~0u) { /* it is gone */
		intel_interrupts_off(&nic.io, nic.model);
		return;
	}
	/* Not ours, on a shared line. With MSI-X a device may have cleared the cause already. */
	if (!causes && !nic.msix)
		return;
	if (causes & INT_LSC)
		nic.api->nic_link(nic.self, intel_link_up(&nic.io));
	intel_rx_poll(&nic.io, nic.model, &nic.rx, receive);
	watch_errors();
}

static void report_resets(void)
{
	if (nic.tx.resets == nic.reported_resets)
		return;
	nic.reported_resets = nic.tx.resets;
	nic.api->log("%s: transmit ring was stuck and has been started anew", nic.model->name);
}

static enum vmk_status send(void *context, const void *frame, size_t bytes)
{
	enum vmk_status status =
		intel_tx_send(&nic.io, nic.model, &nic.tx, frame, bytes, nic.api->time_ns());

	report_resets();
	return status;
}

static unsigned room(void *context, unsigned *most)
{
	unsigned frames = intel_tx_room(&nic.io, nic.model, &nic.tx, nic.api->time_ns());

	report_resets();
	*most = INTEL_TX_FRAMES;
	return frames;
}

static enum vmk_status allocate_ring(size_t count, struct intel_ring *ring)
{
	void *memory;
	enum vmk_status status = nic.api->dma_alloc(
		nic.self, count * sizeof(union intel_descriptor), &memory, &ring->bus);

	if (status != VMK_OK)
		return status;
	ring->descriptors = memory;
	status = nic.api->dma_alloc(
		nic.self, count * INTEL_BUFFER_BYTES, &memory, &ring->buffers_bus);
	if (status == VMK_OK)
		ring->buffers = memory;
	return status;
}

static enum vmk_status map_registers(void)
{
	volatile void *registers;
	enum vmk_status status;

	if (nic.self->pci->bar[0].bytes < REGISTERS_BYTES) {
		nic.api->log("%s: BAR 0 has %llu bytes of registers for a driver, not %u",
			nic.model->name, (unsigned long long)nic.self->pci->bar[0].bytes,
			REGISTERS_BYTES);
		return VMK_UNSUPPORTED;
	}
	status = nic.api->map_bar(nic.self, 0, &registers);
	if (status != VMK_OK)
		return status;
	nic.registers = registers;
	nic.io = (struct intel_io){read_register, write_register, nic.api->delay_us, NULL};
	return nic.api->pci_enable(nic.self);
}

static enum vmk_status attach_interrupt(void)
{
	static const struct vmkapi_irq vector = {interrupt, NULL};
	enum vmkapi_irq_mode mode;
	unsigned granted;
	enum vmk_status status;

	if (!nic.model->msix_on)
		return nic.api->irq_attach(nic.self, interrupt, NULL);
	status = nic.api->irq_attach_vectors(nic.self, 1, &vector, &granted, &mode);
	nic.msix = status == VMK_OK && mode == VMKAPI_IRQ_MSIX;
	return status;
}

static enum vmk_status start_rings(const uint8_t mac[6])
{
	enum vmk_status status;

	intel_set_mac(&nic.io, mac);
	status = intel_tx_start(&nic.io, nic.model, &nic.tx);
	return status == VMK_OK ? intel_rx_start(&nic.io, nic.model, &nic.rx) : status;
}

/* Interrupts of the device are on only when everything behind them is ready. */
static enum vmk_status bring_up(void)
{
	static const struct vmkapi_nic_ops ops = {send, room};
	enum vmk_status status = intel_reset(&nic.io, nic.model);
	uint8_t mac[6];

	if (status == VMK_OK)
		status = nic.model->read_mac(&nic.io, mac);
	if (status == VMK_OK)
		status = start_rings(mac);
	if (status == VMK_OK)
		status = attach_interrupt();
	if (status == VMK_OK)
		status = nic.api->nic_register(nic.self, mac, &ops, NULL);
	if (status != VMK_OK)
		return status;
	nic.errors_at_ns = nic.api->time_ns();
	nic.api->nic_link(nic.self, intel_link_up(&nic.io));
	intel_interrupts_on(&nic.io, nic.model, nic.msix);
	return VMK_OK;
}

static void stop(struct vmkmod *self)
{
	intel_quiet(&nic.io, nic.model);
}

enum vmk_status intel_start(struct vmkmod *self, const struct intel_model *model)
{
	enum vmk_status status;

	if (self->api->version != VMKAPI_VERSION || self->api->size < sizeof(*self->api))
		return VMK_UNSUPPORTED;
	if (!self->pci)
		return VMK_NOT_PRESENT;
	nic.self = self;
	nic.api = self->api;
	nic.model = model;
	nic.errors_period_ns = nic.api->parameter(self, "error-log-seconds") * NS_PER_S;
	status = map_registers();
	if (status == VMK_OK)
		status = allocate_ring(INTEL_RX_RING, &nic.rx.ring);
	if (status == VMK_OK)
		status = allocate_ring(INTEL_TX_RING, &nic.tx.ring);
	if (status == VMK_OK)
		status = bring_up();
	self->stop = stop;
	return status;
}
