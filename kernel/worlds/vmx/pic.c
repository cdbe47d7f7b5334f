#include "worlds/vmx/pic.h"
#include "worlds/vmx/pci.h"
#include "worlds/vmx/pit.h"

#define ICW1        0x10u
#define ICW1_SINGLE 0x02u
#define ICW1_ICW4   0x01u
#define ICW4_AEOI   0x02u
#define OCW3        0x08u
#define OCW3_MASK   0x40u /* bit 5 is special mask mode */
#define OCW3_POLL   0x04u
#define OCW3_READ   0x02u /* bit 0: what is in service */
#define OCW2_ROTATE 0x80u
#define OCW2_NUMBER 0x40u /* bits 0 to 2 say which */
#define OCW2_END    0x20u
#define POLL_FOUND  0x80u
#define CASCADE     2u
#define SPURIOUS    7u
/* Timer, keyboard, cascade; clock and coprocessor: always edges. */
#define EDGES_MASTER 0x07u
#define EDGES_SLAVE  0x21u
/* As firmware leaves it: ACPI's and PCI's inputs. */
#define LEVELS_SLAVE 0x0eu

void pic_init(struct pic *pic, struct host host)
{
	*pic = (struct pic){.host = host};
	for (unsigned i = 0; i < 2; i++)
		pic->chip[i] = (struct pic_chip){
			.pic = pic, .mask = 0xff, .lowest = 7, .level = i ? LEVELS_SLAVE : 0};
}

/* The most urgent of a set, or -1. */
static int first(const struct pic_chip *c, uint8_t set)
{
	for (unsigned i = 1; i <= 8; i++)
		if (set >> ((c->lowest + i) & 7) & 1)
			return (int)((c->lowest + i) & 7);
	return -1;
}

static unsigned rank(const struct pic_chip *c, int input)
{
	return ((unsigned)input - c->lowest - 1) & 7;
}

/* Which input it asks for, or -1. */
static int wanted(const struct pic_chip *c)
{
	const uint8_t serving = c->special_mask ? c->in_service & (uint8_t)~c->mask : c->in_service;
	const int input = first(c, c->requests & (uint8_t)~c->mask), busy = first(c, serving);

	if (input < 0 || c->init || (busy >= 0 && rank(c, busy) <= rank(c, input)))
		return -1;
	return input;
}

static void set_input(struct pic_chip *c, unsigned input, bool level)
{
	const uint8_t bit = (uint8_t)(1u << input);
	const bool rises = level && !(c->lines & bit);

	c->lines = level ? c->lines | bit : c->lines & (uint8_t)~bit;
	if (rises)
		c->requests |= bit;
	if (!level && (c->level & bit))
		c->requests &= (uint8_t)~bit;
}

/* What each change ends with. */
static void update(struct pic *pic)
{
	uint8_t *requests = &pic->chip[0].requests;
	bool output;

	*requests &= (uint8_t)~(1u << CASCADE);
	if (wanted(&pic->chip[1]) >= 0)
		*requests |= 1u << CASCADE;
	output = wanted(&pic->chip[0]) >= 0;
	if (output == pic->output)
		return;
	pic->output = output;
	pic->host.ops->intr(pic->host.context, output);
}

/* The slots of one input are wired together: it is asserted while one of them is. */
static void set_pci(struct pic *pic, unsigned slot, bool level)
{
	const unsigned input = pic_pci_input(slot);
	bool any = false;

	pic->pci = level ? pic->pci | 1u << slot : pic->pci & ~(1u << slot);
	for (unsigned i = 0; i < PCI_SLOTS; i++)
		any |= pic_pci_input(i) == input && (pic->pci >> i & 1);
	set_input(&pic->chip[input / 8], input % 8, any);
	update(pic);
}

void pic_set(struct pic *pic, unsigned gsi, bool level)
{
	const unsigned input = gsi == PIT_GSI ? 0 : gsi;

	if (gsi >= PCI_FIRST_GSI && gsi < PCI_FIRST_GSI + PCI_SLOTS) {
		set_pci(pic, gsi - PCI_FIRST_GSI, level);
		return;
	}
	if (input >= 16 || (gsi != PIT_GSI && (input == 0 || input == CASCADE)))
		return;
	set_input(&pic->chip[input / 8], input % 8, level);
	update(pic);
}

static void take(struct pic_chip *c, int input)
{
	const uint8_t bit = (uint8_t)(1u << input);

	if (!(c->level & c->lines & bit))
		c->requests &= (uint8_t)~bit;
	if (!c->auto_end)
		c->in_service |= bit;
	else if (c->auto_rotate)
		c->lowest = (uint8_t)input;
}

static uint8_t vector_of(struct pic_chip *c)
{
	const int input = wanted(c);

	if (input >= 0)
		take(c, input);
	return c->vector | (uint8_t)(input < 0 ? SPURIOUS : (unsigned)input);
}

uint8_t pic_acknowledge(struct pic *pic)
{
	const bool cascaded = wanted(&pic->chip[0]) == CASCADE;
	uint8_t vector = vector_of(&pic->chip[0]);

	if (cascaded)
		vector = vector_of(&pic->chip[1]);
	update(pic);
	return vector;
}

/* --- registers */

/* The end of the most urgent one in service, or of that which the command names. */
static void end(struct pic_chip *c, uint8_t command)
{
	const int input = command & OCW2_NUMBER ? command & 7 : first(c, c->in_service);

	if (input < 0)
		return;
	if (command & OCW2_END)
		c->in_service &= (uint8_t)~(1u << input);
	if (command & OCW2_ROTATE)
		c->lowest = (uint8_t)input;
}

static void write_ocw2(struct pic_chip *c, uint8_t value)
{
	if (value & (OCW2_END | OCW2_NUMBER))
		end(c, value);
	else
		c->auto_rotate = value & OCW2_ROTATE;
}

static void write_ocw3(struct pic_chip *c, uint8_t value)
{
	c->poll = value & OCW3_POLL;
	if (value & OCW3_READ)
		c->read_in_service = value & 1;
	if (value & OCW3_MASK)
		c->special_mask = value & 0x20;
}

static void write_command(struct pic_chip *c, uint8_t value)
{
	if (value & ICW1)
		*c = (struct pic_chip){
			.pic = c->pic,
			.lines = c->lines,
			.level = c->level,
			.requests = c->level & c->lines,
			.lowest = 7,
			.init = 1,
			.single = value & ICW1_SINGLE,
			.four_words = value & ICW1_ICW4,
		};
	else if (value & OCW3)
		write_ocw3(c, value);
	else
		write_ocw2(c, value);
}

/* Figure 6: ICW2, ICW3 unless single, ICW4 if asked for; then the mask. */
static void write_data(struct pic_chip *c, uint8_t value)
{
	switch (c->init) {
	case 1:
		c->vector = value & 0xf8;
		c->init = !c->single ? 2 : c->four_words ? 3 : 0;
		break;
	case 2:
		c->init = c->four_words ? 3 : 0;
		break;
	case 3:
		c->auto_end = value & ICW4_AEOI;
		c->init = 0;
		break;
	default:
		c->mask = value;
	}
}

/* Polling takes it as the processor would. */
static uint8_t poll(struct pic_chip *c)
{
	const int input = wanted(c);

	c->poll = false;
	if (input < 0)
		return 0;
	take(c, input);
	update(c->pic);
	return POLL_FOUND | (uint8_t)input;
}

static uint64_t pic_read(void *device, uint64_t offset, unsigned bytes)
{
	struct pic_chip *c = device;
	uint8_t value;

	if (c->poll)
		value = poll(c);
	else if (offset)
		value = c->mask;
	else
		value = c->read_in_service ? c->in_service : c->requests;
	return bus_nobody(bytes) << 8 | value;
}

static void pic_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct pic_chip *c = device;

	if (offset)
		write_data(c, (uint8_t)value);
	else
		write_command(c, (uint8_t)value);
	update(c->pic);
}

static uint64_t trigger_read(void *device, uint64_t offset, unsigned bytes)
{
	const struct pic *pic = device;

	return bus_nobody(bytes) << 8 | pic->chip[offset & 1].level;
}

static void trigger_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct pic *pic = device;
	const uint8_t edges = offset & 1 ? EDGES_SLAVE : EDGES_MASTER;
	struct pic_chip *c = &pic->chip[offset & 1];
	const uint8_t was = c->level;

	c->level = (uint8_t)value & (uint8_t)~edges;
	/* What is level-triggered now asks as its line stands; what was, for its next edge. */
	c->requests = (c->requests & (uint8_t)~(c->level | was)) | (c->lines & c->level);
	update(pic);
}

const struct bus_ops pic_bus = {pic_read, pic_write};
const struct bus_ops pic_trigger_bus = {trigger_read, trigger_write};

void host_irq(const struct host *host, unsigned gsi, bool level)
{
	host->ops->irq(host->context, gsi, level);
	if (host->pic)
		pic_set(host->pic, gsi, level);
}
