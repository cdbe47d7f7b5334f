#include "tboot-integration/txtsim/run/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/run.h"

#define SMP_MAX       16u
#define BOCHS_SMP_MAX 8u
#define MEMORY_MIN    64u
#define MEMORY_MAX    65536u

const char run_usage[] =
	"txtsim run --iso FILE --workdir DIR [options]\n"
	"txtsim run --mle FILE[,ARGS] [--module FILE[,ARGS]]... --workdir DIR [options]\n"
	"  --mle FILE[,ARGS]    what tboot is to launch, with its command line: Linux, Xen, ...\n"
	"  --module FILE[,ARGS] a further module, in order; repeatable\n"
	"  --tboot FILE         tboot (the installation's, else /boot/tboot.gz); none: --mle is\n"
	"                       booted by GRUB and launches itself, with SINIT as its last module\n"
	"  --tboot-args TEXT    its command line, which is measured\n"
	"  --sinit FILE         the SINIT module (the installation's stand-in), or none\n"
	"  --platform NAME      bochs or qemu (bochs)\n"
	"  --smp N              CPUs, 1 to 16, in Bochs to 8 (1)\n"
	"  --mem MB             memory (512)\n"
	"  --model NAME         the emulator's CPU model (tigerlake; qemu: max)\n"
	"  --tpm-state DIR      swtpm's state; default DIR/tpm below the workdir, made if absent\n"
	"  --tpm MODE           on, absent, disabled, failed, hang (on)\n"
	"  --sinit-key FILE     PEM key that the platform trusts for SINIT (the stand-in's)\n"
	"  --sinit-key-hash HEX the same, as TXT.PUBLIC.KEY\n"
	"  --no-txt             a platform without TXT\n"
	"  --net                an e1000 with user-mode network, guest 10.0.2.15 by DHCP\n"
	"  --net-fwd P:H:G      forward host port H of 127.0.0.1 to guest port G; P is udp or tcp\n"
	"  --serial FILE        COM1's output (com1.log in the workdir); '-': also to stdout\n"
	"  --serial-in FIFO     what COM1 receives; made if absent; '-': standard input\n"
	"  --seed N             repeatable: seeded RDRAND and TPM2_GetRandom, fixed clock\n"
	"  --inject FAULT,...   what is wrong with the platform; --inject help [--json] lists all\n"
	"  --trace              log each GETSEC leaf and TXT register write\n"
	"  --timeout S          give up after S seconds of the emulator's processor time (none)\n"
	"  --until TEXT         stop, with success, when COM1 has shown TEXT\n"
	"  --reboots N          stop at the platform reset after the Nth\n"
	"  --no-reboot          the same as --reboots 0\n"
	"  --bochs-arg LINE     a further line for bochsrc\n"
	"  --dump-at REGEX      all RAM to memory.1, .2 ... whenever a line of COM1 matches "
	"(Bochs)\n"
	"  --count-vmx          VMX instructions of hypervisors, in vmx.counts (Bochs)\n"
	"With --platform qemu:\n"
	"  --uefi               UEFI firmware (OVMF) instead of a BIOS; only with --no-txt\n"
	"  --nic NAME           e1000, e1000e or igb (e1000); implies --net\n"
	"  --tpm-interface NAME tis or crb (tis; crb only with --no-txt)\n"
	"  --qemu-arg ARG       a further argument of QEMU, repeatable\n"
	"Exit status: 0 powered off or --until met, 1 cannot start, 3 the platform refused, 4 the\n"
	"emulator or the guest crashed, 5 one reset too many, 124 time-out, 128+N signal N.\n";

void fail(const char *format, ...)
{
	va_list args;

	fputs("txtsim: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

enum option_code {
	OPT_ISO = 256,
	OPT_WORKDIR,
	OPT_SMP,
	OPT_MEM,
	OPT_MODEL,
	OPT_TPM_STATE,
	OPT_TPM,
	OPT_SINIT_KEY,
	OPT_SINIT_KEY_HASH,
	OPT_NO_TXT,
	OPT_NET,
	OPT_NET_FWD,
	OPT_SERIAL,
	OPT_SEED,
	OPT_TRACE,
	OPT_TIMEOUT,
	OPT_UNTIL,
	OPT_NO_REBOOT,
	OPT_REBOOTS,
	OPT_BOCHS_ARG,
	OPT_PLUGIN,
	OPT_INJECT,
	OPT_MLE,
	OPT_MODULE,
	OPT_TBOOT,
	OPT_TBOOT_ARGS,
	OPT_SINIT,
	OPT_JSON,
	OPT_PLATFORM,
	OPT_SERIAL_IN,
	OPT_UEFI,
	OPT_NIC,
	OPT_TPM_INTERFACE,
	OPT_QEMU_ARG,
	OPT_DUMP_AT,
	OPT_COUNT_VMX,
};

static const struct option long_options[] = {
	{"iso", required_argument, NULL, OPT_ISO},
	{"workdir", required_argument, NULL, OPT_WORKDIR},
	{"smp", required_argument, NULL, OPT_SMP},
	{"mem", required_argument, NULL, OPT_MEM},
	{"model", required_argument, NULL, OPT_MODEL},
	{"tpm-state", required_argument, NULL, OPT_TPM_STATE},
	{"tpm", required_argument, NULL, OPT_TPM},
	{"sinit-key", required_argument, NULL, OPT_SINIT_KEY},
	{"sinit-key-hash", required_argument, NULL, OPT_SINIT_KEY_HASH},
	{"no-txt", no_argument, NULL, OPT_NO_TXT},
	{"net", no_argument, NULL, OPT_NET},
	{"net-fwd", required_argument, NULL, OPT_NET_FWD},
	{"serial", required_argument, NULL, OPT_SERIAL},
	{"seed", required_argument, NULL, OPT_SEED},
	{"trace", no_argument, NULL, OPT_TRACE},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"until", required_argument, NULL, OPT_UNTIL},
	{"no-reboot", no_argument, NULL, OPT_NO_REBOOT},
	{"reboots", required_argument, NULL, OPT_REBOOTS},
	{"bochs-arg", required_argument, NULL, OPT_BOCHS_ARG},
	{"plugin", required_argument, NULL, OPT_PLUGIN},
	{"inject", required_argument, NULL, OPT_INJECT},
	{"mle", required_argument, NULL, OPT_MLE},
	{"module", required_argument, NULL, OPT_MODULE},
	{"tboot", required_argument, NULL, OPT_TBOOT},
	{"tboot-args", required_argument, NULL, OPT_TBOOT_ARGS},
	{"sinit", required_argument, NULL, OPT_SINIT},
	{"json", no_argument, NULL, OPT_JSON},
	{"platform", required_argument, NULL, OPT_PLATFORM},
	{"serial-in", required_argument, NULL, OPT_SERIAL_IN},
	{"uefi", no_argument, NULL, OPT_UEFI},
	{"nic", required_argument, NULL, OPT_NIC},
	{"tpm-interface", required_argument, NULL, OPT_TPM_INTERFACE},
	{"qemu-arg", required_argument, NULL, OPT_QEMU_ARG},
	{"dump-at", required_argument, NULL, OPT_DUMP_AT},
	{"count-vmx", no_argument, NULL, OPT_COUNT_VMX},
	{NULL, 0, NULL, 0},
};

static unsigned number(const char *name, const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < min || n > max)
		fail("--%s must be a number from %u to %u, not '%s'", name, min, max, text);
	return (unsigned)n;
}

static void one_of(const char *name, const char *value, const char *const allowed[])
{
	for (; *allowed; allowed++) {
		if (!strcmp(value, *allowed))
			return;
	}
	fail("--%s does not know '%s'; see txtsim help", name, value);
}

/* Absolute form of a path whose last component need not exist yet. */
static void absolute(char to[PATH_MAX], const char *path)
{
	char cwd[PATH_MAX];
	int n;

	if (!getcwd(cwd, sizeof(cwd)))
		fail("the current directory is gone");
	n = *path == '/' ? snprintf(to, PATH_MAX, "%s", path)
			 : snprintf(to, PATH_MAX, "%s/%s", cwd, path);
	if (n >= PATH_MAX)
		fail("the path is too long: %s", path);
}

static void add_forward(struct run_options *o, const char *text)
{
	struct forward *f = &o->forward[o->forwards];
	char protocol[4];
	int used = 0;

	if (o->forwards == FORWARDS_MAX)
		fail("at most %d forwarded ports", FORWARDS_MAX);
	if (sscanf(text, "%3[a-z]:%u:%u%n", protocol, &f->host_port, &f->guest_port, &used) != 3 ||
		text[used] || (strcmp(protocol, "udp") && strcmp(protocol, "tcp")) ||
		f->host_port - 1 > 65534 || f->guest_port - 1 > 65534)
		fail("--net-fwd wants udp:HOSTPORT:GUESTPORT, not '%s'", text);
	f->tcp = !strcmp(protocol, "tcp");
	o->forwards++;
	o->net = true;
}

static void set_key_hash(struct run_options *o, const char *text)
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
		fail("--sinit-key-hash wants 64 hexadecimal digits");
	strcpy(o->key_hash, text);
}

static void take(struct run_options *o, int option, const char *value)
{
	switch (option) {
	case OPT_ISO:
		absolute(o->iso, value);
		break;
	case OPT_WORKDIR:
		absolute(o->workdir, value);
		break;
	case OPT_SMP:
		o->smp = number("smp", value, 1, SMP_MAX);
		break;
	case OPT_MEM:
		o->memory_mb = number("mem", value, MEMORY_MIN, MEMORY_MAX);
		break;
	case OPT_MODEL:
		o->model = value;
		break;
	case OPT_TPM_STATE:
		absolute(o->tpm_state, value);
		o->tpm_state_given = true;
		break;
	case OPT_TPM:
		o->tpm_mode = value;
		break;
	case OPT_SINIT_KEY:
		key_hash_of_file(value, o->key_hash);
		break;
	case OPT_SINIT_KEY_HASH:
		set_key_hash(o, value);
		break;
	case OPT_NO_TXT:
		o->txt = false;
		break;
	case OPT_NET:
		o->net = true;
		break;
	case OPT_NET_FWD:
		add_forward(o, value);
		break;
	case OPT_SERIAL:
		o->serial_to_stdout = !strcmp(value, "-");
		if (!o->serial_to_stdout)
			absolute(o->serial, value);
		break;
	case OPT_SEED:
		number("seed", value, 0, UINT_MAX);
		o->seed = value;
		break;
	case OPT_TRACE:
		o->trace = true;
		break;
	case OPT_TIMEOUT:
		o->timeout_s = number("timeout", value, 1, 1000000);
		break;
	case OPT_UNTIL:
		o->until = value;
		break;
	case OPT_DUMP_AT:
		o->dump_at = value;
		break;
	case OPT_COUNT_VMX:
		o->count_vmx = true;
		break;
	case OPT_NO_REBOOT:
		o->reboots = 0;
		break;
	case OPT_REBOOTS:
		o->reboots = number("reboots", value, 0, UINT_MAX - 1);
		break;
	case OPT_BOCHS_ARG:
		if (o->bochs_args == BOCHS_ARGS_MAX)
			fail("at most %d --bochs-arg", BOCHS_ARGS_MAX);
		o->bochs_arg[o->bochs_args++] = value;
		break;
	case OPT_MLE:
		o->medium.mle = value;
		break;
	case OPT_MODULE:
		medium_add_module(&o->medium, value);
		break;
	case OPT_TBOOT:
		o->medium.tboot = value;
		break;
	case OPT_TBOOT_ARGS:
		o->medium.tboot_args = value;
		break;
	case OPT_SINIT:
		o->medium.sinit = value;
		break;
	case OPT_INJECT:
		o->inject = value;
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_PLUGIN:
		absolute(o->plugin, value);
		break;
	case OPT_PLATFORM:
		one_of("platform", value, (const char *const[]){"bochs", "qemu", NULL});
		o->emulator = *value == 'q' ? EMULATOR_QEMU : EMULATOR_BOCHS;
		break;
	case OPT_SERIAL_IN:
		if (strcmp(value, "-") != 0)
			absolute(o->serial_in, value);
		else
			strcpy(o->serial_in, value);
		break;
	case OPT_UEFI:
		o->uefi = true;
		break;
	case OPT_NIC:
		one_of("nic", value, (const char *const[]){"e1000", "e1000e", "igb", NULL});
		o->nic = value;
		o->net = true;
		break;
	case OPT_TPM_INTERFACE:
		one_of("tpm-interface", value, (const char *const[]){"tis", "crb", NULL});
		o->tpm_interface = value;
		break;
	case OPT_QEMU_ARG:
		if (o->qemu_args == QEMU_ARGS_MAX)
			fail("at most %d --qemu-arg", QEMU_ARGS_MAX);
		o->qemu_arg[o->qemu_args++] = value;
		break;
	default: /* getopt has said what is wrong */
		fail("`txtsim help` lists the options of run");
	}
}

/* A file that the build leaves beside this program's directory. */
void beside(char to[PATH_MAX], const char *relative)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n < 0)
		fail("/proc/self/exe: %s", strerror(errno));
	exe[n] = 0;
	for (int i = 0; i < 2; i++) {
		slash = strrchr(exe, '/');
		if (slash)
			*slash = 0;
	}
	if (snprintf(to, PATH_MAX, "%s/%s", exe, relative) >= PATH_MAX)
		fail("the path is too long: %s", exe);
}

static void below(char to[PATH_MAX], const char *directory, const char *name)
{
	if (snprintf(to, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		fail("the path is too long: %s", directory);
}

void workdir_path(char to[PATH_MAX], const struct run_options *o, const char *name)
{
	below(to, o->workdir, name);
}

/* What only one of the emulators can do is refused for the other. */
static void check_emulator(const struct run_options *o)
{
	if (o->emulator == EMULATOR_BOCHS) {
		if (o->uefi || o->nic || o->tpm_interface || o->qemu_args)
			fail("--uefi, --nic, --tpm-interface and --qemu-arg need --platform qemu");
		if (o->smp > BOCHS_SMP_MAX)
			fail("Bochs has at most %u CPUs: --platform qemu for more", BOCHS_SMP_MAX);
		if (access(o->plugin, R_OK))
			fail("the Bochs plugin %s is absent: run make txtsim", o->plugin);
		return;
	}
	if (o->dump_at)
		fail("--dump-at needs --platform bochs: QEMU's monitor has pmemsave");
	if (o->count_vmx)
		fail("--count-vmx needs --platform bochs: only there are VT-x and its handlers");
	if (o->seed)
		fail("--seed needs --platform bochs: QEMU's processors are not repeatable");
	if (o->bochs_args)
		fail("--bochs-arg needs --platform bochs");
	if (o->txt && o->uefi)
		fail("--uefi needs --no-txt: this tboot's launch is the BIOS's");
	if (o->txt && o->tpm_interface && !strcmp(o->tpm_interface, "crb"))
		fail("--tpm-interface crb needs --no-txt: QEMU's has one locality");
}

static void complete(struct run_options *o)
{
	char sinit[PATH_MAX];

	if (!*o->workdir || !*o->iso == !o->medium.mle)
		fail("--workdir and one of --iso and --mle are needed; see txtsim help");
	if (*o->iso && access(o->iso, R_OK))
		fail("cannot read the boot image %s: %s", o->iso, strerror(errno));
	if (mkdir(o->workdir, 0755) && errno != EEXIST)
		fail("cannot make the workdir %s: %s", o->workdir, strerror(errno));
	if (!*o->tpm_state)
		below(o->tpm_state, o->workdir, "tpm");
	if (!*o->serial)
		below(o->serial, o->workdir, "com1.log");
	if (!*o->plugin)
		beside(o->plugin, "lib/libbx_txtsim.so");
	check_emulator(o);
	if (!*o->key_hash && (o->txt || o->emulator == EMULATOR_BOCHS)) {
		beside(sinit, "lib/txtsim/sinit.bin");
		key_hash_of_sinit(sinit, o->key_hash);
	}
	if (o->medium.mle)
		medium_write(o);
}

void options_parse(struct run_options *o, int argc, char **argv)
{
	int option;

	*o = (struct run_options){.smp = 1,
		.memory_mb = 512,
		.txt = true,
		.reboots = REBOOTS_ENDLESS,
		.tpm_mode = "on",
		.inject = ""};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take(o, option, optarg);
	if (optind != argc)
		fail("what is '%s'? see txtsim help", argv[optind]);
	if (!strcmp(o->inject, "help")) {
		inject_print(o->json);
		exit(0);
	}
	inject_check(o);
	if (!o->model)
		o->model = o->emulator == EMULATOR_QEMU ? "max" : "tigerlake";
	complete(o);
}
