#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/run.h"

#define BIOS    "/usr/share/bochs/BIOS-bochs-latest"
#define VGABIOS "/usr/share/bochs/VGABIOS-lgpl-latest"
#define PLUGINS "/usr/lib/*/bochs/plugins/libbx_*.so"

/* Host memory that Bochs keeps resident; the rest of a larger guest goes through a file. */
#define RESIDENT_MAX_MB 2048u
/* 2026-01-01 00:00:00 UTC, the clock of a seeded run. */
#define SEEDED_TIME 1767225600

static FILE *create(const char *directory, const char *name)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "w");
	if (!f)
		fail("cannot write %s: %s", path, strerror(errno));
	return f;
}

static void close_file(FILE *f, const char *name)
{
	if (fclose(f))
		fail("cannot write %s: %s", name, strerror(errno));
}

static void link_plugin(const char *directory, const char *target)
{
	const char *name = strrchr(target, '/') + 1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= PATH_MAX)
		fail("the path is too long: %s", directory);
	unlink(path);
	if (symlink(target, path))
		fail("cannot link %s: %s", path, strerror(errno));
}

/* Bochs loads plugins from one directory: links to the packaged ones, and ours. */
static void link_plugins(const struct run_options *o)
{
	char directory[PATH_MAX];
	glob_t found;

	if (snprintf(directory, sizeof(directory), "%s/plugins", o->workdir) >= PATH_MAX)
		fail("the path is too long: %s", o->workdir);
	if (mkdir(directory, 0755) && errno != EEXIST)
		fail("cannot make %s: %s", directory, strerror(errno));
	if (glob(PLUGINS, 0, NULL, &found))
		fail("Bochs is not installed (no %s): apt-get install bochs bochs-term", PLUGINS);
	for (size_t i = 0; i < found.gl_pathc; i++)
		link_plugin(directory, found.gl_pathv[i]);
	globfree(&found);
	link_plugin(directory, o->plugin);
}

static void write_slirp(const struct run_options *o)
{
	FILE *f = create(o->workdir, "slirp.conf");

	/* Bochs recognizes the file by its first line. */
	fputs("# slirp config\n"
	      "restricted = 0\n"
	      "net = 10.0.2.0\n"
	      "mask = 255.255.255.0\n"
	      "host = 10.0.2.2\n"
	      "dhcpstart = 10.0.2.15\n"
	      "dns = 10.0.2.3\n",
		f);
	for (unsigned i = 0; i < o->forwards; i++)
		fprintf(f, "hostfwd = %s:127.0.0.1:%u-10.0.2.15:%u\n",
			o->forward[i].tcp ? "tcp" : "udp", o->forward[i].host_port,
			o->forward[i].guest_port);
	close_file(f, "slirp.conf");
}

static void write_machine(const struct run_options *o, FILE *f)
{
	unsigned resident = o->memory_mb < RESIDENT_MAX_MB ? o->memory_mb : RESIDENT_MAX_MB;

	fputs("plugin_ctrl: unmapped=1, biosdev=0, speaker=0, parallel=0, extfpuirq=0, gameport=0, "
	      "iodebug=1, txtsim=1\n"
	      "config_interface: textconfig\n"
	      "display_library: rfb, options=\"timeout=0\"\n",
		f);
	fprintf(f, "memory: guest=%u, host=%u\n", o->memory_mb, resident);
	fputs("romimage: file=" BIOS ", options=fastboot\n"
	      "vgaromimage: file=" VGABIOS "\n"
	      "vga: extension=none\n", /* GRUB 2.06 overruns its heap with VBE modes */
		f);
	/* tboot reads MSRs that Bochs lacks. */
	fprintf(f,
		"cpu: model=%s, count=%u, ips=50000000, reset_on_triple_fault=0, "
		"ignore_bad_msrs=1\n",
		o->model, o->smp);
	fputs("pci: enabled=1, chipset=i440fx\n", f);
	if (o->seed)
		fprintf(f, "clock: sync=none, time0=%d, rtc_sync=0\n", SEEDED_TIME);
	else
		fputs("clock: sync=none, time0=utc, rtc_sync=0\n", f);
}

static void write_devices(const struct run_options *o, unsigned com1_port, FILE *f)
{
	fputs("port_e9_hack: enabled=1\n", f);
	if (com1_port)
		fprintf(f, "com1: enabled=1, mode=socket-client, dev=localhost:%u\n", com1_port);
	else
		fprintf(f, "com1: enabled=1, mode=file, dev=\"%s\"\n", o->serial);
	fputs("ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n"
	      "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15\n",
		f);
	fprintf(f, "ata1-master: type=cdrom, path=\"%s\", status=inserted\n", o->iso);
	fputs("boot: cdrom\n"
	      "mouse: enabled=0\n",
		f);
	if (o->net)
		fputs("e1000: enabled=1, card=0, mac=52:54:00:12:34:56, ethmod=slirp, "
		      "script=slirp.conf\n",
			f);
	fputs("log: bochs.log\n"
	      "panic: action=fatal\n"
	      "error: action=report\n"
	      "info: action=report\n"
	      "debug: action=ignore\n"
	      "debugger_log: -\n",
		f);
	for (unsigned i = 0; i < o->bochs_args; i++)
		fprintf(f, "%s\n", o->bochs_arg[i]);
}

void config_write(const struct run_options *o, unsigned com1_port)
{
	FILE *f;

	if (access(BIOS, R_OK) || access(VGABIOS, R_OK))
		fail("Bochs' BIOS is absent: apt-get install bochsbios vgabios");
	link_plugins(o);
	if (o->net)
		write_slirp(o);
	f = create(o->workdir, "bochsrc");
	write_machine(o, f);
	write_devices(o, com1_port, f);
	close_file(f, "bochsrc");
	/* Bochs' debugger starts stopped. */
	f = create(o->workdir, "debugger.rc");
	fputs("c\nquit\n", f);
	close_file(f, "debugger.rc");
}
