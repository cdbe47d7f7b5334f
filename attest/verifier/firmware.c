#include "verifier/firmware.h"

#include <string.h>

#include "lib/reader.h"
#include "trust/tcg_events.h"

static const char *const grub_kinds[] = {"grub_cmd: ", "kernel_cmdline: ", "module_cmdline: "};

bool firmware_text(const struct event *event, const char **text, size_t *size)
{
	if (event->log != LOG_TCG_BOOT || event->pcr != GRUB_PCR_COMMANDS ||
		event->type != TCG_EV_IPL || event->data_size == 0 ||
		event->data[event->data_size - 1] != 0)
		return false;
	for (size_t i = 0; i < sizeof(grub_kinds) / sizeof(grub_kinds[0]); i++) {
		size_t prefix = strlen(grub_kinds[i]);

		if (event->data_size <= prefix || memcmp(event->data, grub_kinds[i], prefix) != 0)
			continue;
		*text = (const char *)event->data + prefix;
		*size = event->data_size - 1 - prefix;
		return true;
	}
	return false;
}

/* Is its digest by definition that of its data? */
static bool is_of_data(uint32_t type, bool *known)
{
	*known = true;
	switch (type) {
#define X(symbol, number, name, data) \
	case number:                  \
		return data;
		TCG_EVENTS(X)
#undef X
	default:
		*known = false;
		return false;
	}
}

static bool digest_is_of(const struct event *event, const void *data, size_t size)
{
	uint8_t digest[DIGEST_SIZE];

	sha256(digest, data, size);
	return memcmp(digest, event->digest, DIGEST_SIZE) == 0;
}

const char *firmware_check(const struct event *event)
{
	const char *text;
	size_t size;
	bool known;

	if (event->pcr > FIRMWARE_PCR_LAST)
		return "firmware and boot loader measure into PCR 0 to 9";
	if (is_of_data(event->type, &known) && !digest_is_of(event, event->data, event->data_size))
		return "a digest that is the hash of the event's data";
	if (!known)
		return "an event type that firmware has";
	if (event->pcr != GRUB_PCR_COMMANDS || event->type != TCG_EV_IPL)
		return NULL;
	if (!firmware_text(event, &text, &size))
		return "a command or command line as GRUB logs it";
	return digest_is_of(event, text, size) ? NULL
					       : "a digest that is the hash of the logged command";
}

/* UEFI_VARIABLE_DATA: GUID, lengths of name (in characters) and data, name in UTF-16, data. */
static bool is_secure_boot(const struct event *event, uint8_t *value)
{
	static const char name[] = "SecureBoot";
	struct reader r = reader_of(event->data, event->data_size);
	uint64_t characters, bytes;

	reader_skip(&r, 16);
	characters = reader_le64(&r);
	bytes = reader_le64(&r);
	if (r.failed || characters != strlen(name) || bytes > 1)
		return false;
	for (size_t i = 0; i < strlen(name); i++) {
		if (reader_le16(&r) != (uint8_t)name[i])
			return false;
	}
	*value = bytes ? reader_u8(&r) : 0;
	return !r.failed;
}

enum secure_boot firmware_secure_boot(const struct events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];
		uint8_t value;

		if (event->log != LOG_TCG_BOOT || event->pcr != 7 ||
			event->type != TCG_EV_EFI_VARIABLE_DRIVER_CONFIG ||
			!is_secure_boot(event, &value))
			continue;
		return value == 1 ? SECURE_BOOT_ON : SECURE_BOOT_OFF;
	}
	return SECURE_BOOT_UNKNOWN;
}

const char *secure_boot_name(enum secure_boot state)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		SECURE_BOOT_STATES(X)
#undef X
	};

	return names[state];
}
