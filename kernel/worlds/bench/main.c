/* Walks the paths of tests/benchmarks/paths.h on the VMkernel; one line of the log for each. */
#include "tests/benchmarks/paths.h"

#include <stdio.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#define GUEST_NS 1000000000ull /* in which the guest is done with what it measures */

static vmk_handle system_handle;

static _Noreturn void fail(const char *what, enum vmk_status status)
{
	printf("failed: %s: %d\n", what, (int)status);
	vmku_exit(1);
}

static void need(enum vmk_status found, enum vmk_status expected, const char *what)
{
	if (found != expected)
		fail(what, found);
}

static void round_nothing(void)
{
}

static void round_call(void)
{
	vmku_syscall(VMK_SYS_CLOCK, NO_CLOCK, 0, 0, 0, 0);
}

static void round_clock(void)
{
	uint64_t ns;

	vmku_clock(VMK_CLOCK_MONOTONIC, &ns);
}

static void round_poll(void)
{
	vmku_wait(NULL, 0, 0, NULL);
}

static void round_pointer(void)
{
	vmku_wait((const vmk_handle *)BAD_POINTER, 1, 0, NULL);
}

static void round_protect(void)
{
	static void *page;

	if (!page)
		need(vmku_map(4096, VMK_PROT_READ | VMK_PROT_WRITE, &page), VMK_OK, "map");
	vmku_protect(page, 4096, VMK_PROT_READ);
	vmku_protect(page, 4096, VMK_PROT_READ | VMK_PROT_WRITE);
}

static void map_pages(size_t count)
{
	void *pages;

	need(vmku_map(count * 4096, VMK_PROT_READ | VMK_PROT_WRITE, &pages), VMK_OK, "map");
	path_touch(pages, count);
	need(vmku_unmap(pages, count * 4096), VMK_OK, "unmap");
}

static void round_page(void)
{
	map_pages(1);
}

static void round_pages(void)
{
	map_pages(PAGES);
}

/* The other one is the world of a virtual machine, which sends back what its console brings. */
static void round_ping(void)
{
	char byte = '.';
	size_t bytes;

	need(vmku_vm_console_write(system_handle, &byte, 1, &bytes), VMK_OK, "write");
	need(vmku_wait(&system_handle, 1, VMKU_FOREVER, NULL), VMK_OK, "wait");
	need(vmku_vm_console_read(system_handle, &byte, 1, &bytes), VMK_OK, "read");
}

/* The guest measures an exit, then halts; from then on its world has time for pings. */
static void start_guest(void)
{
	struct vmk_info_vm vm;

	need(vmku_info(system_handle, VMK_INFO_VM, 0, &vm, sizeof(vm)), VMK_OK, "no VM");
	need(vmku_control(system_handle, VMK_CONTROL_VM_START, vm.id), VMK_OK, "VM");
	vmku_wait(NULL, 0, GUEST_NS, NULL);
	need(vmku_vm_attach(system_handle, vm.id), VMK_OK, "attach");
}

/* Each driver that waits to be loaded. */
static void load_modules(void)
{
	struct vmk_info_module module;

	for (uint32_t i = 0;
		vmku_info(system_handle, VMK_INFO_MODULE, i, &module, sizeof(module)) == VMK_OK;
		i++) {
		uint64_t ticks;

		if (strcmp(module.kind, "driver") != 0)
			continue;
		ticks = __builtin_ia32_rdtsc();
		need(vmku_control(system_handle, VMK_CONTROL_MODULE_LOAD, i), VMK_OK, module.name);
		ticks = __builtin_ia32_rdtsc() - ticks;
		printf("module %s: %llu ticks of %llu bytes\n", module.name,
			(unsigned long long)ticks, (unsigned long long)module.bytes);
	}
}

static const struct path paths[] = {
#define X(name, rounds) {#name, round_##name, rounds},
	PATHS(X)
#undef X
};

int main(void)
{
	uint64_t ns;

	system_handle = vmku_find("system", VMK_KIND_SYSTEM);
	need(vmku_clock(NO_CLOCK, &ns), VMK_BAD_PARAM, "a clock that is none");
	need(vmku_wait((const vmk_handle *)BAD_POINTER, 1, 0, NULL), VMK_BAD_ADDRESS, "a pointer");
	start_guest();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		printf("path %s: %llu ticks of %u rounds\n", paths[i].name,
			(unsigned long long)path_ticks(&paths[i]), paths[i].rounds);
	load_modules();
	puts("paths: done");
	return 0;
}
