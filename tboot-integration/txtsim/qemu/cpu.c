/* Instructions that the platform takes over, at breakpoints in the MLE's code. */
#include <string.h>

#include "tboot-integration/txtsim/model/acpi.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/dump.h"
#include "tboot-integration/txtsim/model/getsec.h"
#include "tboot-integration/txtsim/qemu/edge.h"
#include "tboot-integration/txtsim/run/options.h"

#define MULTIBOOT2_MAGIC    0x36d76289u
#define CR0_PG_AM_WP        0x80050000u
#define CR4_SMXE            0x4000u
#define EFLAGS_RESERVED     0x2u
#define MSR_FEATURE_CONTROL 0x3au
/* Locked, VMX outside SMX: what the firmware leaves beside the bits for TXT. */
#define FEATURE_CONTROL_FIRMWARE 0x5u

/* An instruction's register number to GDB's. */
static const enum gdb_register register_of[8] = {
	GDB_EAX, GDB_ECX, GDB_EDX, GDB_EBX, GDB_ESP, GDB_EBP, GDB_ESI, GDB_EDI};

/* Where each MLE begins. QEMU counts breakpoints: one that is set twice would have to go twice. */
static void watch_entries(struct edge *e, bool watched)
{
	for (unsigned i = 0; e->entries_watched != watched && i < e->image_count; i++) {
		if (watched)
			gdb_break(&e->gdb, e->images[i].entry);
		else
			gdb_unbreak(&e->gdb, e->images[i].entry);
	}
	e->entries_watched = watched;
}

static void remove_breakpoints(struct edge *e)
{
	sites_forget(e);
	watch_entries(e, false);
	if (e->mtrr.begin)
		gdb_unbreak(&e->gdb, e->mtrr.end);
	if (e->wake.begin)
		gdb_unbreak(&e->gdb, e->wake.end);
	e->mtrr.begin = 0;
	e->wake.begin = 0;
}

void cpu_prepare(struct edge *e)
{
	remove_breakpoints(e);
	memset(e->smxe, 0, sizeof(e->smxe));
	watch_entries(e, true);
}

void cpu_resume(struct edge *e)
{
	memset(e->smxe, 0, sizeof(e->smxe));
	e->resumed = true;
}

/* Executes the instruction at a breakpoint as it is. */
static void step_over(struct edge *e, unsigned cpu, uint32_t address)
{
	gdb_unbreak(&e->gdb, address);
	gdb_step(&e->gdb, cpu);
	gdb_break(&e->gdb, address);
}

static void skip(struct edge *e, uint32_t eip, uint32_t bytes)
{
	gdb_write(&e->gdb, GDB_EIP, eip + bytes);
}

/* What the firmware has not done to the MTRRs; then the CPU goes on at `eip`, where it stands. */
static void set_mtrrs(struct edge *e, unsigned cpu, uint32_t eip)
{
	for (unsigned r = GDB_EAX; r <= GDB_EDX; r++)
		e->saved[r] = gdb_read(&e->gdb, (enum gdb_register)r);
	e->saved[GDB_EIP] = eip;
	e->saved[GDB_EFLAGS] = gdb_read(&e->gdb, GDB_EFLAGS);
	e->mtrr = guest_code_mtrr(&e->guest);
	e->mtrr_cpu = cpu;
	gdb_break(&e->gdb, e->mtrr.end);
	gdb_write(&e->gdb, GDB_EIP, e->mtrr.begin);
}

/* The loader has jumped to the MLE, which is still unmeasured. */
static void on_entry(struct edge *e, unsigned cpu, const struct mle_image *image)
{
	if ((uint32_t)gdb_read(&e->gdb, GDB_EAX) != MULTIBOOT2_MAGIC) {
		step_over(e, cpu, image->entry);
		return;
	}
	watch_entries(e, false);
	sites_find(e, image);
	sites_watch(e, image->entry);
	edge_log(e, "MLE entered at %#x: %u instructions watched", image->entry, e->site_count);
	set_mtrrs(e, cpu, image->entry);
}

/* One of our pieces of code has run: the CPU goes on where it was, `bytes` further. */
static void code_done(struct edge *e, struct guest_code *code, uint32_t bytes)
{
	gdb_unbreak(&e->gdb, code->end);
	code->begin = 0;
	for (unsigned r = GDB_EAX; r <= GDB_EDX; r++)
		gdb_write(&e->gdb, (enum gdb_register)r, e->saved[r]);
	gdb_write(&e->gdb, GDB_EFLAGS, e->saved[GDB_EFLAGS]);
	gdb_write(&e->gdb, GDB_EIP, e->saved[GDB_EIP] + bytes);
}

static void enter_mle(struct edge *e, const struct getsec_state *s)
{
	sites_watch(e, s->ebx);
	gdb_write(&e->gdb, GDB_CR4, 0);
	gdb_write(&e->gdb, GDB_CR0, s->cr0 & ~CR0_PG_AM_WP);
	gdb_write(&e->gdb, GDB_EFLAGS, EFLAGS_RESERVED);
	gdb_write(&e->gdb, GDB_EBX, s->ebx);
	gdb_write(&e->gdb, GDB_ECX, s->ecx);
	gdb_write(&e->gdb, GDB_EIP, s->ebx);
	tis_reset(&e->tis, &e->txt, e->tis_mode);
}

static void wake_others(struct edge *e, const struct getsec_state *s, uint32_t eip)
{
	unsigned others = e->txt.config.cpus - 1;
	uint8_t code[GUEST_TRAMPOLINE_SIZE];
	const uint8_t *old = guest_ram(&e->guest, GUEST_TRAMPOLINE, sizeof(code));

	edge_log(e, "WAKEUP: %u CPUs to entry %#x", others, s->join_entry);
	if (!others || !old) {
		skip(e, eip, 2);
		return;
	}
	memcpy(e->trampoline_saved, old, sizeof(code));
	guest_trampoline(
		code, s->join_gdt_limit, s->join_gdt_base, s->join_selector, s->join_entry);
	gdb_write_memory(&e->gdb, GUEST_TRAMPOLINE, code, sizeof(code));
	for (unsigned i = 0; i < EDGE_CPUS_MAX; i++)
		e->smxe[i] = true; /* the state in which a CPU joins */
	for (unsigned r = GDB_EAX; r <= GDB_EDX; r++)
		e->saved[r] = gdb_read(&e->gdb, (enum gdb_register)r);
	e->saved[GDB_EIP] = eip;
	e->saved[GDB_EFLAGS] = gdb_read(&e->gdb, GDB_EFLAGS);
	e->wake = guest_code_wake(&e->guest, others);
	e->wake_cpu = s->cpu;
	gdb_break(&e->gdb, e->wake.end);
	gdb_write(&e->gdb, GDB_EIP, e->wake.begin);
}

static void wake_done(struct edge *e)
{
	gdb_write_memory(
		&e->gdb, GUEST_TRAMPOLINE, e->trampoline_saved, sizeof(e->trampoline_saved));
	code_done(e, &e->wake, 2);
}

static void write_back(struct edge *e, const struct getsec_state *s, const struct getsec_state *old)
{
	if (s->eax != old->eax)
		gdb_write(&e->gdb, GDB_EAX, s->eax);
	if (s->ebx != old->ebx)
		gdb_write(&e->gdb, GDB_EBX, s->ebx);
	if (s->ecx != old->ecx)
		gdb_write(&e->gdb, GDB_ECX, s->ecx);
}

static void on_getsec(struct edge *e, unsigned cpu, uint32_t eip)
{
	struct getsec_state s = {.cpu = cpu}, old;

	if (!e->smxe[cpu]) {
		step_over(e, cpu, eip); /* #UD, as TCG has no GETSEC */
		return;
	}
	s.cpl = (unsigned)gdb_read(&e->gdb, GDB_CS) & 3;
	s.cr0 = (uint32_t)gdb_read(&e->gdb, GDB_CR0);
	s.eax = (uint32_t)gdb_read(&e->gdb, GDB_EAX);
	s.ebx = (uint32_t)gdb_read(&e->gdb, GDB_EBX);
	s.ecx = (uint32_t)gdb_read(&e->gdb, GDB_ECX);
	s.edx = (uint32_t)gdb_read(&e->gdb, GDB_EDX);
	if (e->gdb.broken)
		return;
	if (!e->all_watched)
		sites_watch(e, 0);
	old = s;
	if (s.eax == GETSEC_SENTER && !acpi_take_dmar(&e->txt))
		edge_log(e, "no DMAR among the ACPI tables");
	switch (txt_getsec(&e->txt, &s)) {
	case GETSEC_DONE:
		write_back(e, &s, &old);
		skip(e, eip, 2);
		break;
	case GETSEC_FAULT:
		edge_log(e, "cpu%u: GETSEC[%u] faults: #GP(0), which QEMU shows as #UD", cpu,
			old.eax);
		step_over(e, cpu, eip);
		break;
	case GETSEC_LAUNCH:
		txt_dump(&e->txt);
		enter_mle(e, &s);
		break;
	case GETSEC_WAKE:
		wake_others(e, &s, eip);
		break;
	case GETSEC_RESET:
		edge_log(e, "TXT shutdown");
		gdb_write(&e->gdb, GDB_EIP, guest_code_park(&e->guest));
		edge_request_reset(e);
		break;
	}
}

static void on_rdmsr(struct edge *e, unsigned cpu, uint32_t eip)
{
	if ((uint32_t)gdb_read(&e->gdb, GDB_ECX) != MSR_FEATURE_CONTROL) {
		step_over(e, cpu, eip);
		return;
	}
	gdb_write(&e->gdb, GDB_EAX, txt_feature_control(&e->txt, FEATURE_CONTROL_FIRMWARE));
	gdb_write(&e->gdb, GDB_EDX, 0);
	skip(e, eip, 2);
}

/* TCG does not take CR4.SMXE: the bit is kept here. */
static void on_cr4_write(struct edge *e, unsigned cpu, uint32_t eip, uint8_t reg)
{
	uint64_t value = gdb_read(&e->gdb, register_of[reg]);

	e->smxe[cpu] = value & CR4_SMXE && txt_has_smx(&e->txt);
	gdb_write(&e->gdb, GDB_CR4, value & ~(uint64_t)CR4_SMXE);
	skip(e, eip, 3);
}

static void on_cr4_read(struct edge *e, unsigned cpu, uint32_t eip, uint8_t reg)
{
	uint64_t value = gdb_read(&e->gdb, GDB_CR4);

	gdb_write(&e->gdb, register_of[reg], value | (e->smxe[cpu] ? CR4_SMXE : 0));
	skip(e, eip, 3);
}

/*
 * Code above 64 KiB that has just cleared CR0.PE goes on by the old CS on a processor; TCG cuts EIP
 * to 16 bits at once. So the far jump that follows, through a pointer in memory, is made here.
 */
static void on_real_mode(struct edge *e, unsigned cpu, uint32_t eip)
{
	static const enum gdb_register segments[] = {GDB_DS, GDB_ES, GDB_SS, GDB_FS, GDB_GS};
	const uint8_t *code = guest_ram(&e->guest, eip, 32), *jump, *target = NULL;

	jump = code ? memmem(code, 28, "\x66\x67\xff\x2d", 4) : NULL;
	if (jump)
		target = guest_ram(&e->guest, le32(jump + 4), 6);
	if (!target) {
		edge_log(e, "cpu%u: code at %#x goes to real mode in an unknown way", cpu, eip);
		step_over(e, cpu, eip);
		return;
	}
	for (unsigned i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
		gdb_write(&e->gdb, segments[i], 0);
	gdb_write(&e->gdb, GDB_CS, le16(target + 4));
	gdb_write(&e->gdb, GDB_EIP, le32(target));
}

static const struct site *site_at(const struct edge *e, uint32_t eip)
{
	for (unsigned i = 0; i < e->site_count; i++) {
		if (e->sites[i].address == eip)
			return &e->sites[i];
	}
	return NULL;
}

static void on_site(struct edge *e, unsigned cpu, const struct site *site)
{
	switch (site->kind) {
	case SITE_GETSEC:
		on_getsec(e, cpu, site->address);
		break;
	case SITE_RDMSR:
		on_rdmsr(e, cpu, site->address);
		break;
	case SITE_CR4_WRITE:
		on_cr4_write(e, cpu, site->address, site->reg);
		break;
	case SITE_CR4_READ:
		on_cr4_read(e, cpu, site->address, site->reg);
		break;
	case SITE_REAL_MODE:
		on_real_mode(e, cpu, site->address);
		break;
	}
}

void cpu_stopped(struct edge *e, unsigned cpu)
{
	const struct site *site;
	uint32_t eip;

	if (cpu >= e->txt.config.cpus)
		return;
	gdb_select(&e->gdb, cpu);
	eip = (uint32_t)gdb_read(&e->gdb, GDB_EIP);
	if (e->mtrr.begin && cpu == e->mtrr_cpu && eip == e->mtrr.end) {
		code_done(e, &e->mtrr, 0);
		return;
	}
	if (e->wake.begin && cpu == e->wake_cpu && eip == e->wake.end) {
		wake_done(e);
		return;
	}
	site = site_at(e, eip);
	if (site && e->resumed) {
		e->resumed = false;
		edge_restore_power(e);
		set_mtrrs(e, cpu, eip);
		return;
	}
	if (site) {
		on_site(e, cpu, site);
		return;
	}
	for (unsigned i = 0; !e->site_count && i < e->image_count; i++) {
		if (e->images[i].entry == eip) {
			on_entry(e, cpu, &e->images[i]);
			return;
		}
	}
}
