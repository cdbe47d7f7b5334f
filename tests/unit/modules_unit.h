/* The kernel around vmkmod/modules.c, for its tests: what it is asked for stands in a journal. */
#ifndef MODULES_UNIT_H
#define MODULES_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "boot/boot_info.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "tests/unit/shim/audit.h"
#include "tests/unit/shim/journal.h"
#include "tests/unit/shim/package_bytes.h"
#include "trust/trust.h"
#include "lib/lock.h"
#include "vmkmod/drivers.h"
#include "vmkmod/module.h"
#include "vmkmod/modules.h"
#include "vmkmod/package.h"
#include <vmkapi/module.h>
#include <vmkuser/info.h>
#include "vmkuser/uworld.h"
#include "vmkuser/vms.h"
#include "vmkvm/image.h"
#include "vmkvm/vm.h"

static enum vmk_status verdict, measuring, starting, stopping, creating;
static bool changed;        /* the bytes of packages, since they were verified */
static void (*later)(void); /* what is done once all is loaded, and noted */
static bool whole_events;

const uint8_t package_roots[4] = "root", package_roots_end[1];

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	if (severity != LOG_ER)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	note("error %s; ", text);
}
void *heap_alloc(size_t bytes)
{
	return calloc(1, bytes);
}
void heap_free(void *memory)
{
	free(memory);
}
void *direct_map(struct hpa address)
{
	return (void *)address.v;
}
enum vmk_status package_verify(
	struct package *package, const uint8_t *roots, size_t roots_bytes, const char **why)
{
	assert_ptr_equal(roots, package_roots);
	note("verify %s; ", package->name);
	memset(package->sha256, 0xab, sizeof(package->sha256));
	if (verdict == VMK_OK)
		package->path = (struct signature_path){
			.signer = "tester", .limit = LEVEL_CERTIFIED, .count = 2};
	memcpy(package->path.provider, package->provider, sizeof(package->provider));
	*why = verdict == VMK_OK ? NULL : "the reason";
	return verdict;
}
enum vmk_status trust_measure(enum vmk_event_type type, const char *text)
{
	static const struct {
		enum vmk_event_type type;
		const char *pcr;
	} others[] = {{VMK_EV_CONFIG, "21"}, {VMK_EV_VM_IMAGE, "20"}};
	const char *pcr = "19";

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].type == type)
			pcr = others[i].pcr;
	note("measure %s %.*s; ", pcr, whole_events ? 400 : 18, text);
	return measuring;
}
uint64_t spin_lock(struct spinlock *lock)
{
	assert_int_equal(lock->level, LOCK_MODULES);
	return 0;
}
void spin_unlock(struct spinlock *lock, uint64_t saved)
{
}
void trust_sha256(const void *data, size_t bytes, uint8_t digest[32])
{
	memset(digest, changed ? 0xcd : 0xab, 32);
}
enum vmk_status module_start(const struct package *package, const uint32_t *parameters,
	struct module **module, const char **why)
{
	note("driver %s", package->name);
	for (unsigned i = 0; i < package->parameter_count; i++)
		note(" %u", (unsigned)parameters[i]);
	note("; ");
	*why = starting == VMK_OK ? NULL : "the device is ill";
	*module = (struct module *)1;
	return starting;
}
enum vmk_status module_stop(struct module *module, char *user, size_t size)
{
	assert_non_null(module);
	snprintf(user, size, "agent");
	note("stop; ");
	return stopping;
}
uintptr_t module_base(const struct module *module)
{
	return 0x1000;
}
size_t module_bytes(const struct module *module)
{
	return 7;
}
enum vmk_status uworld_start(const struct package *package)
{
	note("world %s; ", package->name);
	return starting;
}

enum vmk_status vms_create(const struct package *image, const char *name)
{
	note("machine %s %u; ", image->name, (unsigned)image->vm_vcpus);
	return creating;
}
void vms_set_vmx(const struct package *package)
{
	note("devices %s; ", package->name);
}
uint32_t vms_find(const char *name)
{
	note("find %s; ", name);
	return 7;
}
enum vmk_status vms_start(uint32_t id)
{
	note("start %u; ", (unsigned)id);
	return VMK_NO_MEMORY;
}

static const char *boot_options = "";
static struct boot_info info;
const struct boot_info *boot_info = &info;
static struct package_bytes files[4];

static void boot_module_bytes(
	const char *cmdline, const char *kind, const char *more, const void *payload, size_t bytes)
{
	struct boot_module *m = &info.modules[info.module_count];
	struct package_bytes *file = &files[info.module_count++];
	char manifest[512], api[16];

	snprintf(api, sizeof(api), "vmkapi=%u\n", VMKAPI_VERSION);
	snprintf(manifest, sizeof(manifest),
		"name=%s\nversion=1\nprovider=merlon\nkind=%s\nlevel=PartnerSupported\n%s%s",
		cmdline, kind, !strcmp(kind, "driver") ? api : "", more);
	package_bytes_make(file, manifest, payload, bytes);
	m->start = hpa((uintptr_t)file->data);
	m->bytes = file->size;
	snprintf(m->cmdline, sizeof(m->cmdline), "/boot/%s.pkg%s", cmdline, boot_options);
}

static void boot_module(
	const char *cmdline, const char *kind, const char *more, const char *payload)
{
	boot_module_bytes(cmdline, kind, more, payload, strlen(payload));
}

/* A VM whose image has one file, of four bytes. */
/* The loader's state is per boot, so each boot happens in a process of its own. */
static const char *boot(void)
{
	static char text[sizeof(journal)];
	ssize_t got, at = 0;
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		size_t bytes;
		const char *config;

		modules_load_boot(&info);
		modules_start_worlds();
		config = modules_config(&bytes);
		if (config)
			note("config %.*s", (int)bytes, config);
		if (later)
			later();
		_exit(write(fds[1], journal, strlen(journal)) < 0);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + at, sizeof(text) - 1 - (size_t)at)) > 0)
		at += got;
	text[at] = 0;
	close(fds[0]);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	return text;
}

static int reset(void **state)
{
	memset(&info, 0, sizeof(info));
	journal[0] = 0;
	verdict = measuring = starting = stopping = creating = VMK_OK;
	whole_events = changed = false;
	later = NULL;
	boot_options = "";
	return 0;
}

#endif
