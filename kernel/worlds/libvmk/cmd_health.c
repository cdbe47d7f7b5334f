/* vmk system health status get: what is known of the host's parts, each with a colour and a reason.
 */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#include <vmkapi/events.h>

enum health { GREEN, UNKNOWN, YELLOW, RED };

struct report {
	struct call *call;
	struct vmk_info_system system;
	enum health worst;
};

static void add(struct report *report, const char *component, enum health health, uint64_t since_ns,
	const char *reason)
{
	static const char *const names[] = {"green", "unknown", "yellow", "red"};
	char since[TIME_BYTES];

	format_moment(&report->system, since_ns, since);
	records_text(report->call->out, "%s", component);
	records_text(report->call->out, "%s", names[health]);
	records_text(report->call->out, "%s", since);
	records_text(report->call->out, "%s", reason);
	if (health > report->worst)
		report->worst = health;
}

/* --- the launch */

static void add_missing_signs(struct report *report, char *to, size_t size)
{
	struct vmk_info_sign sign;
	size_t used = strlen(to);

	for (unsigned i = 0; next_record(report->call, VMK_INFO_SIGN, i, &sign, sizeof(sign));
		i++) {
		if (!sign.holds && used < size)
			used += (size_t)snprintf(to + used, size - used, " %s", sign.name);
	}
}

static void report_launch(struct report *report)
{
	struct vmk_info_launch launch;
	char reason[320];

	if (!read_record(report->call, VMK_INFO_LAUNCH, 0, &launch, sizeof(launch)))
		return;
	if (launch.measured) {
		add(report, "Measured launch", GREEN, 0, "launched and measured through Intel TXT");
	} else if (report->system.through_tboot) {
		snprintf(reason, sizeof(reason),
			"tboot ran, but signs of a measured launch are missing:");
		add_missing_signs(report, reason, sizeof(reason));
		add(report, "Measured launch", RED, 0, reason);
	} else if (launch.launch == VMK_LAUNCH_SRTM) {
		add(report, "Measured launch", GREEN, 0,
			"measured by firmware and boot loader from power-on (static launch)");
	} else {
		add(report, "Measured launch", YELLOW, 0,
			"not launched through tboot: enableTboot is off for this boot");
	}
	if (launch.tpm_ready) {
		snprintf(reason, sizeof(reason), "TPM 2.0 %s works", launch.tpm_manufacturer);
		add(report, "TPM", GREEN, 0, reason);
		return;
	}
	snprintf(reason, sizeof(reason), "Error loading TPM: %s", launch.tpm_error);
	add(report, "TPM", launch.tpm_present ? RED : YELLOW, 0, reason);
}

static void report_audit(struct report *report)
{
	struct vmk_info_audit audit;
	enum health health = GREEN;
	char reason[128];

	if (!read_record(report->call, VMK_INFO_AUDIT, 0, &audit, sizeof(audit)))
		return;
	snprintf(reason, sizeof(reason), "%llu records, %llu of them anchored in a PCR",
		(unsigned long long)audit.records, (unsigned long long)audit.anchored);
	if (audit.lost) {
		health = audit.full ? RED : YELLOW;
		snprintf(reason, sizeof(reason), "%s%llu events could not be recorded",
			audit.full ? "full: " : "", (unsigned long long)audit.lost);
	}
	add(report, "Audit log", health, 0, reason);
}

/* --- what was loaded, and what runs */

static void report_modules(struct report *report)
{
	struct vmk_info_module module;
	unsigned loaded = 0, failed = 0;
	char reason[256] = "";

	for (unsigned i = 0; next_record(report->call, VMK_INFO_MODULE, i, &module, sizeof(module));
		i++) {
		loaded += module.loaded;
		if (!module.failed || failed++)
			continue;
		snprintf(reason, sizeof(reason), "%s: %s", module.file, module.why);
	}
	if (!failed)
		snprintf(reason, sizeof(reason), "%u loaded", loaded);
	add(report, "Modules", failed ? RED : GREEN, 0, reason);
}

static void report_worlds(struct report *report)
{
	struct vmk_info_world world;

	for (unsigned i = 0; next_record(report->call, VMK_INFO_WORLD, i, &world, sizeof(world));
		i++) {
		char component[48], reason[96];
		enum health health = world.lives > 1 ? YELLOW : GREEN;

		snprintf(component, sizeof(component), "World %s", world.name);
		snprintf(reason, sizeof(reason), "runs, %llu of %llu KiB used",
			(unsigned long long)world.memory_used >> 10,
			(unsigned long long)world.memory_limit >> 10);
		if (health == YELLOW)
			snprintf(reason, sizeof(reason), "runs, but was restarted %u times",
				world.lives - 1);
		if (world.state == VMK_WORLD_RESTARTS) {
			health = RED;
			snprintf(reason, sizeof(reason), "has ended and waits to be restarted");
		}
		add(report, component, health, world.since_ns, reason);
	}
}

/* --- hardware */

static void report_network(struct report *report)
{
	struct vmk_info_nic nic;
	char component[32], reason[96];
	unsigned count = 0;

	for (; next_record(report->call, VMK_INFO_NIC, count, &nic, sizeof(nic)); count++) {
		snprintf(component, sizeof(component), "Network %s", nic.name);
		snprintf(reason, sizeof(reason), "link %s, driver %s", nic.link_up ? "up" : "down",
			nic.driver);
		add(report, component, nic.link_up ? GREEN : RED, nic.link_since_ns, reason);
	}
	if (!count)
		add(report, "Network", RED, 0, "no network adapter has a driver");
}

/* Less than 6 % free is where memory begins to be reclaimed, 1 % where it ends. */
static void report_memory(struct report *report)
{
	struct vmk_info_memory memory;
	uint64_t percent;
	char reason[96];
	enum health health = GREEN;

	if (!read_record(report->call, VMK_INFO_MEMORY, 0, &memory, sizeof(memory)))
		return;
	percent = memory.total ? memory.free / (memory.total / 100 + 1) : 0;
	if (percent < 6)
		health = percent < 1 ? RED : YELLOW;
	snprintf(reason, sizeof(reason), "%llu of %llu MiB free",
		(unsigned long long)memory.free >> 20, (unsigned long long)memory.total >> 20);
	add(report, "Memory", health, 0, reason);
}

static void report_cpus(struct report *report)
{
	struct vmk_info_cpu cpu;
	unsigned online = 0, count = 0;
	char reason[96];

	for (; next_record(report->call, VMK_INFO_CPU, count, &cpu, sizeof(cpu)); count++)
		online += cpu.online != 0;
	snprintf(reason, sizeof(reason), "%u of %u run", online, count);
	add(report, "CPU", online == count ? GREEN : YELLOW, 0, reason);
}

int cmd_health_get(struct call *call)
{
	struct report report = {.call = call};

	if (!read_record(call, VMK_INFO_SYSTEM, 0, &report.system, sizeof(report.system)))
		return EXIT_FAILED;
	report_launch(&report);
	report_audit(&report);
	report_modules(&report);
	report_worlds(&report);
	report_network(&report);
	report_memory(&report);
	report_cpus(&report);
	if (call->error[0])
		return EXIT_FAILED;
	if (report.worst == RED)
		return 2;
	return report.worst == GREEN ? 0 : 1;
}
