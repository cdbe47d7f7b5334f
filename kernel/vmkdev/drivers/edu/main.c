/* Takes what a driver can have of its device, and uses it once (README.md). */
#include <string.h>
#include <vmkapi/module.h>

#define REG_ID          0x00u
#define REG_IRQ         0x24u /* causes */
#define REG_IRQ_RAISE   0x60u
#define REG_IRQ_ACK     0x64u
#define REG_DMA_FROM    0x80u
#define REG_DMA_TO      0x88u
#define REG_DMA_COUNT   0x90u
#define REG_DMA_CMD     0x98u
#define REGISTERS_BYTES 0x100u

#define ID_MASK         0xffffu
#define ID              0x00edu
#define DMA_START       1u
#define DMA_TO_MEMORY   2u
#define BUFFER          0x40000u /* inside the device */

#define BYTES           2048u
#define HALF            (BYTES / 2)
#define TURNS           20000u /* of a wait for the device */
#define TURN_US         100u

static struct {
	const struct vmkapi *api;
	volatile uint8_t *registers;
	uint8_t *memory;
	uint64_t bus;
	unsigned interrupts;
} edu;

static uint32_t get(uint32_t offset)
{
	return *(volatile uint32_t *)(edu.registers + offset);
}

static void set(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(edu.registers + offset) = value;
}

static void set64(uint32_t offset, uint64_t value)
{
	*(volatile uint64_t *)(edu.registers + offset) = value;
}

static void interrupt(void *argument)
{
	const uint32_t causes = get(REG_IRQ);

	if (!causes)
		return;
	set(REG_IRQ_ACK, causes);
	__atomic_fetch_add(&edu.interrupts, 1, __ATOMIC_RELEASE);
}

static enum vmk_status transfer(uint64_t from, uint64_t to, uint32_t command)
{
	set64(REG_DMA_FROM, from);
	set64(REG_DMA_TO, to);
	set64(REG_DMA_COUNT, HALF);
	set64(REG_DMA_CMD, command | DMA_START);
	for (unsigned i = 0; i < TURNS; i++) {
		if (!(get(REG_DMA_CMD) & DMA_START))
			return VMK_OK;
		edu.api->delay_us(TURN_US);
	}
	return VMK_TIMEOUT;
}

/* Into the device, and out of it into the other half of the memory. */
static enum vmk_status try_dma(struct vmkmod *self)
{
	void *memory;
	enum vmk_status status = edu.api->dma_alloc(self, BYTES, &memory, &edu.bus);

	if (status != VMK_OK)
		return status;
	edu.memory = memory;
	for (unsigned i = 0; i < HALF; i++)
		edu.memory[i] = (uint8_t)(i * 7);
	if (!edu.api->parameter(self, "dma"))
		return VMK_OK;
	status = transfer(edu.bus, BUFFER, 0);
	if (status == VMK_OK)
		status = transfer(BUFFER, edu.bus + HALF, DMA_TO_MEMORY);
	if (status == VMK_OK && memcmp(edu.memory, edu.memory + HALF, HALF))
		status = VMK_IO_ERROR;
	return status;
}

static enum vmk_status try_interrupts(struct vmkmod *self)
{
	const unsigned wanted = edu.api->parameter(self, "interrupts");
	enum vmk_status status = edu.api->irq_attach(self, interrupt, NULL);

	for (unsigned i = 0; status == VMK_OK && i < wanted; i++) {
		unsigned turns = 0;

		set(REG_IRQ_RAISE, 1u << (i % 32));
		while (__atomic_load_n(&edu.interrupts, __ATOMIC_ACQUIRE) == i && turns++ < TURNS)
			edu.api->delay_us(TURN_US);
		if (turns >= TURNS)
			status = VMK_TIMEOUT;
	}
	return status;
}

static void stop(struct vmkmod *self)
{
	set(REG_IRQ_ACK, get(REG_IRQ));
	edu.api->log("edu: stops after %u interrupts", edu.interrupts);
}

enum vmk_status vmkmod_start(struct vmkmod *self)
{
	volatile void *registers;
	enum vmk_status status;

	edu.api = self->api;
	self->stop = stop;
	if (!self->pci || self->pci->bar[0].bytes < REGISTERS_BYTES)
		return VMK_UNSUPPORTED;
	status = edu.api->map_bar(self, 0, &registers);
	if (status != VMK_OK)
		return status;
	edu.registers = registers;
	if ((get(REG_ID) & ID_MASK) != ID)
		return VMK_NOT_PRESENT;
	if (!edu.api->alloc(self, 100) || !edu.api->alloc(self, 3 * 4096))
		return VMK_NO_MEMORY;
	status = edu.api->pci_enable(self);
	if (status == VMK_OK)
		status = try_interrupts(self);
	return status == VMK_OK ? try_dma(self) : status;
}
