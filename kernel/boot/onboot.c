#include "boot/onboot.h"
#include <string.h>
#include <vmkuser/info.h>
#include "arch/x86/irq.h"
#include "arch/x86/power.h"
#include "boot/boot_info.h"
#include "boot/lives.h"
#include "boot/options.h"
#include "lib/bitmap.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/audit.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "vmkmod/drivers.h"
#include "vmkmod/modules.h"
#include "vmkuser/uworld.h"
#include "vmkuser/vms.h"
#include "vmkvm/vm.h"

#define LOG_MODULE    "Boot"
#define KILL_AFTER_NS 3000000000ull
#define VM_POLL_NS    1000000ull
#define VM_SETTLE_NS  100000000ull
#define ROUNDS_MAX    100000u
/* Until the audit log only counts what happens again and again (vmkapi/audit.h). */
#define MODULE_ROUNDS_FIRST 40u

/* `names` is cut at its commas. */
static void kill_worlds(char *names)
{
	char *next;

	world_sleep(KILL_AFTER_NS);
	for (char *name = names; name; name = next) {
		next = strchr(name, ',');
		if (next)
			*next++ = 0;
		if (uworld_kill(name) != VMK_OK)
			vmk_warn("onboot=kill: no world %s lives", name);
	}
}

/* Without the tables that lead to something: what lies elsewhere after a round, as the record of a
 * VM that was made anew, needs one of its own or shares another's. One that leads nowhere counts.
 */
static uint64_t frames_in_use(void)
{
	uint64_t count = 0;

	for (unsigned owner = FRAME_FREE + 1; owner < FRAME_RESERVED; owner++)
		count += frames_count((enum frame_owner)owner);
	return count - audit_tables();
}

static bool find_module(const char *name, unsigned *index)
{
	for (*index = 0; *index < modules_count(); (*index)++) {
		struct vmk_info_module info = {0};

		if (modules_describe(*index, &info) && !strcmp(info.name, name))
			return true;
	}
	return false;
}

/* The VM of that name is another, as an administrator makes one of its package. */
static bool make_anew(const char *name)
{
	unsigned module;

	return find_module(name, &module) && vms_destroy(vms_find(name)) == VMK_OK &&
	       vms_create(modules_vm_image(module), name) == VMK_OK;
}

/* Made, powered on, until it is gone with the world that ran it. */
static void vm_round(const char *name, unsigned worlds)
{
	bool ends;

	if (!make_anew(name) || vms_start(vms_find(name)) != VMK_OK)
		return;
	/* The supervisor forgets a world right after it is off the list: one turn more. */
	do {
		ends = !vm_count() && worlds_count() == worlds;
		world_sleep(VM_POLL_NS);
	} while (!ends);
}

/* The first round fills what is kept for the next. */
static void vm_rounds(const char *name, unsigned count, unsigned worlds)
{
	uint64_t frames, heap;

	vm_round(name, worlds);
	frames = frames_in_use();
	heap = heap_bytes_used();
	for (unsigned i = 1; i < count; i++)
		vm_round(name, worlds);
	vmk_log("onboot=vms: %u rounds of %s, frames in use %llu before, %llu after, heap bytes "
		"%llu before, %llu after",
		count, name, (unsigned long long)frames, (unsigned long long)frames_in_use(),
		(unsigned long long)heap, (unsigned long long)heap_bytes_used());
}

/* "NAME:COUNT", cut at the colon; false if it is none. */
static bool read_rounds(char *word, unsigned *count)
{
	char *digit = strchr(word, ':');

	*count = 0;
	if (!digit)
		return false;
	*digit = 0;
	while (*++digit >= '0' && *digit <= '9' && *count < ROUNDS_MAX)
		*count = *count * 10 + (unsigned)(*digit - '0');
	return true;
}

/* NAME:COUNT, and more of them after commas: one after another. `words` is cut. */
static void power_on_vms(char *words)
{
	unsigned worlds, count;
	char *next;

	do
		world_sleep(VM_SETTLE_NS);
	while (vm_count());
	worlds = worlds_count();
	for (char *name = words; name; name = next) {
		next = strchr(name, ',');
		if (next)
			*next++ = 0;
		if (read_rounds(name, &count))
			vm_rounds(name, count, worlds);
	}
}

/* What loading a module takes, and unloading it must give back. */
struct taken {
	uint64_t frames, heap;
	unsigned interrupts;
};

static struct taken taken_now(void)
{
	return (struct taken){frames_in_use(), heap_bytes_used(), irq_slots_used()};
}

/* Where the image of the module was in each round: how many rounds moved it, and the address bits
 * that were not always the same. No more than that may be known. */
struct places {
	uintptr_t last, bits;
	unsigned moves;
};

static bool module_round(unsigned index, struct places *places)
{
	uintptr_t place;

	if (drivers_load(index, "onboot") != VMK_OK)
		return false;
	place = drivers_place(index);
	if (places->last) {
		places->bits |= place ^ places->last;
		places->moves += place != places->last;
	}
	places->last = place;
	return drivers_unload(index, "onboot") == VMK_OK;
}

static void module_rounds(const char *name, unsigned count)
{
	struct taken before = {0}, after;
	struct places places = {0};
	unsigned index, i = 0;

	if (!find_module(name, &index)) {
		vmk_warn("onboot=modules: there is no module %s", name);
		return;
	}
	drivers_unload(index, "onboot"); /* if it runs */
	for (; i < MODULE_ROUNDS_FIRST + count && module_round(index, &places); i++) {
		if (i == MODULE_ROUNDS_FIRST - 1)
			before = taken_now();
	}
	after = taken_now();
	vmk_log("onboot=modules: %u of %u rounds of %s, moved %u times in %u address bits", i,
		MODULE_ROUNDS_FIRST + count, name, places.moves, bitmap_count(places.bits));
	vmk_log("onboot=modules: before %llu frames, %llu heap bytes, %u interrupts",
		(unsigned long long)before.frames, (unsigned long long)before.heap,
		before.interrupts);
	vmk_log("onboot=modules: after %llu frames, %llu heap bytes, %u interrupts",
		(unsigned long long)after.frames, (unsigned long long)after.heap, after.interrupts);
}

/* NAME:COUNT, and more of them after commas. `words` is cut. */
static void load_modules(char *words)
{
	unsigned count;
	char *next;

	for (char *name = words; name; name = next) {
		next = strchr(name, ',');
		if (next)
			*next++ = 0;
		if (read_rounds(name, &count))
			module_rounds(name, count);
	}
	power_leave(POWER_OFF);
}

void onboot(void)
{
	char value[48];

	if (!option_get(boot_info->cmdline, "onboot", value, sizeof(value)))
		return;
	if (!strcmp(value, "poweroff"))
		power_leave(POWER_OFF);
	if (!strcmp(value, "reboot"))
		power_leave(POWER_REBOOT);
	if (!strcmp(value, "halt"))
		power_leave(POWER_HALT);
	if (!strcmp(value, "panic"))
		panic("asked for by onboot=panic");
	if (!strncmp(value, "vms:", 4)) {
		power_on_vms(value + 4);
		return;
	}
	if (!strncmp(value, "modules:", 8))
		load_modules(value + 8);
	if (!strncmp(value, "lives:", 6)) {
		watch_lives(value + 6);
		return;
	}
	if (!strncmp(value, "kill:", 5)) {
		kill_worlds(value + 5);
		return;
	}
	vmk_warn("onboot=%s: unknown", value);
}
