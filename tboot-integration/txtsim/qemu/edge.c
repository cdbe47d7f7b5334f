#include "tboot-integration/txtsim/qemu/edge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/model/dump.h"
#include "tboot-integration/txtsim/model/sinit.h"
#include "tboot-integration/txtsim/qemu/arguments.h"
#include "tboot-integration/txtsim/qemu/qmp.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"
#include "tboot-integration/txtsim/run/run.h"

/* The window of both register spaces, and the TPM's. */
#define BAR_TXT          0u
#define BAR_TIS          1u
#define BAR_MEMORY       2u
#define BAR_TXT_SIZE     (2 * TXT_WINDOW_SIZE)
#define BAR_TIS_SIZE     0x8000u

#define PCI_ADDRESS      0xcf8u
#define PCI_DATA         0xcfcu
#define PCI_COMMAND      4u
#define PCI_BAR          0x10u
#define MEMORY_DECODE    2u

#define LPC_SLOT         0x1fu
#define LPC_PMBASE       0x40u
#define LPC_ACPI_CONTROL 0x44u
#define LPC_ACPI_ENABLE  0x80u
#define PM_PORTS         0x600u
#define RESET_VECTOR     0xfffffff0u

/* swtpm's client knows no edge. */
static struct edge *the_edge;

static void log_line(void *ctx, const char *line)
{
	struct edge *e = ctx;

	fprintf(e->log, "[%11.6f] %s\n", process_now() - e->started, line);
	fflush(e->log);
}

void edge_log(struct edge *e, const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(e, line);
}

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(the_edge, line);
	fprintf(stderr, "txtsim: %s\n", line);
	exit(RUN_REFUSED);
}

static void tpm_answered(unsigned locality, uint32_t command, uint32_t response)
{
	double now = process_now() - the_edge->started;

	/* QEMU counts no instructions. */
	fprintf(the_edge->tpm_times, "%11.6f %9.3f 0 %u %#05x %#05x\n", now, now, locality, command,
		response);
	fflush(the_edge->tpm_times);
}

static bool read_ram(void *ctx, uint64_t pa, void *to, size_t size)
{
	struct edge *e = ctx;
	const uint8_t *from = guest_ram(&e->guest, pa, size);

	if (from)
		memcpy(to, from, size);
	return from;
}

static int tpm_command(void *ctx, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t response_max)
{
	struct edge *e = ctx;

	return swtpm_command(&e->swtpm, locality, command, size, response, response_max);
}

static bool tpm_hash(void *ctx, const void *data, size_t size)
{
	struct edge *e = ctx;

	return swtpm_hash(&e->swtpm, data, size);
}

static void scrub_ram(void *ctx)
{
	struct edge *e = ctx;

	guest_scrub(&e->guest);
}

void edge_request_reset(void *edge)
{
	struct edge *e = edge;

	edge_log(e, "platform reset requested");
	qmp_send(e->qmp, "system_reset", NULL);
}

static const struct txt_ops ops = {
	.read_ram = read_ram,
	.tpm_command = tpm_command,
	.tpm_hash = tpm_hash,
	.scrub_ram = scrub_ram,
	.request_reset = edge_request_reset,
	.log = log_line,
};

/* --- what the proxy device serves */

static uint64_t bar_read(void *ctx, uint64_t address, unsigned size)
{
	struct edge *e = ctx;

	if (address >= TXT_PRIVATE_BASE && address < TXT_PUBLIC_BASE + TXT_WINDOW_SIZE)
		return txt_read(&e->txt, (uint32_t)address, size);
	if (address >= TIS_BASE && address < TIS_BASE + TIS_SIZE)
		return tis_read(&e->tis, (uint32_t)address, size);
	return ~0ull;
}

static void bar_write(void *ctx, uint64_t address, uint64_t value, unsigned size)
{
	struct edge *e = ctx;

	if (address >= TXT_PRIVATE_BASE && address < TXT_PUBLIC_BASE + TXT_WINDOW_SIZE)
		txt_write(&e->txt, (uint32_t)address, value, size);
	else if (address >= TIS_BASE && address < TIS_BASE + TIS_SIZE)
		tis_write(&e->tis, (uint32_t)address, value, size);
}

/* --- life */

static FILE *create(const struct run_options *o, const char *name)
{
	char path[PATH_MAX];
	FILE *f;

	workdir_path(path, o, name);
	f = fopen(path, "we");
	if (!f)
		fail("cannot write %s: %s", path, strerror(errno));
	return f;
}

static void find_images(struct edge *e)
{
	int fd = open(e->options->iso, O_RDONLY | O_CLOEXEC);
	struct stat info;
	uint8_t *iso;

	if (fd < 0 || fstat(fd, &info))
		fail("cannot read %s: %s", e->options->iso, strerror(errno));
	iso = info.st_size ? mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
			   : MAP_FAILED;
	close(fd);
	if (iso == MAP_FAILED)
		fail("cannot map %s", e->options->iso);
	e->image_count = mle_images_find(iso, (size_t)info.st_size, e->images);
	munmap(iso, (size_t)info.st_size);
	edge_log(e, "%u MLE%s on the boot image", e->image_count, e->image_count == 1 ? "" : "s");
}

static void take_key_hash(struct txt_config *config, const char *text)
{
	for (unsigned i = 0; i < sizeof(config->public_key); i++)
		sscanf(text + 2 * i, "%2hhx", &config->public_key[i]);
}

static enum tis_mode mode_of(const char *name)
{
	if (!strcmp(name, "absent"))
		return TIS_ABSENT;
	if (!strcmp(name, "failed"))
		return TIS_FAILED;
	return strcmp(name, "hang") ? TIS_ON : TIS_HANG;
}

static void connect_tpm(struct edge *e)
{
	char path[PATH_MAX];

	if (e->tis_mode == TIS_ABSENT)
		return;
	workdir_path(path, e->options, "swtpm.sock");
	e->swtpm = (struct swtpm){.die = die, .answered = tpm_answered};
	swtpm_connect(&e->swtpm, path);
}

static void tpm_power_on(struct edge *e)
{
	tis_reset(&e->tis, &e->txt, e->tis_mode);
	if (e->tis_mode == TIS_ABSENT)
		return;
	swtpm_power_on(&e->swtpm);
	edge_log(e, "TPM2_Startup(CLEAR) done");
	if (strcmp(e->options->tpm_mode, "disabled") != 0)
		return;
	swtpm_disable(&e->swtpm);
	edge_log(e, "TPM disabled: owner and endorsement hierarchies are off");
}

static void tpm_resume(struct edge *e)
{
	tis_reset(&e->tis, &e->txt, e->tis_mode);
	if (e->tis_mode == TIS_ABSENT)
		return;
	if (swtpm_resume(&e->swtpm)) {
		edge_log(e, "TPM2_Startup(STATE) done");
		return;
	}
	edge_log(e, "the TPM's state was not saved before sleep");
	tpm_power_on(e);
}

/* QEMU also resets every device once at power-on. */
static void machine_reset(void *ctx)
{
	struct edge *e = ctx;

	if (!e->begun)
		return;
	if (e->waking) {
		edge_log(e, "reset out of sleep");
		txt_platform_wake(&e->txt);
		tpm_resume(e);
		return;
	}
	edge_log(e, "platform reset");
	txt_dump(&e->txt);
	txt_platform_reset(&e->txt);
	tpm_power_on(e);
	e->was_reset = true;
}

static const struct pciproxy_ops proxy_ops = {
	.read = bar_read, .write = bar_write, .reset = machine_reset};

void edge_open(struct edge *e, const struct run_options *o, struct qemu_fds *fds)
{
	struct txt_config config = {.cpus = o->smp, .trace = o->trace};
	const char *bad;
	size_t bad_size;

	*e = (struct edge){.options = o, .proxy_fd = fds->our_proxy, .gdb.fd = fds->our_gdb};
	the_edge = e;
	/* Where txt_dump() writes. */
	if (chdir(o->workdir))
		fail("cannot enter %s: %s", o->workdir, strerror(errno));
	e->started = process_now();
	e->log = create(o, "txtsim.log");
	e->tpm_times = create(o, "tpm.times");
	find_images(e);
	guest_make(&e->guest, o->memory_mb, &fds->ram, &fds->device);
	config.ram_below_4g = e->guest.below_4g;
	config.ram_above_4g = e->guest.above_4g;
	txt_faults_parse(o->inject, &config.faults, &bad, &bad_size);
	take_key_hash(&config, o->key_hash);
	txt_power_on(&e->txt, &ops, e, &config, e->guest.device);
	e->tis_mode = mode_of(o->tpm_mode);
	connect_tpm(e);
	tpm_power_on(e);
	pciproxy_init(&e->proxy, &proxy_ops, e);
	e->proxy.bar_size[BAR_TXT] = BAR_TXT_SIZE;
	e->proxy.bar_size[BAR_TIS] = BAR_TIS_SIZE;
}

/* --- a machine that is stopped at, or a little behind, its first instruction */

static bool monitor(struct edge *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool monitor(struct edge *e, const char *format, ...)
{
	char line[64], arguments[128];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	snprintf(arguments, sizeof(arguments), "{\"command-line\":\"%s\"}", line);
	return qmp_ask(e->qmp, "human-monitor-command", arguments);
}

static unsigned long pci_address(struct edge *e)
{
	const char *shown;

	if (!monitor(e, "i/w %#x", PCI_ADDRESS))
		return 0;
	shown = strchr(e->qmp->text, '=');
	return shown ? strtoul(shown + 1, NULL, 16) & 0xffffffff : 0;
}

static void pci_config_write(struct edge *e, unsigned slot, uint32_t at, uint32_t value)
{
	monitor(e, "o/w %#x %#x", PCI_ADDRESS, 1u << 31 | slot << 11 | at);
	monitor(e, "o/w %#x %#x", PCI_DATA, value);
}

void edge_restore_power(struct edge *e)
{
	unsigned long address = pci_address(e);

	pci_config_write(e, LPC_SLOT, LPC_PMBASE, PM_PORTS);
	pci_config_write(e, LPC_SLOT, LPC_ACPI_CONTROL, LPC_ACPI_ENABLE);
	monitor(e, "o/w %#x %#lx", PCI_ADDRESS, address);
}

/* Puts the windows where they belong; the firmware, which sees no such device, leaves them there.
 */
static void map_windows(struct edge *e)
{
	unsigned long address = pci_address(e);

	pci_config_write(e, TXT_PROXY_SLOT, PCI_BAR + 4 * BAR_TXT, TXT_PRIVATE_BASE);
	pci_config_write(e, TXT_PROXY_SLOT, PCI_BAR + 4 * BAR_TIS, TIS_BASE);
	pci_config_write(e, TXT_PROXY_SLOT, PCI_COMMAND, MEMORY_DECODE);
	/* On hardware this is RAM, and still there. */
	if (e->waking) {
		pci_config_write(e, TXT_MEMORY_SLOT, PCI_BAR + 4 * BAR_MEMORY, TXT_MEM_BASE);
		pci_config_write(e, TXT_MEMORY_SLOT, PCI_COMMAND, MEMORY_DECODE);
	}
	monitor(e, "o/w %#x %#lx", PCI_ADDRESS, address);
}

void edge_begin(struct edge *e, struct qmp *qmp, void (*pump)(void *), void *ctx)
{
	int gdb_fd = e->gdb.fd;

	e->qmp = qmp;
	gdb_init(&e->gdb, gdb_fd, pump, ctx);
	gdb_hello(&e->gdb);
	map_windows(e);
	cpu_prepare(e);
	e->begun = true;
	gdb_continue(&e->gdb);
}

unsigned edge_wants(const struct edge *e, struct pollfd *fds)
{
	unsigned n = 0;

	if (e->proxy_fd >= 0)
		fds[n++] = (struct pollfd){.fd = e->proxy_fd, .events = POLLIN};
	if (e->gdb.fd >= 0 && !e->gdb.broken)
		fds[n++] = (struct pollfd){.fd = e->gdb.fd, .events = POLLIN};
	return n;
}

void edge_serve(struct edge *e)
{
	if (e->proxy_fd >= 0 && !pciproxy_serve(&e->proxy, e->proxy_fd)) {
		close(e->proxy_fd);
		e->proxy_fd = -1;
	}
}

/*
 * With sleep the machine has stopped. Out of it the firmware is soon back in the MLE: the
 * breakpoint at its first instruction is set before, and those in the MLE stay where they are.
 */
static void wake(struct edge *e)
{
	edge_log(e, "the machine sleeps");
	e->waking = true;
	gdb_break(&e->gdb, RESET_VECTOR);
	qmp_send(e->qmp, "system_wakeup", NULL);
}

static void awake(struct edge *e)
{
	gdb_unbreak(&e->gdb, RESET_VECTOR);
	map_windows(e);
	cpu_resume(e);
	e->waking = false;
}

bool edge_run(struct edge *e)
{
	unsigned cpu;

	if (e->was_reset) {
		gdb_interrupt(&e->gdb);
		map_windows(e);
		cpu_prepare(e);
		e->was_reset = false;
		gdb_continue(&e->gdb);
	}
	if (e->qmp->suspends != e->suspends) {
		e->suspends = e->qmp->suspends;
		wake(e);
	}
	while (gdb_stopped(&e->gdb, &cpu)) {
		if (e->waking)
			awake(e);
		else
			cpu_stopped(e, cpu);
		gdb_continue(&e->gdb);
	}
	return !e->gdb.broken;
}

void edge_close(struct edge *e)
{
	txt_dump(&e->txt);
	if (e->tis_mode != TIS_ABSENT) {
		sinit_log_pcrs(&e->txt, "final");
		swtpm_close(&e->swtpm);
	}
	fclose(e->tpm_times);
	fclose(e->log);
}
