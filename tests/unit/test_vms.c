/* sources: kernel/vmkuser/vms.c kernel/vmkvm/life.c kernel/vmkvm/console.c */
/* sources: tests/unit/shim/audit.c */
/* The machines that there are: how they come and go, each step of their lives, what is refused, and
 * that nobody speaks to a VM that is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/time.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "tests/unit/shim/audit.h"
#include "tests/unit/shim/journal.h"
#include "vmknet/switch.h"
#include "vmkuser/uworld.h"
#include "vmkuser/vms.h"
#include "vmkvm/vm.h"

/* The only VM that lives at a time. */
struct vm {
	struct vm_owner owner;
	unsigned references;
};
static struct vm vm;
static struct package image = {.name = "guest",
	.version = "1",
	.kind = PACKAGE_VM,
	.vm_vcpus = 2,
	.vm_memory_kib = 4096,
	.vm_network = true};
static struct package vmx = {.name = "vmx"};
static enum vmk_status creating, starting;
static bool switched_off_meanwhile; /* while its VMX world starts */
static const char *expected_name = "guest";
static char said[512];
static bool locked;
static uint64_t now;

uint64_t spin_lock(struct spinlock *lock)
{
	assert_false(locked);
	locked = true;
	return 0;
}

static uint32_t asked_meanwhile; /* a machine that an administrator acts on whenever he may */

void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	const uint32_t id = asked_meanwhile;

	locked = false;
	if (!id)
		return;
	asked_meanwhile = 0;
	vms_act(id, VM_RESET);
	vms_act(id, VM_STOP);
	asked_meanwhile = id;
}

void event_signal(struct event *event)
{
}

static unsigned objects; /* that were asked for and not given back */
static bool heap_is_empty;

void *heap_alloc(size_t bytes)
{
	if (heap_is_empty)
		return NULL;
	objects++;
	return calloc(1, bytes);
}

void heap_free(void *memory)
{
	assert_false(locked);
	objects--;
	free(memory);
}

uint64_t time_ns(void)
{
	return ++now;
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	va_list args;

	assert_false(locked);
	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

enum vmk_status vm_create(const struct package *package, const struct vm_owner *owner,
	struct vm **created, char why[VM_WHY_BYTES])
{
	note("create ");
	snprintf(why, VM_WHY_BYTES, "no room");
	if (creating != VMK_OK)
		return creating;
	assert_int_equal(vm.references, 0);
	vm = (struct vm){*owner, 1};
	*created = &vm;
	return VMK_OK;
}

void vm_get(struct vm *v)
{
	assert_int_not_equal(v->references, 0);
	v->references++;
}

void vm_put(struct vm *v)
{
	assert_false(locked);
	assert_int_not_equal(v->references, 0);
	if (--v->references == 0)
		v->owner.gone(v->owner.context);
}

static bool has_twin; /* the switch knows a port of that address */

bool switch_guest_clashes(const char *name, char *owner, size_t size)
{
	assert_false(locked);
	assert_string_equal(name, expected_name);
	snprintf(owner, size, "other");
	return has_twin;
}

static uint32_t resumed_meanwhile; /* a machine that another administrator resumes */

void vm_pause(struct vm *v, bool paused)
{
	const uint32_t id = resumed_meanwhile;

	if (id) {
		resumed_meanwhile = 0;
		assert_int_equal(vms_act(id, VM_RESUME), VMK_OK);
	}
	note(paused ? "pause " : "resume ");
}

void vm_memory_usage(struct vm *v, struct vm_usage *usage)
{
	*usage = (struct vm_usage){.granted = 100, .large = 2};
}

void vm_kernel_memory(struct vm *v, struct vm_kernel_memory *memory)
{
	*memory = (struct vm_kernel_memory){50000, 20000};
}

size_t heap_object_bytes(size_t asked)
{
	return 7000;
}

void vm_balloon_info(const struct vm *v, struct vm_balloon_info *info)
{
	*info = (struct vm_balloon_info){.pages = 10, .target = 20};
}

void vm_balloon_stats(struct vm *v, struct vmk_vm_stats *stats)
{
	*stats = (struct vmk_vm_stats){.known = 1, .value = {30}};
}

void vm_balloon_ask(struct vm *v, uint64_t frames)
{
	assert_int_not_equal(v->references, 0);
	note("memory %u ", (unsigned)frames);
}

void vm_ask_for(struct vm *v, enum vmk_vm_request_kind kind)
{
	assert_int_not_equal(v->references, 0);
	note("ask %u ", (unsigned)kind);
}

uint32_t vm_shares(const struct package *package)
{
	return 2000;
}

/* Its VMX world ends: what uworld.c does then. */
static void end(void)
{
	vm.owner.ended(vm.owner.context);
	vm_put(&vm);
}

enum vmk_status uworld_start_vmx(
	const struct package *package, const struct package *of, struct vm *v)
{
	assert_ptr_equal(package, &vmx);
	assert_string_equal(of->name, expected_name);
	note("vmx ");
	if (switched_off_meanwhile)
		assert_int_equal(vms_act(1, VM_HARD_STOP), VMK_OK);
	switched_off_meanwhile = false;
	if (starting != VMK_OK)
		end();
	return starting;
}

enum vmk_status uworld_kill_vmx(const struct vm *v)
{
	assert_int_not_equal(v->references, 0);
	note("kill %s ", expected_name);
	return VMK_OK;
}

static struct vmk_info_vm info;

static enum vmk_vm_state state_now(void)
{
	memset(&info, 0, sizeof(info));
	assert_true(vms_describe(0, &info));
	return info.state;
}

static int load(void **state)
{
	return vms_create(&image, image.name);
}

static int fresh(void **state)
{
	creating = starting = VMK_OK;
	journal[0] = said[0] = 0;
	return 0;
}

static void without_a_vmx_world(void **state)
{
	assert_int_equal(vms_start(1), VMK_NOT_FOUND);
	assert_string_equal(journal, "");
	assert_string_equal(said, "VM guest: not powered on: there is no package with a VMX world");
	assert_int_equal(state_now(), VMK_VM_OFF);
	assert_string_equal(info.why, "there is no package with a VMX world");
	vms_set_vmx(&vmx);
	vms_set_vmx(&image); /* the first counts */
}

static void is_described(void **state)
{
	assert_int_equal(vms_count(), 1);
	assert_int_equal(vms_find("guest"), 1);
	assert_int_equal(vms_find("other"), 0);
	assert_int_equal(state_now(), VMK_VM_OFF);
	assert_int_equal(info.id, 1);
	assert_int_equal(info.vcpus, 2);
	assert_int_equal(info.shares, 2000);
	assert_int_equal(info.kernel_bytes, 7000);
	assert_int_equal(info.vcpu_kernel_bytes, 0);
	assert_false(vms_describe(1, &info));
	assert_int_equal(vms_start(2), VMK_NOT_FOUND);
	assert_int_equal(vms_start(0), VMK_NOT_FOUND);
	assert_int_equal(vms_act(2, VM_PAUSE), VMK_NOT_FOUND);
}

static void a_whole_life(void **state)
{
	assert_int_equal(vms_start(1), VMK_OK);
	assert_int_equal(state_now(), VMK_VM_RUNNING);
	assert_int_equal(vms_start(1), VMK_BAD_STATE);
	assert_string_equal(said, "VM guest: cannot be created: it is running");
	assert_int_equal(vms_act(1, VM_RESUME), VMK_BAD_STATE);
	assert_int_equal(vms_act(1, VM_PAUSE), VMK_OK);
	assert_int_equal(state_now(), VMK_VM_PAUSED);
	assert_int_equal(vms_act(1, VM_STOP), VMK_BAD_STATE);
	assert_string_equal(said, "VM guest: cannot be asked to stop: it is paused");
	assert_int_equal(vms_act(1, VM_RESUME), VMK_OK);
	assert_int_equal(vms_act(1, VM_RESET), VMK_OK);
	assert_int_equal(vms_act(1, VM_STOP), VMK_OK);
	assert_int_equal(state_now(), VMK_VM_RUNNING);
	assert_int_equal(vms_act(1, VM_HARD_STOP), VMK_OK);
	assert_int_equal(state_now(), VMK_VM_ENDING);
	assert_int_equal(vms_start(1), VMK_BAD_STATE);
	assert_string_equal(journal, "create vmx pause resume ask 6 ask 5 kill guest ");
	assert_int_equal(vm.references, 1);
	end();
	assert_int_equal(state_now(), VMK_VM_OFF);
	assert_int_equal(info.starts, 1);
}

static void wake(void)
{
	struct vm_console *console;

	assert_int_equal(vms_attach(1, &console), VMK_OK);
	vms_wake(console);
	vms_detach(console);
}

/* Another's order comes in between: the last of the two is what holds. */
static void is_resumed_while_it_is_paused(void **state)
{
	assert_int_equal(vms_start(1), VMK_OK);
	resumed_meanwhile = 1;
	assert_int_equal(vms_act(1, VM_PAUSE), VMK_OK);
	assert_string_equal(journal, "create vmx resume pause resume ");
	assert_int_equal(state_now(), VMK_VM_RUNNING);
	end();
}

static void is_switched_off_while_it_starts(void **state)
{
	switched_off_meanwhile = true;
	assert_int_equal(vms_start(1), VMK_OK);
	assert_int_equal(state_now(), VMK_VM_ENDING);
	assert_string_equal(journal, "create vmx kill guest kill guest ");
	end();
	assert_int_equal(state_now(), VMK_VM_OFF);
}

/* From one step to the next it is either there or cannot be asked. */
static void is_asked_while_it_ends(void **state)
{
	assert_int_equal(vms_start(1), VMK_OK);
	asked_meanwhile = 1;
	end();
	asked_meanwhile = 0;
	assert_int_equal(state_now(), VMK_VM_OFF);
}

/* Whoever has a reference keeps the memory, and with it the machine from being powered on. */
static void ends_with_its_last_thread(void **state)
{
	assert_int_equal(vms_start(1), VMK_OK);
	vm_get(&vm);
	end();
	assert_int_equal(state_now(), VMK_VM_ENDING);
	journal[0] = 0;
	wake();
	assert_int_equal(vms_act(1, VM_RESET), VMK_BAD_STATE);
	assert_string_equal(journal, "");
	vm_put(&vm);
	assert_int_equal(state_now(), VMK_VM_OFF);
}

static void what_cannot_be_made_is_off(void **state)
{
	const unsigned before = shim_audit_counts[AUDIT_VM_POWER];

	creating = VMK_NO_MEMORY;
	assert_int_equal(vms_start(1), VMK_NO_MEMORY);
	assert_int_equal(state_now(), VMK_VM_OFF);
	assert_string_equal(info.why, "no room");
	assert_string_equal(shim_audit_last, "action=not powered on vm=1 name=guest why=no room");
	creating = VMK_OK;
	has_twin = true;
	assert_int_equal(vms_start(1), VMK_EXISTS);
	assert_int_equal(state_now(), VMK_VM_OFF);
	assert_string_equal(info.why, "network: a MAC address made of its name is that of other");
	has_twin = false;
	starting = VMK_EXISTS;
	assert_int_equal(vms_start(1), VMK_EXISTS);
	assert_int_equal(state_now(), VMK_VM_OFF);
	assert_string_equal(info.why, "its VMX world was not started: exists");
	assert_int_equal(shim_audit_counts[AUDIT_VM_POWER], before + 3);
	starting = VMK_OK;
	assert_int_equal(vms_start(1), VMK_OK);
	assert_int_equal(state_now(), VMK_VM_RUNNING);
	assert_string_equal(info.why, "");
	end();
}

static void a_console_outlives_the_vm(void **state)
{
	struct vm_console *console, *other;
	char text[8];
	size_t bytes;

	assert_int_equal(vms_attach(2, &console), VMK_NOT_FOUND);
	assert_int_equal(vms_attach(1, &console), VMK_OK);
	assert_int_equal(vms_attach(1, &other), VMK_BUSY);
	assert_int_equal(vm_console_read(console, text, 8, &bytes), VMK_NOT_PRESENT);
	assert_int_equal(vms_start(1), VMK_OK);
	assert_int_equal(vm_console_read(console, text, 8, &bytes), VMK_WOULD_BLOCK);
	assert_int_equal(state_now(), VMK_VM_RUNNING);
	assert_int_equal(info.attached, 1);
	assert_int_equal(info.kernel_bytes, 57000);
	assert_int_equal(info.vcpu_kernel_bytes, 20000);
	journal[0] = 0;
	vms_wake(console);
	assert_string_equal(journal, "ask 7 ");
	end();
	assert_int_equal(vm_console_read(console, text, 8, &bytes), VMK_NOT_PRESENT);
	vms_detach(console);
	assert_int_equal(vms_attach(1, &other), VMK_OK);
	assert_ptr_equal(other, console);
	vms_detach(console);
}

/* --- made when somebody asks, and forgotten */

static void two_of_one_package(void **state)
{
	char name[PACKAGE_NAME_MAX];
	uint32_t id;

	image.vm_autostart = true;
	assert_int_equal(vms_create(&image, "guest"), VMK_EXISTS);
	assert_int_equal(vms_create(&image, "a name that has no end within 32"), VMK_BAD_PARAM);
	assert_int_equal(vms_create(&image, "second"), VMK_OK);
	image.vm_autostart = false;
	id = vms_find("second");
	assert_int_equal(vms_count(), 2);
	memset(&info, 0, sizeof(info));
	assert_true(vms_describe(1, &info));
	assert_string_equal(info.name, "second");
	assert_string_equal(info.package, "guest");
	assert_int_equal(info.autostart, 0);
	assert_true(vms_name(id, name));
	assert_string_equal(name, "second");
	expected_name = "second";
	assert_int_equal(vms_start(id), VMK_OK);
	assert_int_equal(vms_destroy(id), VMK_BAD_STATE);
	assert_int_equal(vms_act(id, VM_HARD_STOP), VMK_OK);
	assert_string_equal(journal, "create vmx kill second ");
	end();
	assert_int_equal(vms_destroy(id), VMK_OK);
	assert_string_equal(said, "VM second: is destroyed; its package guest stays");
	expected_name = "guest";
}

static void what_is_destroyed_is_free(void **state)
{
	const unsigned before = objects;
	uint32_t last = vms_find("guest");

	assert_int_equal(vms_create(&image, "again"), VMK_OK);
	for (unsigned i = 0; i < 100; i++) {
		uint32_t id = vms_find("again");

		assert_true(id > last);
		last = id;
		assert_int_equal(vms_destroy(id), VMK_OK);
		assert_int_equal(vms_destroy(id), VMK_NOT_FOUND);
		assert_int_equal(vms_start(id), VMK_NOT_FOUND);
		assert_int_equal(vms_find("again"), 0);
		assert_int_equal(vms_create(&image, "again"), VMK_OK);
	}
	assert_int_equal(vms_destroy(vms_find("again")), VMK_OK);
	assert_int_equal(objects, before);
	assert_int_equal(vms_count(), 1);
}

/* The first of three goes: the others keep their ids, and their order. */
static void the_others_stay(void **state)
{
	uint32_t second, third;

	assert_int_equal(vms_create(&image, "second"), VMK_OK);
	assert_int_equal(vms_create(&image, "third"), VMK_OK);
	second = vms_find("second");
	third = vms_find("third");
	assert_int_equal(vms_destroy(vms_find("guest")), VMK_OK);
	assert_int_equal(vms_find("second"), second);
	assert_int_equal(vms_find("third"), third);
	memset(&info, 0, sizeof(info));
	assert_true(vms_describe(0, &info));
	assert_int_equal(info.id, second);
	assert_true(vms_describe(1, &info));
	assert_int_equal(info.id, third);
	assert_int_equal(vms_destroy(second), VMK_OK);
	assert_int_equal(vms_destroy(third), VMK_OK);
	assert_int_equal(objects, 0);
}

/* Whoever was attached finds out by himself, and then the last of it goes. */
static void a_console_outlives_its_machine(void **state)
{
	struct vm_console *console;
	char text[8];
	size_t bytes;

	assert_int_equal(vms_create(&image, "guest"), VMK_OK);
	assert_int_equal(vms_attach(vms_find("guest"), &console), VMK_OK);
	assert_int_equal(vms_destroy(vms_find("guest")), VMK_OK);
	assert_int_equal(vm_console_read(console, text, 8, &bytes), VMK_NOT_PRESENT);
	vms_wake(console);
	assert_int_equal(objects, 1);
	vms_detach(console);
	assert_int_equal(objects, 0);
}

static void there_is_an_end(void **state)
{
	char name[PACKAGE_NAME_MAX];

	heap_is_empty = true;
	assert_int_equal(vms_create(&image, "guest"), VMK_NO_MEMORY);
	heap_is_empty = false;
	for (unsigned i = 0; i < VMS_MAX; i++) {
		snprintf(name, sizeof(name), "vm%u", i);
		assert_int_equal(vms_create(&image, name), VMK_OK);
	}
	assert_int_equal(vms_create(&image, "guest"), VMK_NO_RESOURCES);
	assert_int_equal(objects, VMS_MAX);
	for (unsigned i = 0; i < VMS_MAX; i++) {
		snprintf(name, sizeof(name), "vm%u", i);
		assert_int_equal(vms_destroy(vms_find(name)), VMK_OK);
	}
	assert_int_equal(objects, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_vmx_world, fresh),
		cmocka_unit_test_setup(is_described, fresh),
		cmocka_unit_test_setup(a_whole_life, fresh),
		cmocka_unit_test_setup(is_resumed_while_it_is_paused, fresh),
		cmocka_unit_test_setup(is_switched_off_while_it_starts, fresh),
		cmocka_unit_test_setup(is_asked_while_it_ends, fresh),
		cmocka_unit_test_setup(ends_with_its_last_thread, fresh),
		cmocka_unit_test_setup(what_cannot_be_made_is_off, fresh),
		cmocka_unit_test_setup(a_console_outlives_the_vm, fresh),
		cmocka_unit_test_setup(two_of_one_package, fresh),
		cmocka_unit_test_setup(what_is_destroyed_is_free, fresh),
		cmocka_unit_test_setup(the_others_stay, fresh),
		cmocka_unit_test_setup(a_console_outlives_its_machine, fresh),
		cmocka_unit_test_setup(there_is_an_end, fresh),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
