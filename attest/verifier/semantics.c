#include "verifier/semantics.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <vmkapi/events.h>
#include <vmkapi/levels.h>

#include "trust/evlog_read.h"
#include "trust/txt_events.h"
#include "verifier/firmware.h"

/* A menu entry is a command too, with all that stands in it. */
#define COMMAND_SHOWN 80

#define ANY_SIZE      UINT32_MAX
#define DIGITS_MAX    20 /* of a number of 64 bits */
#define TXT_FIRST     0x401u
#define TXT_LAST      0x4ffu

/* TXT event types whose data has one size only (TXT MLE developer's guide; two real hosts). */
static const struct {
	uint32_t type;
	uint32_t data_size;
} txt_sizes[] = {
	{TXT_EV_HASH_START, DIGEST_SIZE + 4}, /* hash of SINIT, EDX of GETSEC[SENTER] */
	{TXT_EV_MLE_HASH, 0},                 /* the digest is the MLE's own hash */
	{0x40a, 32},                          /* BIOSAC_REG_DATA */
	{0x40b, 4},                           /* CPU_SCRTM_STAT */
	{0x40c, 4},                           /* LCP_CONTROL_HASH */
	{0x40f, 4},                           /* OSSINITDATA_CAP_HASH */
};

void semantics_describe(const struct event *event, char *text, size_t size)
{
	char name[128];
	const char *grub;
	size_t length;

	if (firmware_text(event, &grub, &length))
		snprintf(text, size, "\"%.*s\" (log %s, event %u, PCR %u)",
			(int)(length < COMMAND_SHOWN ? length : COMMAND_SHOWN), grub,
			log_name(event->log), event->index, event->pcr);
	else if (event->log == LOG_TCG_BOOT && event->pcr == GRUB_PCR_FILES)
		snprintf(text, size, "file %.*s (log %s, event %u, PCR %u)",
			(int)strnlen((const char *)event->data, event->data_size),
			(const char *)event->data, log_name(event->log), event->index, event->pcr);
	else if (semantics_field(event, "name", name, sizeof(name)))
		snprintf(text, size, "%s %s (log %s, event %u, PCR %u)",
			evlog_type_name(event->type), name, log_name(event->log), event->index,
			event->pcr);
	else
		snprintf(text, size, "%s (log %s, event %u, PCR %u)", evlog_type_name(event->type),
			log_name(event->log), event->index, event->pcr);
}

static bool wrong(struct fault *fault, const struct event *event, const char *expected)
{
	char text[256];

	semantics_describe(event, text, sizeof(text));
	fault_set(fault, REASON_EVENT_SEMANTICS, "%s", text);
	return fault_expected(fault, "%s", expected);
}

/* Is each logged digest the hash of the data? */
static bool digest_of_data(const struct event *event)
{
	uint8_t digest[DIGEST_SIZE];

	sha256(digest, event->data, event->data_size);
	if (memcmp(digest, event->digest, DIGEST_SIZE) != 0)
		return false;
	if (!event->sha1)
		return true;
	SHA1(event->data, event->data_size, digest);
	return memcmp(digest, event->sha1, SHA_DIGEST_LENGTH) == 0;
}

static bool check_txt(const struct event *event, bool first_of_17, struct fault *fault)
{
	uint32_t size = ANY_SIZE;

	if (event->pcr != 17 && event->pcr != 18)
		return wrong(fault, event, "an event of SINIT extends PCR 17 or 18");
	if ((event->type == TXT_EV_HASH_START) != first_of_17)
		return wrong(fault, event, "HASH_START is the first event of PCR 17 and no other");
	if (event->type == TXT_EV_MLE_HASH && event->pcr != 17)
		return wrong(fault, event, "the MLE's hash goes into PCR 17");
	for (size_t i = 0; i < sizeof(txt_sizes) / sizeof(txt_sizes[0]); i++) {
		if (txt_sizes[i].type == event->type)
			size = txt_sizes[i].data_size;
	}
	if (size != ANY_SIZE && event->data_size != size)
		return wrong(fault, event, "data of the size that this type has");
	if (event->data_size && !digest_of_data(event))
		return wrong(fault, event, "a digest that is the hash of the event's data");
	return true;
}

static bool check_tboot(const struct event *event, struct fault *fault)
{
	if (event->pcr < 17 || event->pcr > 22)
		return wrong(fault, event, "tboot measures into PCR 17 to 22");
	if (event->data_size != 0)
		return wrong(fault, event, "tboot logs no event data");
	return true;
}

/* The keys of a kernel event's text, in their order; NULL-terminated. */
static const char *const package_keys[] = {
	"name", "version", "kind", "provider", "level", "sha256", NULL};
static const char *const config_keys[] = {"name", "version", "provider", "sha256", NULL};
static const char *const vm_keys[] = {"name", "version", "provider", "level", "sha256", NULL};
static const char *const security_keys[] = {
	"execInstalledOnly", "acceptanceLevel", "kaslr", "wx", NULL};
static const char *const dma_keys[] = {"protection", "interrupts", NULL};
static const char *const cpu_keys[] = {"protections", "mitigated", "exposed", "smt", NULL};
static const char *const audit_keys[] = {"records", "head", NULL};

static bool is_digest_key(const char *key)
{
	return strcmp(key, "sha256") == 0 || strcmp(key, "head") == 0;
}

/* word key=value key=value ... with every key once, in order, and values without blanks. */
static bool is_record(const char *text, const char *word, const char *const *keys)
{
	size_t size = strlen(word);

	if (strncmp(text, word, size) != 0)
		return false;
	text += size;
	for (; *keys; keys++) {
		size = strlen(*keys);
		if (*text++ != ' ' || strncmp(text, *keys, size) != 0 || text[size] != '=')
			return false;
		text += size + 1;
		size = strcspn(text, " ");
		if (size == 0 || (is_digest_key(*keys) &&
					 (size != 64 || strspn(text, "0123456789abcdef") != 64)))
			return false;
		text += size;
	}
	return *text == 0;
}

/* "acceptanceLevel=LEVEL ", of a security-options text. */
static bool names_level(const char *text)
{
	const char *value = strstr(text, " acceptanceLevel=") + strlen(" acceptanceLevel=");
	size_t size = strcspn(value, " ");

#define X(symbol, name, arc)                                             \
	if (size == sizeof(name) - 1 && strncmp(value, name, size) == 0) \
		return true;
	ACCEPTANCE_LEVELS(X)
#undef X
	return false;
}

static bool text_of_type(uint32_t type, const char *text)
{
	switch (type) {
	case VMK_EV_SECURITY_OPTIONS:
		return is_record(text, "security", security_keys) && names_level(text);
	case VMK_EV_PACKAGE:
		return is_record(text, "package", package_keys);
	case VMK_EV_CONFIG:
		return is_record(text, "config", config_keys);
	case VMK_EV_VM_IMAGE:
		return is_record(text, "vm", vm_keys);
	case VMK_EV_DMA:
		return is_record(text, "dma", dma_keys);
	case VMK_EV_CPU:
		return is_record(text, "cpu", cpu_keys);
	case VMK_EV_AUDIT:
		return is_record(text, "audit", audit_keys);
	case VMK_EV_BOOT_COMPLETE:
		return strcmp(text, VMK_BOOT_COMPLETE) == 0;
	default:
		return false;
	}
}

/* Printable ASCII with one zero byte, at the end. */
static bool is_text(const struct event *event)
{
	if (event->data_size == 0 || event->data[event->data_size - 1] != 0)
		return false;
	for (uint32_t i = 0; i + 1 < event->data_size; i++) {
		if (event->data[i] < 0x20 || event->data[i] > 0x7e)
			return false;
	}
	return true;
}

unsigned int semantics_pcr(uint32_t type, enum vmk_launch launch)
{
	switch (type) {
#define X(symbol, number, drtm, srtm, name) \
	case number:                        \
		return launch == VMK_LAUNCH_SRTM ? (srtm) : (drtm);
		VMK_EVENTS(X)
#undef X
	default:
		return 0;
	}
}

static bool check_vmk(const struct event *event, enum vmk_launch launch, struct fault *fault)
{
	unsigned int pcr = semantics_pcr(event->type, launch);

	if (pcr == 0)
		return wrong(fault, event, "an event type that the kernel has");
	if (event->pcr != pcr)
		return wrong(fault, event, "this type in the PCR that the PCR plan gives it");
	if (!is_text(event) || !text_of_type(event->type, (const char *)event->data))
		return wrong(fault, event, "the text that this type has");
	if (!digest_of_data(event))
		return wrong(fault, event, "a digest that is the hash of the event's data");
	return true;
}

static bool check_firmware(const struct event *event, struct fault *fault)
{
	const char *expected = firmware_check(event);

	return !expected || wrong(fault, event, expected);
}

enum vmk_launch semantics_launch(const struct events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];

		if (event->log == LOG_TCG_BOOT ||
			(event->log == LOG_VMK &&
				event->pcr == semantics_pcr(event->type, VMK_LAUNCH_SRTM)))
			return VMK_LAUNCH_SRTM;
	}
	return VMK_LAUNCH_DRTM;
}

bool semantics_text(const struct event *event, const char **text, size_t *size)
{
	if (event->log != LOG_VMK)
		return firmware_text(event, text, size);
	if (!is_text(event))
		return false;
	*text = (const char *)event->data;
	*size = event->data_size - 1;
	return true;
}

bool semantics_check(const struct events *events, enum vmk_launch launch, struct fault *fault)
{
	bool seen_17 = false, complete = false;

	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];
		bool ok;

		if (event->log == LOG_VMK)
			ok = check_vmk(event, launch, fault);
		else if (event->log == LOG_TCG_BOOT)
			ok = check_firmware(event, fault);
		else if (event->type == TXT_EV_TBOOT_MEASUREMENT)
			ok = check_tboot(event, fault);
		else if (event->type >= TXT_FIRST && event->type <= TXT_LAST)
			ok = check_txt(event, event->pcr == 17 && !seen_17, fault);
		else
			ok = wrong(fault, event, "an event type of SINIT or tboot");
		if (!ok)
			return false;
		if (event->type == VMK_EV_BOOT_COMPLETE && complete)
			return wrong(fault, event, "the boot completes once");
		complete |= event->type == VMK_EV_BOOT_COMPLETE;
		seen_17 |= event->pcr == 17;
	}
	return true;
}

/* Past `prefix`; NULL if the text begins otherwise. */
static const char *behind(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix) {
		text++;
		prefix++;
	}
	return *prefix ? NULL : text;
}

/* A number of 64 bits, DIGITS_MAX digits at most; NULL if there is none. */
static const char *behind_number(const char *text, uint64_t *number)
{
	const char *p = text;

	for (*number = 0; isdigit((unsigned char)*p) && p - text < DIGITS_MAX; p++) {
		const unsigned digit = (unsigned)(*p - '0');

		if (*number > (UINT64_MAX - digit) / 10)
			return NULL;
		*number = *number * 10 + digit;
	}
	return p > text ? p : NULL;
}

bool semantics_audit(const struct event *event, uint64_t *records, uint8_t head[DIGEST_SIZE])
{
	const char *p;

	if (event->log != LOG_VMK || event->type != VMK_EV_AUDIT || !is_text(event))
		return false;
	p = behind((const char *)event->data, "audit records=");
	p = p ? behind_number(p, records) : NULL;
	p = p ? behind(p, " head=") : NULL;
	if (!p)
		return false;
	for (const char *c = p; *c; c++) {
		if (isupper((unsigned char)*c))
			return false;
	}
	return hex_decode_text(head, DIGEST_SIZE, p);
}

bool semantics_field(const struct event *event, const char *key, char *value, size_t size)
{
	size_t key_size = strlen(key), length;
	const char *p;

	if (event->log != LOG_VMK || semantics_pcr(event->type, VMK_LAUNCH_DRTM) == 0 ||
		!is_text(event))
		return false;
	for (p = strchr((const char *)event->data, ' '); p; p = strchr(p, ' ')) {
		p++;
		if (strncmp(p, key, key_size) == 0 && p[key_size] == '=')
			break;
	}
	if (!p)
		return false;
	p += key_size + 1;
	length = strcspn(p, " ");
	if (length >= size)
		return false;
	memcpy(value, p, length);
	value[length] = 0;
	return true;
}
