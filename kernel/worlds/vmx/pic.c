#include "worlds/vmx/pic.h"

#define ICW1        0x10u
#define ICW1_SINGLE 0x02u
#define ICW1_ICW4   0x01u
#define OCW3        0x08u

void pic_init(struct pic *pic)
{
	*pic = (struct pic){.mask = 0xff};
}

static uint64_t pic_read(void *device, uint64_t offset, unsigned bytes)
{
	const struct pic *pic = device;

	/* No request is ever pending, none in service. */
	return bus_nobody(bytes) << 8 | (offset ? pic->mask : 0);
}

static void write_command(struct pic *pic, uint8_t value)
{
	if (value & ICW1)
		*pic = (struct pic){
			.init = 1,
			.single = value & ICW1_SINGLE,
			.four_words = value & ICW1_ICW4,
		};
	else if (value & OCW3)
		pic->read_isr = value & 1;
}

/* 8259A datasheet, figure 6: ICW2, ICW3 unless single, ICW4 if asked for; then the mask. */
static void write_data(struct pic *pic, uint8_t value)
{
	switch (pic->init) {
	case 1:
		pic->vector = value & 0xf8;
		pic->init = !pic->single ? 2 : pic->four_words ? 3 : 0;
		break;
	case 2:
		pic->init = pic->four_words ? 3 : 0;
		break;
	case 3:
		pic->init = 0;
		break;
	default:
		pic->mask = value;
	}
}

static void pic_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	if (offset)
		write_data(device, (uint8_t)value);
	else
		write_command(device, (uint8_t)value);
}

static uint64_t trigger_read(void *device, uint64_t offset, unsigned bytes)
{
	const struct pic_trigger *trigger = device;

	return bus_nobody(bytes) << 8 | trigger->level[offset & 1];
}

static void trigger_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct pic_trigger *trigger = device;

	trigger->level[offset & 1] = (uint8_t)value;
}

const struct bus_ops pic_bus = {pic_read, pic_write};
const struct bus_ops pic_trigger_bus = {trigger_read, trigger_write};
