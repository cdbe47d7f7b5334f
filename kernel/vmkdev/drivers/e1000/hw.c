/* Reset, station address, link and interrupt causes. */
#include "e1000.h"

#define RESET_US     1000u /* section 14.4: at least 1 us; the EEPROM is read again meanwhile */
#define EEPROM_TRIES 1000u
#define EEPROM_US    10u
#define MTA_WORDS    128u

static uint32_t get(const struct e1000_io *io, uint32_t offset)
{
	return io->read(io->context, offset);
}

static void set(const struct e1000_io *io, uint32_t offset, uint32_t value)
{
	io->write(io->context, offset, value);
}

enum vmk_status e1000_reset(const struct e1000_io *io)
{
	e1000_interrupts_off(io);
	set(io, E1000_RCTL, 0);
	set(io, E1000_TCTL, 0);
	set(io, E1000_CTRL, get(io, E1000_CTRL) | CTRL_RST);
	io->delay_us(RESET_US);
	if (get(io, E1000_CTRL) & CTRL_RST) /* all ones, too, when nobody is there */
		return VMK_IO_ERROR;
	e1000_interrupts_off(io);
	set(io, E1000_CTRL,
		(get(io, E1000_CTRL) | CTRL_SLU | CTRL_ASDE) &
			~(CTRL_LRST | CTRL_PHY_RST | CTRL_ILOS));
	return VMK_OK;
}

static enum vmk_status read_eeprom(const struct e1000_io *io, unsigned word, uint16_t *value)
{
	set(io, E1000_EERD, word << 8 | EERD_START);
	for (unsigned i = 0; i < EEPROM_TRIES; i++) {
		uint32_t answer = get(io, E1000_EERD);

		if (answer & EERD_DONE) {
			*value = (uint16_t)(answer >> 16);
			return VMK_OK;
		}
		io->delay_us(EEPROM_US);
	}
	return VMK_IO_ERROR;
}

enum vmk_status e1000_read_mac(const struct e1000_io *io, uint8_t mac[6])
{
	uint8_t any = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint16_t word;

		if (read_eeprom(io, i, &word) != VMK_OK)
			return VMK_IO_ERROR;
		mac[2 * i] = (uint8_t)word;
		mac[2 * i + 1] = (uint8_t)(word >> 8);
		any |= mac[2 * i] | mac[2 * i + 1];
	}
	/* IEEE 802-2014 section 8.2.2: bit 0 of the first byte is set for groups. */
	return any == 0 || (mac[0] & 1) ? VMK_IO_ERROR : VMK_OK;
}

void e1000_set_mac(const struct e1000_io *io, const uint8_t mac[6])
{
	for (unsigned i = 0; i < MTA_WORDS; i++)
		set(io, E1000_MTA + 4 * i, 0);
	set(io, E1000_RAL,
		mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
	set(io, E1000_RAH, mac[4] | (uint32_t)mac[5] << 8 | RAH_AV);
}

int e1000_link_up(const struct e1000_io *io)
{
	return (get(io, E1000_STATUS) & STATUS_LU) != 0;
}

void e1000_interrupts_on(const struct e1000_io *io)
{
	set(io, E1000_IMS, INT_WANTED);
}

void e1000_interrupts_off(const struct e1000_io *io)
{
	set(io, E1000_IMC, ~0u);
	get(io, E1000_ICR);
}

uint32_t e1000_interrupt_causes(const struct e1000_io *io)
{
	return get(io, E1000_ICR);
}
