/* sources: kernel/trust/evlog_read.c attest/verifier/reason.c */
/* sources: tests/vectors/fixture.c tests/vectors/attack.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c kernel/lib/keyval.c kernel/trust/audit_read.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* sources: attest/verifier/cpu.c attest/verifier/audit.c attest/verifier/firmware.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* Ways to cheat with what is booted and what the logs say of it: the reason that must come out, and
 * its words. */
#include <string.h>
#include <vmkapi/events.h>
#include "tests/vectors/attack.h"
#include "verifier/cpu.h"

/* The host boots what its files are now, honestly. */
static void reboot(struct fixture *f)
{
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
}

/* --- files */

static void flip(struct fixture *f, size_t file)
{
	f->files[file].image[3] ^= 1;
	reboot(f);
}
static void flip_sinit(struct fixture *f)
{
	flip(f, 0);
}
static void flip_tboot(struct fixture *f)
{
	flip(f, 1);
}
static void flip_kernel(struct fixture *f)
{
	flip(f, 2);
}
static void flip_driver(struct fixture *f)
{
	flip(f, 3);
}
static void flip_agent(struct fixture *f)
{
	flip(f, 4);
}
static void flip_config(struct fixture *f)
{
	flip(f, 5);
}
static void flip_tboot_cmdline(struct fixture *f)
{
	f->files[1].cmdline[0] ^= 1;
	reboot(f);
}
static void flip_kernel_cmdline(struct fixture *f)
{
	f->files[2].cmdline[4] ^= 1;
	reboot(f);
}
static void report_cmdlines(struct fixture *f)
{
	char text[256];
	int size = snprintf(text, sizeof(text),
		"measured launch\nmodule 0 cmdline=%s tboot=0x1000\n", f->files[2].cmdline);

	f->evidence.logs[LOG_LAUNCH] = bytes_copy(text, (size_t)size);
}
static void remove_agent(struct fixture *f)
{
	f->files[4] = f->files[5];
	f->file_count = 5;
	reboot(f);
}
static void add_module(struct fixture *f)
{
	f->files[6] = f->files[3];
	strcpy(f->files[6].name, "rootkit.vpk");
	strcpy(f->files[6].image, "image of rootkit.vpk");
	f->file_count = 7;
	reboot(f);
}
static void swap_modules(struct fixture *f)
{
	struct fixture_file saved = f->files[3];

	f->files[3] = f->files[4];
	f->files[4] = saved;
	reboot(f);
}
static void add_event(struct fixture *f, enum vmk_event_type type, const char *text)
{
	struct fixture_event *event = &f->measured.items[f->measured.count++];

	*event = (struct fixture_event){
		.log = LOG_VMK, .pcr = 19, .type = (uint32_t)type, .layer = "VMKERNEL"};
	event->data_size = (uint32_t)strlen(text) + 1;
	memcpy(event->data, text, event->data_size);
	sha256(event->digest, event->data, event->data_size);
	f->logged = f->measured;
	fixture_extend(f);
}
static void add_runtime_package(struct fixture *f, const char *text)
{
	add_event(f, VMK_EV_PACKAGE, text);
}
static void measure_cpu(struct fixture *f, const char *text)
{
	add_event(f, VMK_EV_CPU, text);
}
static void cpu_measured(struct fixture *f)
{
	measure_cpu(f, "cpu protections=nx,smep mitigated=none exposed=its smt=off");
}
static void cpu_measured_twice(struct fixture *f)
{
	cpu_measured(f);
	measure_cpu(f, "cpu protections=nx,smep,smap mitigated=none exposed=its smt=off");
}
static void cpu_measured_badly(struct fixture *f)
{
	measure_cpu(f, "cpu protections=nx,smep smt=off");
}
static void demand_smep(struct fixture *f)
{
	cpu_measured(f);
	f->policy.cpu_required = cpu_protection_bit("smep");
}
static void demand_smap(struct fixture *f)
{
	cpu_measured(f);
	f->policy.cpu_required = cpu_protection_bit("smep") | cpu_protection_bit("smap");
}
static void demand_of_the_silent(struct fixture *f)
{
	f->policy.cpu_required = cpu_protection_bit("nx");
}
static void load_allowed_late(struct fixture *f)
{
	add_runtime_package(f, FIXTURE_LATE_PACKAGE);
}
static void load_allowed_twice(struct fixture *f)
{
	add_runtime_package(f, FIXTURE_LATE_PACKAGE);
	add_runtime_package(f, FIXTURE_LATE_PACKAGE);
}
static void load_stranger_late(struct fixture *f)
{
	char text[] = FIXTURE_LATE_PACKAGE;

	memcpy(strstr(text, "late"), "evil", 4);
	add_runtime_package(f, text);
}

/* --- launch */

static void never_launched(struct fixture *f)
{
	f->measured.count = f->logged.count = 0;
	f->launched = false;
	fixture_extend(f);
}
static void never_launched_golden_log(struct fixture *f)
{
	f->measured.count = 0;
	f->launched = false;
	fixture_extend(f);
}
static void reset_without_event(struct fixture *f)
{
	f->measured.count = f->logged.count = 0;
	fixture_extend(f);
}
static void drop_logs(struct fixture *f)
{
	bytes_free(&f->evidence.logs[LOG_TXT_DRTM]);
	bytes_free(&f->evidence.logs[LOG_VMK]);
}

/* --- the log */

static void truncate_mid_record(struct fixture *f)
{
	f->evidence.logs[LOG_VMK].size -= 5;
}
static void truncate_last_record(struct fixture *f)
{
	f->logged.count--;
}
static void truncate_all_vmk(struct fixture *f)
{
	while (f->logged.items[f->logged.count - 1].log == LOG_VMK)
		f->logged.count--;
}
static void bend_header(struct fixture *f)
{
	f->evidence.logs[LOG_TXT_DRTM].data[32] ^= 1;
}
static void pad_log(struct fixture *f)
{
	struct bytes *log = &f->evidence.logs[LOG_TXT_DRTM];

	log->data = realloc(log->data, log->size + 64);
	memset(log->data + log->size, 0, 64);
	log->size += 64;
}
static void reorder_log(struct fixture *f)
{
	struct fixture_event *a = fixture_find(&f->logged, (uint32_t)VMK_EV_PACKAGE);
	struct fixture_event saved = *a;

	*a = a[1];
	a[1] = saved;
}
static void drop_from_middle(struct fixture *f)
{
	fixture_remove(&f->logged, fixture_find(&f->logged, (uint32_t)VMK_EV_PACKAGE));
}
static void insert_into_log(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->logged, (uint32_t)VMK_EV_SECURITY_OPTIONS);
	size_t after = f->logged.count - (size_t)(event - f->logged.items);

	memmove(event + 1, event, after * sizeof(*event));
	f->logged.count++;
	event[1].digest[0] ^= 1;
}
/* Something was extended into a PCR of which no log speaks. */
static void extend_silently(struct fixture *f)
{
	memset(f->pcrs[22], 0x5a, DIGEST_SIZE);
}
/* Types are not measured. */
static void retype(struct fixture *f, uint32_t from, uint32_t to)
{
	fixture_find(&f->logged, from)->type = to;
}
static void retype_start(struct fixture *f)
{
	retype(f, 0x402, 0x40d);
}
static void retype_mle(struct fixture *f)
{
	retype(f, 0x404, 0x410);
}
static void retype_package(struct fixture *f)
{
	retype(f, (uint32_t)VMK_EV_PACKAGE, (uint32_t)VMK_EV_BOOT_COMPLETE);
}
static void second_start(struct fixture *f)
{
	retype(f, 0x412, 0x402);
}
static void spoof_data(struct fixture *f)
{
	fixture_find(&f->logged, 0x40a)->data[5] ^= 1;
}
/* The kernel's text names a harmless package, the digest is another one's. */
static void spoof_text(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->logged, (uint32_t)VMK_EV_PACKAGE);

	event->data[event->data_size - 2] ^= 1;
}
static void tboot_with_data(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->logged, 0x501);

	memcpy(event->data, "trust me", 8);
	event->data_size = 8;
}
static void sinit_event_in_vmk(struct fixture *f)
{
	fixture_find(&f->logged, (uint32_t)VMK_EV_SECURITY_OPTIONS)->type = 0x40d;
}
/* Ring 0 of another kernel resets PCR 20 to 22 and replays what the policy wants there. */
static void other_kernel_golden_claims(struct fixture *f)
{
	f->files[2].image[0] ^= 1;
	reboot(f);
	memcpy(f->pcrs[20], f->policy.pcrs[20], DIGEST_SIZE);
	memcpy(f->pcrs[21], f->policy.pcrs[21], DIGEST_SIZE);
}
/* PCR 21 was reset after the boot, and extended with less than the log says. */
static void reset_and_extend_less(struct fixture *f)
{
	uint8_t digest[DIGEST_SIZE] = {1};
	struct replay replay;

	replay_start(&replay, true);
	replay_extend(&replay, 21, digest);
	memcpy(f->pcrs[21], replay.pcr[21], DIGEST_SIZE);
}
static void log_after_quote(struct fixture *f)
{
	struct fixture_events measured = f->measured;

	load_stranger_late(f);
	f->measured = measured;
	fixture_extend(f);
}

static const struct attack attacks[] = {
	{"nothing at all", NULL, NULL, REASON_NONE, ""},
	{"an allowed module at run time", load_allowed_late, NULL, REASON_NONE, ""},
	{"a module logged after the quote", log_after_quote, NULL, REASON_NONE, ""},

	{"SINIT flipped", flip_sinit, NULL, REASON_EVENT_MISMATCH, "sinit.bin"},
	{"tboot flipped", flip_tboot, NULL, REASON_EVENT_MISMATCH, "tboot.gz"},
	{"tboot's command line", flip_tboot_cmdline, NULL, REASON_EVENT_MISMATCH, "tboot.gz"},
	{"kernel flipped", flip_kernel, NULL, REASON_EVENT_MISMATCH,
		"module 0 (vmkernel.elf): image or command line"},
	{"kernel flipped, command line reported", flip_kernel, report_cmdlines,
		REASON_EVENT_MISMATCH, "module 0 (vmkernel.elf): image (the host"},
	{"kernel's command line", flip_kernel_cmdline, NULL, REASON_EVENT_MISMATCH,
		"module 0 (vmkernel.elf): image or command line"},
	{"kernel's command line, reported", flip_kernel_cmdline, report_cmdlines,
		REASON_EVENT_MISMATCH, "module 0 (vmkernel.elf): command line"},
	{"driver flipped", flip_driver, NULL, REASON_EVENT_MISMATCH, "module 1 (e1000.vpk): image"},
	{"agent flipped", flip_agent, NULL, REASON_EVENT_MISMATCH, "module 2 (agent.vpk): image"},
	{"configuration flipped", flip_config, NULL, REASON_EVENT_MISMATCH,
		"module 3 (host.vpk): image"},
	{"module removed", remove_agent, NULL, REASON_EVENT_MISSING, "agent.vpk"},
	{"module added", add_module, NULL, REASON_EVENT_UNEXPECTED, "TB_MEASUREMENT"},
	{"modules swapped", swap_modules, NULL, REASON_EVENT_ORDER, "vpk"},
	{"an unknown module at run time", load_stranger_late, NULL, REASON_EVENT_UNEXPECTED,
		"evil"},
	{"what the CPU protects with", cpu_measured, NULL, REASON_NONE, ""},
	{"that twice", cpu_measured_twice, NULL, REASON_EVENT_UNEXPECTED, "CPU"},
	{"that in other words", cpu_measured_badly, NULL, REASON_EVENT_SEMANTICS, "CPU"},
	{"a CPU as the policy wants it", demand_smep, NULL, REASON_NONE, ""},
	{"a CPU without what the policy wants", demand_smap, NULL, REASON_CPU_PROTECTION,
		"CPU: smap"},
	{"a kernel that says nothing of its CPU", demand_of_the_silent, NULL, REASON_CPU_PROTECTION,
		"CPU: nx"},
	{"an allowed module twice", load_allowed_twice, NULL, REASON_EVENT_UNEXPECTED, "late"},

	{"never launched", never_launched, NULL, REASON_NOT_LAUNCHED, "PCR 17"},
	{"never launched, no logs", never_launched, drop_logs, REASON_NOT_LAUNCHED, "PCR 17"},
	{"never launched, golden log", never_launched_golden_log, NULL, REASON_NOT_LAUNCHED,
		"PCR 17"},
	{"reset from locality 4 without an event", reset_without_event, NULL, REASON_NOT_LAUNCHED,
		"PCR 17"},
	{"launched, no logs", NULL, drop_logs, REASON_LOG_REQUIRED, "txt-drtm"},

	{"log cut inside a record", NULL, truncate_mid_record, REASON_LOG_TRUNCATED, "log vmk"},
	{"log cut between records", truncate_last_record, NULL, REASON_LOG_TRUNCATED,
		"BOOT_COMPLETE"},
	{"kernel's log emptied", truncate_all_vmk, NULL, REASON_PCR_NOT_COVERED, "PCR 19"},
	{"log header bent", NULL, bend_header, REASON_LOG_MALFORMED, "log txt-drtm"},
	{"log padded", NULL, pad_log, REASON_LOG_MALFORMED, "log txt-drtm"},
	{"log reordered", reorder_log, NULL, REASON_REPLAY_MISMATCH, "agent.vpk"},
	{"log with a gap", drop_from_middle, NULL, REASON_REPLAY_MISMATCH, "agent.vpk"},
	{"log with an event too many", insert_into_log, NULL, REASON_REPLAY_MISMATCH,
		"SECURITY_OPTIONS"},
	{"a PCR that no log speaks of", extend_silently, NULL, REASON_PCR_NOT_COVERED, "PCR 22"},
	{"PCR 21 reset and extended with less", reset_and_extend_less, NULL, REASON_REPLAY_MISMATCH,
		"PCR 21"},
	{"PCR 20, 21 reset by another kernel", other_kernel_golden_claims, NULL,
		REASON_EVENT_MISMATCH, "vmkernel.elf"},
	{"HASH_START under another type", retype_start, NULL, REASON_EVENT_SEMANTICS,
		"ELEMENTS_HASH"},
	{"MLE_HASH under another type", retype_mle, NULL, REASON_EVENT_SEMANTICS, "tboot.gz"},
	{"package as boot complete", retype_package, NULL, REASON_EVENT_SEMANTICS, "BOOT_COMPLETE"},
	{"a second HASH_START", second_start, NULL, REASON_EVENT_SEMANTICS, "HASH_START"},
	{"SINIT event with other data", spoof_data, NULL, REASON_EVENT_SEMANTICS,
		"BIOSAC_REG_DATA"},
	{"kernel event with other text", spoof_text, NULL, REASON_EVENT_SEMANTICS, "e1000.vpk"},
	{"tboot event with data", tboot_with_data, NULL, REASON_EVENT_SEMANTICS, "TB_MEASUREMENT"},
	{"SINIT event in the kernel's log", sinit_event_in_vmk, NULL, REASON_EVENT_SEMANTICS,
		"ELEMENTS_HASH"},
};

int main(void)
{
	return attacks_run(fixture_init, attacks, sizeof(attacks) / sizeof(attacks[0]));
}
