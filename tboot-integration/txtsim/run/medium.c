#include "tboot-integration/txtsim/run/medium.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"

/* ap_wake_mwait: Bochs' CPUs do not survive tboot's own way to park the others. */
#define TBOOT_ARGS     "logging=serial,memory loglvl=all ap_wake_mwait=true"
#define TBOOT_PACKAGED "/boot/tboot.gz"

/* A module of the boot medium: where it is, what it is called there, its command line. */
struct part {
	char path[PATH_MAX];
	const char *name;
	const char *cmdline;
};

void medium_add_module(struct medium *m, const char *value)
{
	if (m->modules == MEDIUM_MODULES_MAX)
		fail("at most %d --module", MEDIUM_MODULES_MAX);
	m->module[m->modules++] = value;
}

static void split(const char *value, struct part *part)
{
	size_t size = strcspn(value, ",");
	const char *slash;

	if (size >= sizeof(part->path))
		fail("the path is too long: %s", value);
	memcpy(part->path, value, size);
	part->path[size] = 0;
	part->cmdline = value[size] ? value + size + 1 : "";
	slash = strrchr(part->path, '/');
	part->name = slash ? slash + 1 : part->path;
	if (access(part->path, R_OK))
		fail("cannot read %s: %s", part->path, strerror(errno));
}

/* Runs a program whose output is `name` in `directory`. */
static void produce(const char *directory, const char *name, const char *const argv[])
{
	int status = process_run(directory, name, argv);

	if (status == EXIT_NO_PROGRAM)
		fail("%s is not installed", argv[0]);
	if (status)
		fail("%s failed: see %s/%s", argv[0], directory, name);
}

static void copy(const char *directory, const struct part *part)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (!realpath(part->path, from))
		fail("cannot read %s: %s", part->path, strerror(errno));
	if (snprintf(to, sizeof(to), "%s/%s", directory, part->name) >= PATH_MAX)
		fail("the path is too long: %s", directory);
	if (!access(to, F_OK))
		fail("two files of the boot medium are called %s: rename one", part->name);
	produce(directory, ".copy.log", (const char *const[]){"cp", "-L", "--", from, to, NULL});
}

/* GRUB inflates a module byte by byte, which takes half of an emulated boot. */
static void copy_tboot(const char *directory, const char *path)
{
	char from[PATH_MAX];

	if (!realpath(path, from))
		fail("cannot read tboot, %s: %s (--tboot FILE names another; it is in Debian's "
		     "package tboot)",
			path, strerror(errno));
	produce(directory, "tboot.elf", (const char *const[]){"gzip", "-dcf", "--", from, NULL});
}

/* The text of boot.cfg, which vmkbootcfg then checks word by word. */
static void write_boot_cfg(const char *directory, const struct part *mle,
	const struct part *modules, unsigned count, bool tboot)
{
	char path[PATH_MAX];
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/boot.cfg", directory) >= PATH_MAX)
		fail("the path is too long: %s", directory);
	f = fopen(path, "w");
	if (!f)
		fail("cannot write %s: %s", path, strerror(errno));
	fprintf(f, "bootstate=0\ntitle=txtsim\ntimeout=0\nprefix=/boot\nkernel=%s\nkernelopt=%s\n",
		mle->name, mle->cmdline);
	fputs("modules=", f);
	for (unsigned i = 0; i < count; i++)
		fprintf(f, "%s%s%s%s", i ? " --- " : "", modules[i].name,
			*modules[i].cmdline ? " " : "", modules[i].cmdline);
	fprintf(f, "\nbuild=1\nupdated=1\nenableTboot=%d\n", tboot);
	if (fclose(f))
		fail("cannot write %s: %s", path, strerror(errno));
}

static void make_iso(struct run_options *o, const char *directory, const char *sinit, bool tboot)
{
	char mkiso[PATH_MAX], bin[PATH_MAX], boot_cfg[PATH_MAX], tboot_file[PATH_MAX];
	const char *argv[20] = {mkiso, "--boot-cfg", boot_cfg, "--from", directory, "--out", o->iso,
		"--enable-tboot", tboot ? "1" : "0"};
	unsigned n = 9;

	beside(mkiso, "lib/txtsim/mkiso");
	beside(bin, "lib/txtsim");
	workdir_path(o->iso, o, "boot.iso");
	workdir_path(boot_cfg, o, "medium/boot.cfg");
	workdir_path(tboot_file, o, "medium/tboot.elf");
	setenv("BIN", bin, 1);
	if (tboot) {
		argv[n++] = "--tboot";
		argv[n++] = tboot_file;
		argv[n++] = "--tboot-args";
		argv[n++] = o->medium.tboot_args ? o->medium.tboot_args : TBOOT_ARGS;
		if (*sinit) {
			argv[n++] = "--sinit";
			argv[n++] = sinit;
		}
	}
	produce(o->workdir, "mkiso.log", argv);
}

static void find_sinit(const struct medium *m, char to[PATH_MAX])
{
	if (m->sinit && !strcmp(m->sinit, "none")) {
		*to = 0;
		return;
	}
	if (m->sinit) {
		if (!realpath(m->sinit, to))
			fail("cannot read the SINIT module %s: %s", m->sinit, strerror(errno));
		return;
	}
	beside(to, "lib/txtsim/sinit.bin");
}

static void find_tboot(const struct medium *m, char to[PATH_MAX])
{
	beside(to, "lib/txtsim/tboot.elf");
	if (m->tboot && snprintf(to, PATH_MAX, "%s", m->tboot) >= PATH_MAX)
		fail("the path is too long: %s", m->tboot);
	if (!m->tboot && access(to, R_OK))
		strcpy(to, TBOOT_PACKAGED);
}

void medium_write(struct run_options *o)
{
	static struct part mle, modules[MEDIUM_MODULES_MAX + 1];
	const struct medium *m = &o->medium;
	bool tboot = !m->tboot || strcmp(m->tboot, "none") != 0;
	char directory[PATH_MAX], sinit[PATH_MAX], tboot_file[PATH_MAX];
	unsigned count = m->modules;

	workdir_path(directory, o, "medium");
	process_run(o->workdir, "medium.log", (const char *const[]){"rm", "-rf", directory, NULL});
	if (mkdir(directory, 0755))
		fail("cannot make %s: %s", directory, strerror(errno));
	find_sinit(m, sinit);
	split(m->mle, &mle);
	for (unsigned i = 0; i < count; i++)
		split(m->module[i], &modules[i]);
	if (tboot) {
		find_tboot(m, tboot_file);
		copy_tboot(directory, tboot_file);
	} else if (*sinit) {
		/* An MLE that launches itself finds SINIT among its modules, as tboot does. */
		split(sinit, &modules[count++]);
	}
	copy(directory, &mle);
	for (unsigned i = 0; i < count; i++)
		copy(directory, &modules[i]);
	write_boot_cfg(directory, &mle, modules, count, tboot);
	make_iso(o, directory, sinit, tboot);
}
