/* The 82540EM and 82545EM: on PCI, legacy descriptors, INTx, the address in an EEPROM. */
#include "../intel/models.h"

#define EEPROM_TRIES 1000u
#define EEPROM_US    10u
#define EERD_START   0x00000001u
#define EERD_DONE    0x00000010u

static enum vmk_status read_eeprom(const struct intel_io *io, unsigned word, uint16_t *value)
{
	intel_set(io, REG_EERD, word << 8 | EERD_START);
	for (unsigned i = 0; i < EEPROM_TRIES; i++) {
		uint32_t answer = intel_get(io, REG_EERD);

		if (answer & EERD_DONE) {
			*value = (uint16_t)(answer >> 16);
			return VMK_OK;
		}
		io->delay_us(EEPROM_US);
	}
	return VMK_IO_ERROR;
}

/* From the EEPROM's words 0 to 2, as emulators do not load it into the receive address. */
static enum vmk_status read_mac(const struct intel_io *io, uint8_t mac[6])
{
	for (unsigned i = 0; i < 3; i++) {
		uint16_t word;

		if (read_eeprom(io, i, &word) != VMK_OK)
			return VMK_IO_ERROR;
		mac[2 * i] = (uint8_t)word;
		mac[2 * i + 1] = (uint8_t)(word >> 8);
	}
	return intel_check_mac(mac);
}

const struct intel_model e1000_model = {
	.name = "e1000",
	.format = &intel_legacy,
	.ctrl_set = CTRL_SLU | CTRL_ASDE,
	.causes = INT_SHARED,
	.read_mac = read_mac,
};
