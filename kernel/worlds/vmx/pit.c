#include "worlds/vmx/pit.h"
#include <string.h>

#define SECOND        1000000000ull
#define GATE          0x01u
#define SPEAKER       0x02u
#define REFRESH       0x10u
#define OUTPUT        0x20u
#define REFRESH_NS    15085u /* half of the toggle's period: the PC's refresh requests */
#define STATUS_OUTPUT 0x80u
#define STATUS_NULL   0x40u /* the count is not loaded yet */

/* Both directions stay exact over years: whole seconds apart from the rest. */
static uint64_t ticks_of(uint64_t ns)
{
	return ns / SECOND * PIT_HZ + ns % SECOND * PIT_HZ / SECOND;
}
static uint64_t ns_of(uint64_t ticks)
{
	return ticks / PIT_HZ * SECOND + (ticks % PIT_HZ * SECOND + PIT_HZ - 1) / PIT_HZ;
}

void pit_init(struct pit *pit, struct host host)
{
	*pit = (struct pit){.host = host, .deadline = HOST_NEVER};
	for (unsigned i = 0; i < 3; i++)
		pit->channel[i] = (struct pit_channel){.access = 3, .reload = 65536};
	pit->channel[0].gate = pit->channel[1].gate = true;
}

static uint64_t now(const struct pit *pit)
{
	return pit->host.ops->now(pit->host.context);
}

static bool is_periodic(const struct pit_channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

static uint64_t elapsed(const struct pit_channel *c, uint64_t at)
{
	return c->loaded && c->gate && at > c->start ? ticks_of(at - c->start) : 0;
}

static uint16_t count(const struct pit_channel *c, uint64_t at)
{
	uint64_t ticks = elapsed(c, at);

	if (c->mode == 3) /* counts down by two, twice in each period */
		return (uint16_t)(c->reload - ticks * 2 % c->reload);
	if (c->mode == 2)
		return (uint16_t)(c->reload - ticks % c->reload);
	return (uint16_t)(c->reload - ticks);
}

static bool output(const struct pit_channel *c, uint64_t at)
{
	uint64_t ticks = elapsed(c, at);

	switch (c->mode) {
	case 0:
		return c->loaded && ticks >= c->reload;
	case 2:
		return ticks % c->reload != c->reload - 1;
	case 3:
		return ticks % c->reload < (c->reload + 1) / 2;
	default:
		return !c->loaded || ticks != c->reload;
	}
}

static void rearm(struct pit *pit)
{
	const struct pit_channel *c = &pit->channel[0];

	pit->deadline = c->loaded ? c->start + ns_of(c->reload) : HOST_NEVER;
}

void pit_tick(struct pit *pit, uint64_t at)
{
	struct pit_channel *c = &pit->channel[0];

	if (at < pit->deadline)
		return;
	host_irq(&pit->host, PIT_GSI, true);
	host_irq(&pit->host, PIT_GSI, false);
	pit->deadline = HOST_NEVER;
	if (is_periodic(c))
		pit->deadline =
			c->start + ns_of((ticks_of(at - c->start) / c->reload + 1) * c->reload);
}

static void load(struct pit *pit, struct pit_channel *c, uint16_t value)
{
	c->reload = value ? value : 65536;
	/* Shorter periods than this are no timer but an attack on whoever has to raise them. */
	if (c == &pit->channel[0] && is_periodic(c) && c->reload < PIT_HZ / 20000)
		c->reload = PIT_HZ / 20000;
	c->loaded = true;
	c->start = now(pit);
	if (c == &pit->channel[0])
		rearm(pit);
}

static void write_count(struct pit *pit, struct pit_channel *c, uint8_t value)
{
	if (c->access == 1) {
		load(pit, c, value);
	} else if (c->access == 2) {
		load(pit, c, (uint16_t)(value << 8));
	} else if (!c->high_next_write) {
		c->low_written = value;
		c->high_next_write = true;
	} else {
		c->high_next_write = false;
		load(pit, c, (uint16_t)(c->low_written | value << 8));
	}
}

static void latch_status(struct pit_channel *c, uint64_t at)
{
	if (c->status_latched)
		return;
	c->status = (uint8_t)(c->access << 4 | c->mode << 1 | (output(c, at) ? STATUS_OUTPUT : 0) |
			      (c->loaded ? 0 : STATUS_NULL));
	c->status_latched = true;
}

static void latch_count(struct pit_channel *c, uint64_t at)
{
	if (!c->latched)
		c->latch = count(c, at);
	c->latched = true;
}

/* 82C54 datasheet, figure 7 (control word) and read-back command. */
static void write_control(struct pit *pit, uint8_t value)
{
	const unsigned selected = value >> 6;
	struct pit_channel *c;

	if (selected == 3) {
		for (unsigned i = 0; i < 3; i++) {
			if (!(value >> (i + 1) & 1))
				continue;
			if (!(value & 0x20))
				latch_count(&pit->channel[i], now(pit));
			if (!(value & 0x10))
				latch_status(&pit->channel[i], now(pit));
		}
		return;
	}
	c = &pit->channel[selected];
	if (!(value & 0x30)) {
		latch_count(c, now(pit));
		return;
	}
	*c = (struct pit_channel){
		.access = value >> 4 & 3, .mode = value >> 1 & 7, .gate = c->gate, .reload = 65536};
	if (c->mode > 5)
		c->mode -= 4;
	if (selected == 0)
		rearm(pit);
}

static uint8_t read_count(const struct pit *pit, struct pit_channel *c)
{
	uint16_t value = c->latched ? c->latch : count(c, now(pit));
	bool high = c->access == 2 || (c->access == 3 && c->high_next_read);

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (c->access == 3)
		c->high_next_read = !c->high_next_read;
	if (c->access != 3 || !c->high_next_read)
		c->latched = false;
	return (uint8_t)(high ? value >> 8 : value);
}

static uint64_t pit_read(void *device, uint64_t offset, unsigned bytes)
{
	struct pit *pit = device;

	return bus_nobody(bytes) << 8 |
	       (offset < 3 ? read_count(pit, &pit->channel[offset]) : 0xff);
}

static void pit_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct pit *pit = device;

	if (offset < 3)
		write_count(pit, &pit->channel[offset], (uint8_t)value);
	else
		write_control(pit, (uint8_t)value);
}

static uint64_t port_b_read(void *device, uint64_t offset, unsigned bytes)
{
	struct pit *pit = device;
	const struct pit_channel *c = &pit->channel[2];

	return (c->gate ? GATE : 0) | (pit->speaker ? SPEAKER : 0) |
	       (output(c, now(pit)) ? OUTPUT : 0) | (now(pit) / REFRESH_NS & 1 ? REFRESH : 0);
}

static void port_b_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct pit *pit = device;
	struct pit_channel *c = &pit->channel[2];

	if ((value & GATE) && !c->gate)
		c->start = now(pit);
	c->gate = value & GATE;
	pit->speaker = value & SPEAKER;
}

const struct bus_ops pit_bus = {pit_read, pit_write};
const struct bus_ops port_b_bus = {port_b_read, port_b_write};
