/* The device plugin itself: settings from the environment, Bochs' callbacks, the log. */
#include "tboot-integration/txtsim/bochs/plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/dump.h"
#include "tboot-integration/txtsim/model/sinit.h"

#define EXIT_REFUSED 3
#define EXIT_RESET   5

struct edge edge;

static FILE *log_file;
static uint8_t device_memory[TXT_MEM_SIZE] __attribute__((aligned(4096)));
static bool powered;

static void log_line(void *ctx, const char *line)
{
	fprintf(log_file ? log_file : stderr, "[%11.6f] %s\n",
		(double)bx_time_usec(bx_pc_system) / 1e6, line);
	fflush(log_file ? log_file : stderr);
}

void edge_log(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(NULL, line);
}

void edge_die(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "txtsim: %s\n", line);
	if (log_file)
		log_line(NULL, line);
	_exit(EXIT_REFUSED);
}

static void request_reset(void *ctx)
{
	edge_log("platform reset requested");
	bx_reset(bx_pc_system, BX_RESET_HARDWARE);
}

static const struct txt_ops ops = {
	.read_ram = memory_read,
	.tpm_command = tpm_command,
	.tpm_hash = tpm_hash,
	.scrub_ram = memory_scrub,
	.request_reset = request_reset,
	.log = log_line,
};

static bool flag(const char *name, bool otherwise)
{
	const char *value = getenv(name);

	return value ? *value == '1' : otherwise;
}

static void parse_key_hash(uint8_t hash[32])
{
	const char *text = getenv("TXTSIM_KEY_HASH");

	if (!text || strlen(text) != 64)
		edge_die("TXTSIM_KEY_HASH must be 64 hexadecimal digits");
	for (unsigned i = 0; i < 32; i++) {
		if (sscanf(text + 2 * i, "%2hhx", &hash[i]) != 1)
			edge_die("TXTSIM_KEY_HASH must be 64 hexadecimal digits");
	}
}

static uint64_t parse_faults(void)
{
	const char *names = getenv("TXTSIM_INJECT"), *bad;
	uint64_t faults;
	size_t size;

	if (!txt_faults_parse(names ? names : "", &faults, &bad, &size))
		edge_die("TXTSIM_INJECT: there is no fault %.*s", (int)size, bad);
	return faults;
}

static void parse_tpm_mode(void)
{
	const char *mode = getenv("TXTSIM_TPM_MODE");

	if (!mode || !strcmp(mode, "on"))
		return;
	if (!strcmp(mode, "absent"))
		edge.tis_mode = TIS_ABSENT;
	else if (!strcmp(mode, "failed"))
		edge.tis_mode = TIS_FAILED;
	else if (!strcmp(mode, "hang"))
		edge.tis_mode = TIS_HANG;
	else if (!strcmp(mode, "disabled"))
		edge.tpm_disabled = true;
	else
		edge_die("TXTSIM_TPM_MODE must be on, absent, disabled, failed or hang");
}

/* Bochs takes RDRAND and RDSEED from rand() and seeds that from the clock's seconds. */
static void seed_random(void)
{
	const char *seed = getenv("TXTSIM_SEED");
	unsigned real;

	if (seed) {
		tpm_seed(strtoull(seed, NULL, 0));
		srand((unsigned)strtoull(seed, NULL, 0));
		return;
	}
	if (getrandom(&real, sizeof(real), 0) != sizeof(real))
		edge_die("no random numbers from the host");
	srand(real);
}

static void open_log(void)
{
	const char *path = getenv("TXTSIM_LOG");

	log_file = path ? fopen(path, "w") : stderr;
	if (!log_file)
		edge_die("cannot write the log file %s", path);
}

static void device_init(void *device)
{
	struct txt_config config = {.cpus = bx_cpu_count};
	const char *socket = getenv("TXTSIM_TPM");

	open_log();
	stamp_init();
	identity_check();
	config.trace = flag("TXTSIM_TRACE", false);
	config.faults = parse_faults();
	edge.txt_enabled = flag("TXTSIM_TXT", true);
	parse_key_hash(config.public_key);
	parse_tpm_mode();
	txt_power_on(&edge.txt, &ops, NULL, &config, device_memory);
	if (edge.tis_mode != TIS_ABSENT) {
		if (!socket)
			edge_die("TXTSIM_TPM names no swtpm control socket");
		tpm_connect(socket);
	}
	memory_init();
	if (edge.txt_enabled) {
		wake_init();
		cpu_enable_smx();
	}
	firmware_init();
}

/* What the guest must find is read back through the emulator's own memory path. */
static void self_test(void)
{
	uint8_t id[8];

	if (edge.txt_enabled) {
		bx_read_physical(bx_cpu_array[0], TXT_PUBLIC_BASE + 0x110, sizeof(id), id);
		if (le64(id) != edge.txt.reg[TXT_REG_DIDVID])
			edge_die("self-test: TXT.DIDVID reads %#llx through Bochs' memory",
				(unsigned long long)le64(id));
	}
	bx_read_physical(bx_cpu_array[0], TIS_BASE + 0xf00, 4, id);
	if ((le32(id) == 0xffffffffu) == tis_present(&edge.tis))
		edge_die("self-test: TPM_DID_VID reads %#x through Bochs' memory", le32(id));
	edge_log("self-test passed: Bochs build, %shooks, registers, TPM",
		edge.txt_enabled ? "CPU offsets, " : "");
}

/* Whether this reset stays inside the run. */
static bool reboots_left(void)
{
	const char *reboots = getenv("TXTSIM_REBOOTS");
	static unsigned long done;

	return !reboots || done++ < strtoul(reboots, NULL, 10);
}

static void boot_again(void)
{
	edge_log("platform reset");
	if (!reboots_left()) {
		fflush(NULL);
		_exit(EXIT_RESET);
	}
	txt_dump(&edge.txt);
	txt_platform_reset(&edge.txt);
	firmware_reset();
}

static void wake(void)
{
	edge_log("reset out of sleep");
	txt_platform_wake(&edge.txt);
}

static void device_reset(void *device, unsigned type)
{
	bool woken;

	if (powered && type != BX_RESET_HARDWARE)
		return;
	woken = powered && memory_kept();
	if (!powered) {
		seed_random();
		cpu_install_hooks();
	} else {
		if (woken)
			wake();
		else
			boot_again();
		cpu_end_quantum();
	}
	tis_reset(&edge.tis, &edge.txt, edge.tis_mode);
	if (edge.tis_mode != TIS_ABSENT && woken)
		tpm_resume();
	else if (edge.tis_mode != TIS_ABSENT)
		tpm_power_on();
	if (!powered)
		self_test();
	powered = true;
}

__attribute__((destructor)) static void finish(void)
{
	if (powered)
		txt_dump(&edge.txt);
	if (powered && edge.tis_mode != TIS_ABSENT)
		sinit_log_pcrs(&edge.txt, "final");
}

static void nothing(void *device)
{
}

static void debug_dump(void *device, int argc, char **argv)
{
}

/* bx_devmodel_c: destructors, init, reset, register_state, after_restore_state, debug_dump. */
static void *functions[] = {(void *)nothing, (void *)nothing, (void *)device_init,
	(void *)device_reset, (void *)nothing, (void *)nothing, (void *)debug_dump, (void *)nothing,
	(void *)nothing};
static struct bx_device device_object = {.functions = functions};

__attribute__((visibility("default"))) int libtxtsim_plugin_entry(
	void *plugin, uint16_t type, uint8_t mode);

/* Bochs calls this by name, for each phase of a plugin's life. */
int libtxtsim_plugin_entry(void *plugin, uint16_t type, uint8_t mode)
{
	if (mode == BX_PLUGIN_PROBE)
		return BX_PLUGTYPE_STANDARD;
	if (mode == BX_PLUGIN_INIT) {
		cpu_save_opcode_row();
		pluginRegisterDeviceDevmodel(plugin, type, &device_object, "txtsim");
	}
	return 0;
}
