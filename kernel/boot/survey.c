/* What platform this is. */
#include "boot/survey.h"
#include "arch/x86/paging.h"
#include "boot/acpi.h"
#include "boot/boot_info.h"
#include "boot/entropy.h"
#include "boot/head.h"
#include "boot/tboot.h"
#include "lib/log.h"

#define LOG_MODULE "Boot"

/* Physical memory through the early identity mapping. Tables may lie outside the memory map:
 * firmware is free to keep them in memory of its own. */
static const void *view(void *context, uint64_t address, size_t bytes)
{
	if (!address || address >= EARLY_IDENTITY_END || bytes > EARLY_IDENTITY_END - address)
		return NULL;
	return (const void *)(uintptr_t)address;
}

static void warn(void *context, const char *what)
{
	vmk_warn("ACPI: %s", what);
}

static void survey_tboot(struct boot_info *info)
{
	const char *why = "the page is not in memory";
	uint64_t address;
	const void *page;

	if (!tboot_take_word(info, &address)) {
		vmk_log("no hand-off from tboot");
		return;
	}
	page = view(NULL, address, PAGE_SIZE);
	if (page && tboot_parse(page, PAGE_SIZE, address, info, &why) == VMK_OK)
		vmk_log("tboot hand-off: version %u, %u KiB, flags 0x%x, %u CPUs wait there",
			info->tboot.version, info->tboot.bytes >> 10, info->tboot.flags,
			info->tboot.num_in_wfs);
	else
		vmk_error("tboot's hand-off is refused: %s", why);
}

static void survey_acpi(struct boot_info *info)
{
	const struct acpi_ops ops = {.view = view, .warn = warn};
	size_t rsdp_bytes;
	const uint8_t *rsdp = head_rsdp_copy(&rsdp_bytes);
	enum vmk_status status = acpi_parse(&ops, rsdp, rsdp_bytes, info);

	if (status != VMK_OK)
		vmk_warn("ACPI: no usable tables (%s)", vmk_status_name(status));
	vmk_log("ACPI: %u CPUs, %u IOAPICs, %u interrupt overrides%s%s%s%s", info->cpu_count,
		info->ioapic_count, info->override_count, info->hpet.v ? ", HPET" : "",
		info->dmar.v ? ", DMAR" : "", info->mcfg.v ? ", MCFG" : "",
		info->cpu_node_count ? ", SRAT" : "");
}

static void log_memory(const struct boot_info *info)
{
	uint64_t usable = 0;

	for (unsigned i = 0; i < info->memory_count; i++)
		if (info->memory[i].type == BOOT_MEMORY_USABLE)
			usable += info->memory[i].bytes;
	vmk_log("memory: %llu MiB usable in %u ranges, kernel %llu KiB, %u modules",
		(unsigned long long)(usable >> 20), info->memory_count,
		(unsigned long long)(info->image_bytes >> 10), info->module_count);
}

void survey_platform(void)
{
	struct boot_info *info = boot_info_writable();
	char sources[32];

	survey_tboot(info);
	survey_acpi(info);
	log_memory(info);
	vmk_log("command line: %s", info->cmdline);
	for (unsigned i = 0; i < info->module_count; i++)
		vmk_log("module %u: %llu bytes: %s", i, (unsigned long long)info->modules[i].bytes,
			info->modules[i].cmdline);
	entropy_describe(info->entropy_sources, sources, sizeof(sources));
	vmk_log("placed at random, virtual and physical; entropy from %s", sources);
	if (!(info->entropy_sources & BOOT_ENTROPY_CPU))
		vmk_warn("this CPU has neither RDSEED nor RDRAND: where the kernel lies was drawn "
			 "from time alone");
}
