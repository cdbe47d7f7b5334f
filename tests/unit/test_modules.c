/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkmod/modules.c kernel/vmkmod/package.c kernel/vmkmod/manifest.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/keyval.c kernel/lib/hex.c tests/unit/shim/package_bytes.c */
/* sources: kernel/vmkvm/image.c kernel/vmkmod/admission.c kernel/vmkmod/load_policy.c */
/* sources: kernel/trust/security.c kernel/boot/options.c kernel/vmkmod/catalog.c */
/* sources: kernel/vmkmod/drivers.c */
/* Boot packages: order, refusals, and that nothing starts which was not verified and measured. */
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
#include "tests/unit/shim/package_bytes.h"
#include "trust/trust.h"
#include "lib/lock.h"
#include "vmkmod/drivers.h"
#include "vmkmod/module.h"
#include "vmkmod/modules.h"
#include "vmkmod/package.h"
#include <vmkuser/info.h>
#include "vmkuser/uworld.h"
#include "vmkuser/vms.h"
#include "vmkvm/image.h"
#include "vmkvm/vm.h"

/* What the loader calls: it writes down what happened, in order. */
static char journal[4096];
static enum vmk_status verdict, measuring, starting, stopping, creating;
static bool changed;        /* the bytes of packages, since they were verified */
static void (*later)(void); /* what is done once all is loaded, and noted */
static bool whole_events;

static void note(const char *format, ...)
{
	size_t at = strlen(journal);
	va_list args;

	va_start(args, format);
	vsnprintf(journal + at, sizeof(journal) - at, format, args);
	va_end(args);
}

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
	char manifest[512];

	snprintf(manifest, sizeof(manifest),
		"name=%s\nversion=1\nprovider=merlon\nkind=%s\nlevel=PartnerSupported\n%s%s",
		cmdline, kind, strcmp(kind, "driver") ? "" : "vmkapi=3\n", more);
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
static void boot_vm(const char *name, const char *autostart)
{
	struct {
		struct vm_image_header header;
		struct vm_image_entry entry;
		char content[4];
	} image = {{VM_IMAGE_MAGIC, VM_IMAGE_VERSION, 1}, {"flat", 64, 4}, "code"};
	char manifest[64];

	snprintf(manifest, sizeof(manifest), "vcpus=2\nmemory-kib=4096\nautostart=%s\n", autostart);
	boot_module_bytes(name, "vm", manifest, &image, 68);
}

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

static void test_order(void **state)
{
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	boot_module("config", "config", "", "hostname=h\n");
	boot_module("e1000", "driver", "", "ELF");
	assert_string_equal(boot(),
		"verify config; measure 21 config name=config; "
		"verify agent; measure 19 package name=agent; "
		"verify e1000; measure 19 package name=e1000; driver e1000; world agent; "
		"config hostname=h\n");
}

static void test_not_a_package(void **state)
{
	boot_module("first", "driver", "", "ELF");
	boot_module("second", "driver", "", "ELF");
	files[0].data[0] = 'X';
	info.modules[1].bytes = 10;
	assert_string_equal(boot(),
		"error first.pkg refused: bad-format: not a package: magic; "
		"error second.pkg refused: truncated: file is shorter than a package header; ");
}

static void test_not_verified(void **state)
{
	verdict = VMK_BAD_SIGNATURE;
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	boot_module("config", "config", "", "a=b\n");
	assert_string_equal(boot(),
		"verify config; error config.pkg refused: bad-signature: the reason; "
		"verify agent; error agent.pkg refused: bad-signature: the reason; ");
}

static void test_level(void **state)
{
	char *level;

	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	level = strstr((char *)files[0].data + 64, "PartnerSupported");
	memcpy(level, "CommunitySupporte", 16);
	assert_string_equal(boot(), "error agent.pkg refused: bad-format: manifest: level; ");

	reset(state);
	info.module_count = 1;
	package_bytes_make(&files[0],
		"name=agent\nversion=1\nprovider=m\nkind=driver\nlevel=CommunitySupported\nvmkapi="
		"3\n",
		"ELF", 3);
	info.modules[0] = (struct boot_module){
		.start = hpa((uintptr_t)files[0].data), .bytes = files[0].size, .cmdline = "agent"};
	assert_string_equal(boot(), "verify agent; error agent refused: level-too-low: its "
				    "acceptance level is below the host's; ");
}

/* The option is the command line's; a name that is none lets nothing in by mistake. */
static void test_host_level(void **state)
{
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	strcpy(info.cmdline, "cpus=2 acceptanceLevel=Accepted");
	assert_string_equal(boot(), "verify agent; error agent.pkg refused: level-too-low: its "
				    "acceptance level is below the host's; ");
	reset(state);
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	strcpy(info.cmdline, "acceptanceLevel=accepted");
	assert_string_equal(boot(),
		"error acceptanceLevel=: expected the name of an acceptance level: Certified is "
		"taken, so that no package loads by mistake; verify agent; error agent.pkg "
		"refused: "
		"level-too-low: its acceptance level is below the host's; ");
}

static void count_records(void)
{
	note("| audit: policy %u, refused %u", shim_audit_counts[AUDIT_POLICY],
		shim_audit_counts[AUDIT_PACKAGE_REFUSED]);
}

/* Before everything else, whatever its place among the modules. */
static void test_policy_first(void **state)
{
	boot_module("agent", "world", "syscalls=exit\nsecurity-version=2\n", "ELF");
	boot_module("config", "config", "", "a=b\n");
	boot_module("policy", "policy", "", "floor.agent=3\nfloor.config=1\n");
	boot_module("second", "policy", "", "floor.agent=1\n");
	later = count_records;
	assert_string_equal(boot(),
		"verify policy; measure 19 package name=polic; "
		"verify second; error second.pkg refused: exists: there is a policy already; "
		"verify config; error config.pkg refused: rolled-back: its security-version is "
		"below the policy's floor; verify agent; error agent.pkg refused: rolled-back: "
		"its security-version is below the policy's floor; | audit: policy 1, refused 3");
}

static void test_twice(void **state)
{
	boot_module("config", "config", "", "a=b\n");
	boot_module("other", "config", "", "a=c\n");
	boot_module("e1000", "driver", "", "ELF");
	boot_module("e1000", "driver", "", "OTHER");
	assert_string_equal(boot(),
		"verify config; measure 21 config name=config; "
		"verify other; error other.pkg refused: exists: there is a configuration already; "
		"verify e1000; measure 19 package name=e1000; driver e1000; "
		"verify e1000; error e1000.pkg refused: duplicate-name: a package of this name is "
		"loaded "
		"already; config a=b\n");
}

static void test_bad_configuration(void **state)
{
	boot_module("config", "config", "", "hostname\n");
	assert_string_equal(boot(),
		"verify config; error config.pkg refused: bad-format: no '=' in the line; ");
	reset(state);
	boot_module("config", "config", "", "a=b\na=c\n");
	assert_string_equal(
		boot(), "verify config; error config.pkg refused: exists: key stands twice; ");
}

static void test_virtual_machine(void **state)
{
	boot_vm("guest", "yes");
	boot_vm("later", "no");
	boot_module("vmx", "world", "syscalls=exit\nvm=yes\nvm-calls=2\n", "elf");
	assert_string_equal(boot(),
		"verify guest; measure 20 vm name=guest vers; machine guest 2; verify later; "
		"measure 20 vm name=later vers; machine later 2; verify vmx; "
		"measure 19 package name=vmx v; devices vmx; find guest; start 7; ");
}

static void test_virtual_machine_refused(void **state)
{
	boot_module("guest", "vm", "vcpus=2\nmemory-kib=4096\n", "image");
	assert_string_equal(boot(), "verify guest; error guest.pkg refused: truncated: VM image: "
				    "shorter than its header; ");
}

static void test_virtual_machine_without_room(void **state)
{
	creating = VMK_NO_MEMORY;
	boot_vm("guest", "yes");
	assert_string_equal(boot(), "verify guest; measure 20 vm name=guest vers; machine guest 2; "
				    "error guest did not start: no-memory: no memory for its "
				    "record; find guest; start 7; ");
}

static void test_not_measured(void **state)
{
	measuring = VMK_TPM_ERROR;
	boot_module("e1000", "driver", "", "ELF");
	assert_string_equal(boot(), "verify e1000; measure 19 package name=e1000; "
				    "error e1000.pkg refused: "
				    "tpm-error: it could not be measured; ");
	/* Without a measured launch nothing can be measured, and the verdict says so. */
	reset(state);
	measuring = VMK_NOT_MEASURED;
	starting = VMK_IO_ERROR;
	boot_module("e1000", "driver", "", "ELF");
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; "
		"driver e1000; error e1000 did not start: io-error: the device is ill; ");
	/* That a machine has none of a driver's devices is no error. */
	starting = VMK_NOT_FOUND;
	assert_string_equal(boot(), "verify e1000; measure 19 package name=e1000; driver e1000; ");
}

/* The whole texts: they are the protocol (attest/PROTOCOL.md). */
static void test_event_texts(void **state)
{
#define AB "abababababababab"
	whole_events = true;
	boot_module("config", "config", "", "a=b\n");
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	assert_string_equal(boot(),
		"verify config; measure 21 config name=config version=1 provider=merlon "
		"sha256=" AB AB AB AB "; verify agent; "
		"measure 19 package name=agent version=1 kind=world provider=merlon "
		"level=PartnerSupported sha256=" AB AB AB AB "; world agent; config a=b\n");
}

/* --- while the kernel runs */

static const char *why_of(unsigned index)
{
	static struct vmk_info_module module;

	memset(&module, 0, sizeof(module));
	assert_true(modules_describe(index, &module));
	return module.why;
}

/* What follows is done in boot()'s process. */
static void load_unload(void)
{
	starting = VMK_OK;
	note("| %d; ", drivers_load(0, "tester"));
	note("| %d %d; ", drivers_load(0, "tester") == VMK_EXISTS,
		drivers_load(7, "tester") == VMK_NOT_FOUND);
	note("| %d; ", drivers_unload(0, "tester"));
	note("| %d; ", drivers_unload(0, "tester") == VMK_BAD_STATE);
	note("| %d; ", drivers_load(0, "tester"));
	stopping = VMK_BUSY;
	note("| %d %s; ", drivers_unload(0, "tester") == VMK_BUSY, why_of(0));
}

/* Verified at boot, measured when it is first loaded, and that once. */
static void test_manual(void **state)
{
	boot_options = " load=manual";
	boot_module("e1000", "driver", "", "ELF");
	later = load_unload;
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; driver e1000; | 0; | 1 1; stop; | 0; "
		"| 1; driver e1000; | 0; stop; | 1 world agent has a port on its network; ");
}

/* What boot has measured is not measured again. */
static void test_load_again(void **state)
{
	boot_module("e1000", "driver", "", "ELF");
	starting = VMK_NOT_FOUND;
	later = load_unload;
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; driver e1000; driver e1000; | 0; "
		"| 1 1; stop; | 0; | 1; driver e1000; | 0; stop; "
		"| 1 world agent has a port on its network; ");
}

static void load_bad(void)
{
	changed = true;
	note("| %d %s; ", drivers_load(0, "tester") == VMK_BAD_SIGNATURE, why_of(0));
	changed = false;
	measuring = VMK_TPM_ERROR;
	note("| %d %s; ", drivers_load(0, "tester") == VMK_TPM_ERROR, why_of(0));
	measuring = VMK_OK;
	starting = VMK_IO_ERROR;
	note("| %d %s; ", drivers_load(0, "tester") == VMK_IO_ERROR, why_of(0));
	note("| %d; ", drivers_load(1, "tester") == VMK_UNSUPPORTED);
	note("| %d; ", drivers_unload(1, "tester") == VMK_UNSUPPORTED);
	note("| %d %s; ", drivers_load(2, "tester") == VMK_DUPLICATE_NAME, why_of(2));
}

/* Nothing starts that is not what was verified, or that could not be measured. */
static void test_load_refused(void **state)
{
	boot_options = " load=manual";
	boot_module("e1000", "driver", "", "ELF");
	boot_options = "";
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	boot_module("e1000", "driver", "", "ELF");
	later = load_bad;
	assert_string_equal(boot(),
		"verify e1000; verify agent; measure 19 package name=agent; verify e1000; "
		"error e1000.pkg refused: duplicate-name: a package of this name is loaded "
		"already; world agent; "
		"| 1 its bytes are not those that were verified; "
		"measure 19 package name=e1000; | 1 it could not be measured; "
		"measure 19 package name=e1000; driver e1000; | 1 the device is ill; | 1; | 1; "
		"| 1 a package of this name is loaded already; ");
}

static void unload_required(void)
{
	struct vmk_info_module module = {0};

	note("| %d %s; ", drivers_unload(0, "tester") == VMK_BUSY, why_of(0));
	modules_describe(0, &module);
	note("%s %s; ", module.used_by, module.requires);
	modules_describe(1, &module);
	note("%s; ", module.requires);
	note("| %d", drivers_unload(1, "tester"));
	note(" %d; ", drivers_unload(0, "tester"));
	note("| %d %s; ", drivers_load(1, "tester") == VMK_BAD_STATE, why_of(1));
}

static void test_requires(void **state)
{
	boot_module("bus", "driver", "", "ELF");
	boot_module("disk", "driver", "requires=bus\n", "ELF");
	boot_module("early", "driver", "requires=bus,none\n", "ELF");
	later = unload_required;
	assert_string_equal(boot(),
		"verify bus; measure 19 package name=bus v; driver bus; "
		"verify disk; measure 19 package name=disk ; driver disk; "
		"verify early; measure 19 package name=early; error early did not start: "
		"bad-state: it requires module none, which is not loaded; "
		"| 1 module disk requires it; disk ; bus; stop; | 0stop;  0; "
		"| 1 it requires module bus, which is not loaded; ");
}

#define PARAMETERS "parameters=speed:1-100:10,depth:0-9:5\n"

static void set_parameters(void)
{
	struct vmk_info_parameter p = {0};

	note("| %u; ", modules_parameter_count());
	note("%d ", modules_describe_parameter(1, &p));
	note("%s %s %u %u-%u %u; ", p.module, p.name, p.value, p.least, p.most, p.usual);
	note("%d %d %d; ", drivers_set_parameter(0, 101, "tester") == VMK_BAD_PARAM,
		drivers_set_parameter(2, 1, "tester") == VMK_NOT_FOUND,
		drivers_set_parameter(0, 100, "tester"));
	assert_string_equal(shim_audit_last,
		"world=tester setting=module parameter module=e1000 parameter=speed value=100");
	note("%d ", drivers_unload(0, "tester"));
	drivers_load(0, "tester");
}

static void test_parameters(void **state)
{
	boot_options = "  depth=7 load=boot";
	boot_module("e1000", "driver", PARAMETERS, "ELF");
	later = set_parameters;
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; driver e1000 10 7; "
		"| 2; 1 e1000 depth 7 0-9 5; 1 1 0; stop; 0 driver e1000 100 7; ");
}

static void test_bad_options(void **state)
{
	static const struct {
		const char *options, *why;
	} bad[] = {
		{" depth=10", "a parameter is not within its limits"},
		{" depth=", "a word is not NAME=NUMBER"},
		{" depth=4294967296", "a word is not NAME=NUMBER"},
		{" quiet", "a word is not NAME=NUMBER"},
		{" width=3", "its manifest declares no such parameter"},
		{" load=never", "load= is neither boot nor manual"},
	};
	char expected[256];

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		reset(state);
		boot_options = bad[i].options;
		boot_module("e1000", "driver", PARAMETERS, "ELF");
		snprintf(expected, sizeof(expected),
			"verify e1000; error e1000.pkg refused: bad-param: its options: %s; ",
			bad[i].why);
		assert_string_equal(boot(), expected);
	}
	reset(state);
	boot_options = " load=manual";
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	assert_string_equal(boot(), "verify agent; error agent.pkg refused: bad-param: its "
				    "options: load=manual is for drivers; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, reset),
		cmocka_unit_test_setup(test_event_texts, reset),
		cmocka_unit_test_setup(test_not_a_package, reset),
		cmocka_unit_test_setup(test_not_verified, reset),
		cmocka_unit_test_setup(test_level, reset),
		cmocka_unit_test_setup(test_host_level, reset),
		cmocka_unit_test_setup(test_policy_first, reset),
		cmocka_unit_test_setup(test_twice, reset),
		cmocka_unit_test_setup(test_bad_configuration, reset),
		cmocka_unit_test_setup(test_virtual_machine, reset),
		cmocka_unit_test_setup(test_virtual_machine_refused, reset),
		cmocka_unit_test_setup(test_virtual_machine_without_room, reset),
		cmocka_unit_test_setup(test_not_measured, reset),
		cmocka_unit_test_setup(test_manual, reset),
		cmocka_unit_test_setup(test_load_again, reset),
		cmocka_unit_test_setup(test_load_refused, reset),
		cmocka_unit_test_setup(test_requires, reset),
		cmocka_unit_test_setup(test_parameters, reset),
		cmocka_unit_test_setup(test_bad_options, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
