/* The VMX world: one virtual machine's devices in ring 3. Here are its system calls; the rest of
 * this folder is pure. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>
#include <vmkuser/vm.h>

#include "lib/panic.h"
#include "worlds/vmx/acpi.h"
#include "worlds/vmx/backlog.h"
#include "worlds/vmx/board.h"
#include "worlds/vmx/boot.h"
#include "worlds/vmx/lines.h"

#define FRAMES_AT_ONCE 64u
#define NONE           UINT32_MAX

static vmk_handle vm, port;
static struct vmk_vm_info info;
static struct board_config config;
static struct board board;
static struct lines lines;
static char command_line[BOOT_COMMAND_MAX];
static struct {
	uint32_t kernel, initrd, command, disk; /* indices of the image's files, or NONE */
} files = {NONE, NONE, NONE, NONE};
static bool wants_off, wants_reset;
static struct backlog backlog;
static bool attached, typed; /* somebody is at the console; he may have typed something */

/* --- the host of the devices --- */
/* The VM's time as it was when the last request came: it stands still while the VM is paused, and
 * no system call is needed to ask for it. */
static uint64_t clock_ns;

static uint64_t now(void *context)
{
	return clock_ns;
}

static uint64_t wall(void *context)
{
	uint64_t ns = 0;

	vmku_clock(VMK_CLOCK_WALL, &ns);
	return ns;
}

static void irq(void *context, unsigned gsi, bool level)
{
	vmku_vm_irq(vm, gsi, level);
}

static void intr(void *context, bool level)
{
	vmku_vm_irq(vm, VMK_VM_INTR, level);
}

static void message(void *context, uint64_t address, uint32_t data)
{
	vmku_vm_message(vm, address, data);
}

static void console(void *context, const uint8_t *bytes, size_t count)
{
	backlog_add(&backlog, bytes, count);
	if (!attached)
		lines_add(&lines, now(NULL), bytes, count);
}

static void random_bytes(void *context, void *to, size_t bytes)
{
	if (vmku_random(to, bytes) != VMK_OK)
		memset(to, 0, bytes);
}

static void send_frame(void *context, const void *frame, size_t bytes)
{
	if (port != VMK_NO_HANDLE)
		vmku_port_send(port, frame, bytes);
}

static void power_off(void *context)
{
	wants_off = true;
}

static void reset(void *context)
{
	wants_reset = true;
}

static void give_back(void *context, const uint32_t *pages, unsigned count)
{
	struct vmk_vm_pages list = {.count = count};

	memcpy(list.page, pages, count * sizeof(*pages));
	vmku_vm_control(vm, VMK_VM_CONTROL_GIVE_BACK, (uintptr_t)&list);
}

static void ballooned(void *context, uint32_t pages)
{
	vmku_vm_control(vm, VMK_VM_CONTROL_BALLOON, pages);
}

static void memory_stats(void *context, const struct vmk_vm_stats *stats)
{
	vmku_vm_control(vm, VMK_VM_CONTROL_STATS, (uintptr_t)stats);
}

/* What the guest said is not true of the one that begins. */
static void forget_memory(void)
{
	const struct vmk_vm_stats none = {0};

	ballooned(NULL, 0);
	memory_stats(NULL, &none);
}

/* The kernel puts the VM's name before it: this world is called as its VM. */
static void say(void *context, const char *line)
{
	vmku_log(line, strlen(line));
}

static void show_console(void *context, const char *text)
{
	char line[LINES_MAX + 4];

	snprintf(line, sizeof(line), "| %s", text);
	say(NULL, line);
}

static const struct host_ops host_ops = {
	.irq = irq,
	.intr = intr,
	.message = message,
	.now = now,
	.wall = wall,
	.console = console,
	.random = random_bytes,
	.send = send_frame,
	.power_off = power_off,
	.reset = reset,
	.give_back = give_back,
	.ballooned = ballooned,
	.memory_stats = memory_stats,
	.log = say,
};

/* --- the image's files --- */
static bool read_file(void *context, uint64_t offset, void *to, size_t bytes)
{
	return vmku_vm_read(vm, *(const uint32_t *)context, offset, to, bytes) == VMK_OK;
}

static uint64_t file_bytes(uint32_t index)
{
	struct vmk_vm_file file;

	return index != NONE && vmku_vm_file(vm, index, &file) == VMK_OK ? file.bytes : 0;
}

static struct boot_file open_file(uint32_t *index)
{
	return (struct boot_file){file_bytes(*index), read_file, index};
}

static void find_files(void)
{
	static const struct {
		const char *name;
		uint32_t *index;
	} known[] = {{"kernel", &files.kernel}, {"initrd", &files.initrd},
		{"cmdline", &files.command}, {"disk", &files.disk}};
	struct vmk_vm_file file;

	for (uint32_t i = 0; i < info.files && vmku_vm_file(vm, i, &file) == VMK_OK; i++)
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (!strncmp(file.name, known[k].name, sizeof(file.name)))
				*known[k].index = i;
}

static const char *load_command_line(void)
{
	const uint64_t bytes = file_bytes(files.command);

	if (bytes >= sizeof(command_line))
		return "the image's command line is too long";
	if (bytes && !read_file(&files.command, 0, command_line, bytes))
		return "the image's command line cannot be read";
	command_line[bytes] = 0;
	command_line[strcspn(command_line, "\n")] = 0;
	return NULL;
}

/* --- power --- */
static bool map_memory(uint64_t gpa, uint64_t bytes, uint8_t **to)
{
	void *address = NULL;

	if (bytes && vmku_vm_map(vm, gpa, bytes, &address) != VMK_OK)
		return false;
	*to = address;
	return true;
}

/* The image's disk is copied: what the guest writes is gone with the VM. */
static bool load_disk(void)
{
	const uint64_t bytes = file_bytes(files.disk);
	void *data;

	if (!bytes)
		return true;
	if (vmku_map(bytes, VMK_PROT_READ | VMK_PROT_WRITE, &data) != VMK_OK)
		return false;
	if (!read_file(&files.disk, 0, data, bytes))
		return false;
	config.disk = data;
	config.disk_bytes = bytes;
	return true;
}

static void find_port(void)
{
	struct vmk_port_info about;

	port = vmku_find("mgmt", VMK_KIND_PORT);
	if (port == VMK_NO_HANDLE || vmku_port_info(port, &about) != VMK_OK)
		return;
	memcpy(config.mac, about.mac, sizeof(config.mac));
	config.mtu = about.mtu;
}

static const char *prepare(void)
{
	vm = vmku_find("vm", VMK_KIND_VM);
	if (vm == VMK_NO_HANDLE || vmku_vm_info(vm, &info) != VMK_OK)
		return "this world was given no virtual machine";
	config.host = (struct host){.ops = &host_ops};
	config.memory.low_bytes = info.low_bytes;
	config.memory.high_bytes = info.high_bytes;
	if (!map_memory(0, info.low_bytes, &config.memory.low) ||
		!map_memory(VMK_VM_HIGH_BASE, info.high_bytes, &config.memory.high))
		return "the VM's memory cannot be mapped";
	find_files();
	find_port();
	if (!load_disk())
		return "there is no memory for the VM's disk";
	return load_command_line();
}

static const char *power_on(void)
{
	struct boot_request request = {
		.memory = &config.memory,
		.kernel = open_file(&files.kernel),
		.initrd = open_file(&files.initrd),
		.command_line = command_line,
		.rsdp = BOOT_ACPI,
	};
	struct vmk_vm_entry entry;
	const char *why = "the image has no file named kernel";

	wants_off = wants_reset = false;
	if (vmku_vm_info(vm, &info) == VMK_OK)
		config.balloon_pages = (uint32_t)info.balloon_pages;
	if (!request.kernel.bytes)
		return why;
	if (!board_init(&board, &config))
		return "the VM has more memory below 4 GiB than the board takes";
	if (!acpi_write(&config.memory, info.vcpus))
		return "the VM's memory does not hold its ACPI tables";
	if (boot_load(&request, &entry, &why) != VMK_OK)
		return why;
	return vmku_vm_start(vm, &entry) == VMK_OK ? NULL : "the kernel refused the entry";
}

/* --- the console --- */
static void tell(void)
{
	const uint8_t *text;
	size_t bytes, taken;

	while ((bytes = backlog_next(&backlog, &text)) != 0) {
		if (vmku_vm_console_write(vm, text, bytes, &taken) != VMK_OK) {
			attached = false;
			return;
		}
		backlog_pass(&backlog, taken);
		if (taken < bytes)
			return; /* more when that was read */
	}
}

static void hear(void)
{
	uint8_t bytes[UART_INPUT];
	size_t room = uart_room(&board.uart), count;
	enum vmk_status status;

	if (!room)
		return; /* more when the guest has read that */
	status = vmku_vm_console_read(vm, bytes, room, &count);
	typed = status == VMK_OK;
	for (size_t i = 0; typed && i < count; i++)
		uart_receive(&board.uart, bytes[i]);
	if (status != VMK_NOT_PRESENT && !attached) {
		attached = true;
		lines_flush(&lines);
		backlog_rewind(&backlog);
	} else if (status == VMK_NOT_PRESENT) {
		attached = false;
	}
}

static void serve_console(void)
{
	if (typed)
		hear();
	if (attached)
		tell();
}

/* --- requests --- */
static void receive_frames(void)
{
	static uint8_t frame[NET_FRAME_MAX];
	size_t bytes;

	for (unsigned i = 0; i < FRAMES_AT_ONCE; i++) {
		if (vmku_port_recv(port, frame, sizeof(frame), &bytes) != VMK_OK)
			return;
		net_receive(&board.net, frame, bytes);
	}
}

static void handle(struct vmk_vm_exchange *x)
{
	const bool is_port = x->kind == VMK_VM_REQUEST_IO;

	switch (x->kind) {
	case VMK_VM_REQUEST_IO:
	case VMK_VM_REQUEST_MEMORY:
		if (x->write)
			board_write(&board, is_port, x->address, x->bytes, x->value);
		else
			x->value = board_read(&board, is_port, x->address, x->bytes);
		break;
	case VMK_VM_REQUEST_ACKNOWLEDGE:
		x->value = pic_acknowledge(&board.pic);
		break;
	case VMK_VM_REQUEST_SHUTDOWN:
		say(NULL, "triple fault: reset");
		wants_reset = true;
		break;
	case VMK_VM_REQUEST_FAILED:
		say(NULL, "a vCPU cannot go on: power off");
		wants_off = true;
		break;
	case VMK_VM_REQUEST_STOP:
		power_press_button(&board.power);
		break;
	case VMK_VM_REQUEST_RESET:
		wants_reset = true;
		break;
	case VMK_VM_REQUEST_CONSOLE:
		typed = true;
		break;
	case VMK_VM_REQUEST_BALLOON:
		if (vmku_vm_info(vm, &info) == VMK_OK)
			balloon_set(&board.balloon, (uint32_t)info.balloon_pages);
		balloon_ask_stats(&board.balloon);
		break;
	default:
		if (x->ready)
			receive_frames();
	}
}

static uint64_t timeout(bool more)
{
	uint64_t deadline = board_tick(&board);

	lines_tick(&lines, now(NULL));
	if (lines.deadline < deadline)
		deadline = lines.deadline;
	if (more || deadline <= now(NULL))
		return 0;
	return deadline == HOST_NEVER ? VMKU_FOREVER : deadline - now(NULL);
}

_Noreturn static void end(const char *why)
{
	say(NULL, why);
	vmku_vm_control(vm, VMK_VM_CONTROL_POWER_OFF, 0);
	vmku_exit(1);
}

static void stop(const char *why)
{
	serve_console();
	lines_flush(&lines);
	end(why);
}

_Noreturn void panic(const char *format, ...)
{
	char why[LINES_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	end(why);
}

static void serve(void)
{
	struct vmk_vm_exchange x = {.watch = {board.has_net ? port : VMK_NO_HANDLE}};

	for (;;) {
		const bool more = board_work(&board);

		serve_console();
		if (wants_off)
			stop("power off");
		if (wants_reset)
			return;
		if (vmku_vm_serve(vm, &x, timeout(more)) != VMK_OK)
			stop("the kernel serves this VM no more");
		clock_ns = x.now_ns;
		handle(&x);
	}
}

int main(void)
{
	const char *why;

	lines_init(&lines, show_console, NULL);
	why = prepare();
	if (why) {
		say(NULL, why);
		return 1;
	}
	for (;;) {
		why = power_on();
		if (why)
			stop(why);
		say(NULL, "power on");
		serve();
		lines_flush(&lines);
		say(NULL, "reset");
		vmku_vm_control(vm, VMK_VM_CONTROL_RESET, 0);
		forget_memory();
	}
}
