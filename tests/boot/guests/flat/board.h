/* What flat guests in C know of the board: ports, device memory, gates, and how they speak. */
#ifndef GUESTS_FLAT_BOARD_H
#define GUESTS_FLAT_BOARD_H

#include <stdint.h>

/* By the guest's assembly. */
void put_text(const char *text);

static inline void judge(int good, const char *what)
{
	put_text(good ? "held: " : "something is wrong: ");
	put_text(what);
	put_text("\n");
}

static inline uint8_t in8(uint32_t port)
{
	uint8_t value;

	__asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t in32(uint32_t port)
{
	uint32_t value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out8(uint32_t port, uint32_t value)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port));
}

static inline void out32(uint32_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

/* Where there may be a device, its emulation knows MOV, but not every instruction. */
static inline uint32_t get(uint32_t address)
{
	uint32_t value;

	__asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void put(uint32_t address, uint32_t value)
{
	__asm__ volatile("movl %0, (%1)" : : "r"(value), "r"(address) : "memory");
}

static inline void put16(uint32_t address, uint32_t value)
{
	__asm__ volatile("movw %w0, (%1)" : : "r"(value), "r"(address) : "memory");
}

static inline void put8(uint32_t address, uint32_t value)
{
	__asm__ volatile("movb %b0, (%1)" : : "q"(value), "r"(address) : "memory");
}

struct gate {
	uint16_t low, selector, type, high;
};

static inline void set_gate(struct gate *gate, const void *handler)
{
	const uint32_t address = (uint32_t)(uintptr_t)handler;

	gate->low = (uint16_t)address;
	gate->selector = 8;
	gate->type = 0x8e00;
	gate->high = (uint16_t)(address >> 16);
}

static inline void load_gates(const struct gate *gates, unsigned count)
{
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) pointer = {
		(uint16_t)(count * sizeof(*gates) - 1), (uint32_t)(uintptr_t)gates};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

#define PIC_MASTER 0x20u
#define PIC_SLAVE  0xa0u

/* Vectors from `vector` on, and only those that the masks leave. */
static inline void set_8259s(uint32_t vector, uint32_t master_mask, uint32_t slave_mask)
{
	for (uint32_t port = PIC_MASTER; port <= PIC_SLAVE; port += PIC_SLAVE - PIC_MASTER) {
		out8(port, 0x11);
		out8(port + 1, port == PIC_MASTER ? vector : vector + 8);
		out8(port + 1, port == PIC_MASTER ? 4 : 2);
		out8(port + 1, 1);
		out8(port + 1, port == PIC_MASTER ? master_mask : slave_mask);
	}
}

#endif
