/* vmk hardware ..., storage ... */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#include <vmkapi/events.h>

#include "trust/evlog_read.h"

static const char *launch_name(unsigned launch)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		VMK_LAUNCHES(X)
#undef X
	};

	return launch < sizeof(names) / sizeof(names[0]) ? names[launch] : "unknown";
}

int cmd_trustedboot_get(struct call *call)
{
	struct vmk_info_launch launch;

	if (!read_record(call, VMK_INFO_LAUNCH, 0, &launch, sizeof(launch)))
		return EXIT_FAILED;
	records_bool(call->out, launch.measured);
	records_bool(call->out, launch.tpm_present);
	records_text(call->out, "%s", launch_name(launch.launch));
	return EXIT_OK;
}

int cmd_trustedboot_signs(struct call *call)
{
	struct vmk_info_sign sign;

	for (unsigned i = 0; next_record(call, VMK_INFO_SIGN, i, &sign, sizeof(sign)); i++) {
		records_text(call->out, "%s", sign.name);
		records_bool(call->out, sign.holds);
		records_text(call->out, "%s", sign.expected);
		records_text(call->out, "%s", sign.found);
	}
	return EXIT_OK;
}

#define LOG_BYTES    65536u
#define DATA_SHOWN   24u
#define SHA256_BYTES 32u

static void add_event(struct records *out, const char *log, const struct evlog_event *event)
{
	const struct evlog_digest *digest = evlog_digest(event, EVLOG_ALG_SHA256);
	char hex[2 * SHA256_BYTES + 1] = "", data[CELL_MAX] = "";
	uint32_t size = event->data_size;

	if (digest && digest->size == SHA256_BYTES)
		format_hex(digest->bytes, SHA256_BYTES, hex);
	records_text(out, "%s", log);
	records_number(out, event->pcr);
	records_text(out, "%s", evlog_type_name(event->type));
	records_text(out, "%s", hex);
	/* Our own events are text with its zero; others' data is shown by its beginning. */
	if (size && event->type >> 16 && !event->data[size - 1])
		snprintf(data, sizeof(data), "%s", (const char *)event->data);
	else
		format_hex(event->data, size < DATA_SHOWN ? size : DATA_SHOWN, data);
	records_text(out, "%s", data);
}

static bool add_log(struct call *call, enum vmk_trust_log id, const char *name)
{
	static uint8_t bytes[LOG_BYTES];
	struct evlog_cursor cursor;
	struct evlog_event event;
	const char *why = NULL;
	uint64_t total = 0;
	bool cut;
	struct evlog log;
	enum vmk_status status =
		call->host->trust_log(call->context, id, 0, bytes, sizeof(bytes), &total);

	if (status != VMK_OK) {
		call_fail_status(call, status, "reading the event log");
		return false;
	}
	if (total == 0)
		return true;
	cut = total > sizeof(bytes);
	if (cut)
		total = sizeof(bytes);
	if (evlog_open(&log, bytes, (size_t)total, &why) != VMK_OK) {
		call_fail(call, EXIT_FAILED, "the %s log is no TCG event log: %s", name, why);
		return false;
	}
	cursor = evlog_begin(&log);
	while ((status = evlog_next(&cursor, &event)) == VMK_OK)
		add_event(call->out, name, &event);
	call->out->full |= cut;
	if (status == VMK_NOT_FOUND || (status == VMK_TRUNCATED && cut))
		return true;
	call_fail(call, EXIT_FAILED, "the %s log is damaged: %s", name, cursor.why);
	return false;
}

int cmd_trustedboot_log(struct call *call)
{
	bool ok = add_log(call, VMK_LOG_TXT_DRTM, "txt-drtm") && add_log(call, VMK_LOG_VMK, "vmk");

	call->out->note = "The launch was not measured: there is no event log.";
	return ok ? EXIT_OK : EXIT_FAILED;
}

/* SDM 2A, CPUID 1 EAX. */
static unsigned family(uint32_t signature)
{
	unsigned base = signature >> 8 & 15;

	return base == 15 ? base + (signature >> 20 & 255) : base;
}

static unsigned model(uint32_t signature)
{
	unsigned base = signature >> 8 & 15, low = signature >> 4 & 15;

	return base == 6 || base == 15 ? (signature >> 16 & 15) << 4 | low : low;
}

int cmd_cpu_list(struct call *call)
{
	struct vmk_info_cpu cpu;

	for (unsigned i = 0; next_record(call, VMK_INFO_CPU, i, &cpu, sizeof(cpu)); i++) {
		records_text(call->out, "CPU:%u", i);
		records_number(call->out, i);
		records_number(call->out, cpu.apic_id);
		records_number(call->out, family(cpu.signature));
		records_number(call->out, model(cpu.signature));
		records_number(call->out, cpu.signature & 15);
		records_text(call->out, "%s", cpu.vendor);
		records_text(call->out, "%s", cpu.brand);
		records_number(call->out, cpu.tsc_hz);
		records_bool(call->out, cpu.online);
		records_text(call->out, "%s", cpu.features);
	}
	return EXIT_OK;
}

int cmd_memory_get(struct call *call)
{
	struct vmk_info_memory memory;
	uint64_t values[12];

	if (!read_record(call, VMK_INFO_MEMORY, 0, &memory, sizeof(memory)))
		return EXIT_FAILED;
	memcpy(values, &memory.total, sizeof(values));
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (call->json)
			records_text(call->out, "%llu", (unsigned long long)values[i]);
		else
			records_text(call->out, "%llu Bytes", (unsigned long long)values[i]);
	}
	return EXIT_OK;
}

int cmd_pci_list(struct call *call)
{
	struct vmk_info_pci pci;

	for (unsigned i = 0; next_record(call, VMK_INFO_PCI, i, &pci, sizeof(pci)); i++) {
		char address[16];

		snprintf(address, sizeof(address), "0000:%02x:%02x.%x", pci.bus, pci.slot,
			pci.function);
		records_text(call->out, "%s", address);
		records_text(call->out, "%s", address);
		records_text(call->out, "0x%04x", pci.vendor);
		records_text(call->out, "0x%04x", pci.device);
		records_text(call->out, "0x%04x", pci.class_code >> 8);
		records_text(call->out, "0x%02x", pci.class_code & 255);
		records_number(call->out, pci.irq_line);
		records_text(call->out, "%s", pci.driver);
	}
	return EXIT_OK;
}

/* Truthfully none: there is no storage stack, and the kernel needs no disk. */
int cmd_path_list(struct call *call)
{
	call->out->note = "There are no storage paths: this version has no storage adapters.";
	return EXIT_OK;
}
