/* sources: kernel/vtx/vioapic.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges */
/*
 * Lines, registers and EOIs in any order, beside a naive I/O APIC: one message for each rising edge
 * of an unmasked edge input, and for each time that an asserted level input is free to ask.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "vtx/vioapic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WRITABLE 0x1afffu /* of an entry's lower half: 82093AA, 3.2.4 */
#define REMOTE   (1u << 14)
#define LEVEL    (1u << 15)
#define MASKED   (1u << 16)
#define STEP     6u
#define STEPS    256u

struct naive {
	uint32_t low, destination;
	bool asserted;
};

static struct naive pins[IOAPIC_INPUTS];
static uint32_t expected[IOAPIC_INPUTS]; /* messages that have to come in this step */
static uint32_t outstanding;             /* all of them */
static struct vioapic io;

static void require(bool good)
{
	if (!good)
		abort();
}

static void send(void *context, const struct apic_message *m)
{
	for (unsigned i = 0; i < IOAPIC_INPUTS; i++) {
		if (!expected[i] || m->vector != (pins[i].low & 0xff) ||
			m->destination != pins[i].destination >> 24 ||
			m->delivery != (pins[i].low >> 8 & 7) ||
			m->logical != (pins[i].low >> 11 & 1) ||
			m->level_triggered != !!(pins[i].low & LEVEL) || !m->assert)
			continue;
		expected[i]--;
		outstanding--;
		return;
	}
	abort(); /* nobody asked for it */
}

static void expect(const struct naive *pin)
{
	expected[pin - pins]++;
	outstanding++;
}

/* A level input that may ask does; it waits then for the EOI. */
static void expect_level(struct naive *pin)
{
	if (!pin->asserted || !(pin->low & LEVEL) || (pin->low & (MASKED | REMOTE)))
		return;
	pin->low |= REMOTE;
	expect(pin);
}

static void set_line(unsigned n, bool up)
{
	struct naive *pin = n < IOAPIC_INPUTS ? &pins[n] : NULL;

	if (pin && up && !pin->asserted && !(pin->low & (LEVEL | MASKED)))
		expect(pin);
	if (pin) {
		pin->asserted = up;
		expect_level(pin);
	}
	vioapic_set(&io, n, up);
}

static void write_entry(unsigned n, bool upper, uint32_t value)
{
	struct naive *pin = &pins[n];

	if (upper)
		pin->destination = value & 0xff000000u;
	else
		pin->low = (value & WRITABLE) | (pin->low & REMOTE);
	if (!(pin->low & LEVEL))
		pin->low &= ~REMOTE;
	expect_level(pin);
	vioapic_write(&io, 0, 0x10 + 2 * n + upper);
	vioapic_write(&io, 0x10, value);
}

static void end(uint8_t vector)
{
	for (unsigned i = 0; i < IOAPIC_INPUTS; i++) {
		if ((pins[i].low & 0xff) != vector || !(pins[i].low & REMOTE))
			continue;
		pins[i].low &= ~REMOTE;
		expect_level(&pins[i]);
	}
	vioapic_eoi(&io, vector);
}

static void compare(unsigned n)
{
	vioapic_write(&io, 0, 0x10 + 2 * n);
	require(vioapic_read(&io, 0x10) == pins[n].low);
	vioapic_write(&io, 0, 0x11 + 2 * n);
	require(vioapic_read(&io, 0x10) == pins[n].destination);
}

static void compare_all(void)
{
	for (unsigned n = 0; n < IOAPIC_INPUTS; n++)
		compare(n);
}

/* The input that it was about, and another one each time; where one goes wrong that it was not
 * about, the end shows it at the latest. */
static void step(const uint8_t *op, unsigned number)
{
	uint32_t value;

	memcpy(&value, op + 2, sizeof(value));
	switch (op[0] & 7) {
	case 0:
	case 1:
		set_line(op[1] % (IOAPIC_INPUTS + 1), op[0] & 8);
		break;
	case 2:
	case 3:
		write_entry(op[1] % IOAPIC_INPUTS, op[0] & 8, value);
		break;
	case 4:
		end(op[1]);
		break;
	case 5: /* any register but the table's, whatever it is */
		vioapic_write(&io, 0, op[1] & 0xf);
		vioapic_write(&io, 0x10, value);
		vioapic_read(&io, 0x10);
		break;
	default:
		vioapic_write(&io, 0, op[1]);
		vioapic_read(&io, value);
	}
	require(!outstanding);
	compare(op[1] % IOAPIC_INPUTS);
	compare(number % IOAPIC_INPUTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(expected, 0, sizeof(expected));
	outstanding = 0;
	for (unsigned i = 0; i < IOAPIC_INPUTS; i++)
		pins[i] = (struct naive){.low = MASKED};
	vioapic_init(&io, send, NULL);
	for (size_t at = 0; at + STEP <= size && at < STEP * STEPS; at += STEP) {
		step(data + at, (unsigned)(at / STEP));
		figures_operations(1);
	}
	compare_all();
	return 0;
}
