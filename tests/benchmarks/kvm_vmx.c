/*
 * The world that runs a virtual machine's devices (kernel/worlds/vmx), under KVM instead of the
 * VMkernel: its system calls, as far as it makes them, in terms of Linux. So a guest meets the same
 * board on both. It is the only program of a small Linux; the image's files are in /image.
 */
#include "tests/benchmarks/kvm.h"
#include "tests/benchmarks/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <vmkuser/libvmkuser.h>

#define RAM_BYTES  (128u << 20) /* tests/boot/guests/linux.manifest */
#define HUGE_BYTES (2u << 20)
#define THE_VM     1u
#define FILES      3u
#define NS_PER_S   1000000000ull
#define NS_PER_US  1000u
#define EFER_LONG  0x500u /* LME, LMA */
#define CR0_LONG   0x80000011u
#define CR4_LONG   0x20u

static const char *const names[FILES] = {"kernel", "initrd", "cmdline"};
static struct {
	int fd;
	uint64_t bytes;
} files[FILES];
static struct kvm_machine machine;
static uint64_t armed; /* when the timer rings, in nanoseconds; 0: it does not */
/* Of the exit that is being answered: the elements of a string instruction come one by one. */
static struct {
	unsigned next, count;
} elements;

int vmx_main(void);

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* --- what the world asks of itself */
vmk_handle vmku_find(const char *name, unsigned kind)
{
	return kind == VMK_KIND_VM ? THE_VM : VMK_NO_HANDLE;
}

enum vmk_status vmku_log(const char *text, size_t bytes)
{
	printf("VMX: %.*s\n", (int)bytes, text);
	return VMK_OK;
}

void vmku_exit(int code)
{
	printf("VMX: exit %d\n", code);
	for (;;)
		pause();
}

enum vmk_status vmku_clock(unsigned clock, uint64_t *ns)
{
	*ns = now(clock == VMK_CLOCK_WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC);
	return VMK_OK;
}

enum vmk_status vmku_random(void *to, size_t bytes)
{
	return getrandom(to, bytes, 0) == (ssize_t)bytes ? VMK_OK : VMK_NO_RESOURCES;
}

enum vmk_status vmku_map(size_t bytes, unsigned protection, void **address)
{
	*address = peer_map(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	return VMK_OK;
}

/* It has no network. */
enum vmk_status vmku_port_info(vmk_handle port, struct vmk_port_info *info)
{
	return VMK_BAD_HANDLE;
}

enum vmk_status vmku_port_send(vmk_handle port, const void *frame, size_t bytes)
{
	return VMK_BAD_HANDLE;
}

enum vmk_status vmku_port_recv(vmk_handle port, void *to, size_t size, size_t *bytes)
{
	return VMK_BAD_HANDLE;
}

/* --- the image */
enum vmk_status vmku_vm_info(vmk_handle vm, struct vmk_vm_info *info)
{
	*info = (struct vmk_vm_info){.size = sizeof(*info),
		.vcpus = 1,
		.low_bytes = RAM_BYTES,
		.files = FILES,
		.name = "linux"};
	return VMK_OK;
}

enum vmk_status vmku_vm_file(vmk_handle vm, uint64_t index, struct vmk_vm_file *file)
{
	if (index >= FILES)
		return VMK_NOT_FOUND;
	*file = (struct vmk_vm_file){.bytes = files[index].bytes};
	strcpy(file->name, names[index]);
	return VMK_OK;
}

enum vmk_status vmku_vm_read(vmk_handle vm, uint64_t index, uint64_t offset, void *to, size_t bytes)
{
	return pread(files[index].fd, to, bytes, (off_t)offset) == (ssize_t)bytes ? VMK_OK
										  : VMK_NOT_FOUND;
}

static void open_image(void)
{
	struct stat about;
	char path[32];

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "/image/%s", names[i]);
		files[i].fd = peer_need(open(path, O_RDONLY | O_CLOEXEC), path);
		peer_need(fstat(files[i].fd, &about), path);
		files[i].bytes = (uint64_t)about.st_size;
	}
}

/* --- the machine */
enum vmk_status vmku_vm_map(vmk_handle vm, uint64_t gpa, uint64_t bytes, void **address)
{
	*address = machine.ram + gpa;
	return VMK_OK;
}

static struct kvm_segment segment(uint16_t selector, unsigned type)
{
	const bool code = type == 11;

	return (struct kvm_segment){.limit = UINT32_MAX,
		.selector = selector,
		.type = (uint8_t)type,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = code,
		.db = !code};
}

/* 64-bit entry: Linux, Documentation/arch/x86/boot.rst, "64-bit boot protocol". */
enum vmk_status vmku_vm_start(vmk_handle vm, const struct vmk_vm_entry *entry)
{
	struct kvm_regs regs = {.rip = entry->rip,
		.rsp = entry->rsp,
		.rax = entry->rax,
		.rbx = entry->rbx,
		.rsi = entry->rsi,
		.rflags = 2};
	struct kvm_sregs s;

	if (entry->mode != VMK_VM_LONG)
		return VMK_BAD_PARAM;
	peer_need(ioctl(machine.vcpu, KVM_GET_SREGS, &s), "registers");
	s.cs = segment(0x10, 11);
	s.ds = s.es = s.fs = s.gs = s.ss = segment(0x18, 3);
	s.gdt.base = entry->gdt;
	s.gdt.limit = entry->gdt_limit;
	s.cr0 = CR0_LONG;
	s.cr3 = entry->cr3;
	s.cr4 = CR4_LONG;
	s.efer = EFER_LONG;
	peer_need(ioctl(machine.vcpu, KVM_SET_SREGS, &s), "registers");
	peer_need(ioctl(machine.vcpu, KVM_SET_REGS, &regs), "registers");
	return VMK_OK;
}

enum vmk_status vmku_vm_irq(vmk_handle vm, unsigned gsi, int level)
{
	struct kvm_irq_level line = {.irq = gsi, .level = (uint32_t)level};

	peer_need(ioctl(machine.vm, KVM_IRQ_LINE, &line), "interrupt");
	return VMK_OK;
}

enum vmk_status vmku_vm_message(vmk_handle vm, uint64_t address, uint32_t data)
{
	struct kvm_msi message = {.address_lo = (uint32_t)address,
		.address_hi = (uint32_t)(address >> 32),
		.data = data};

	peer_need(ioctl(machine.vm, KVM_SIGNAL_MSI, &message), "message");
	return VMK_OK;
}

/* It ends with a reset, too; what its balloon says or gives back is left as it is. */
enum vmk_status vmku_vm_control(vmk_handle vm, enum vmk_vm_control what, uint64_t argument)
{
	if (what != VMK_VM_CONTROL_RESET && what != VMK_VM_CONTROL_POWER_OFF)
		return VMK_OK;
	printf("VMX: control %d\n", (int)what);
	vmku_exit(0);
}

/* Nobody is attached. */
enum vmk_status vmku_vm_console_read(vmk_handle handle, void *to, size_t size, size_t *bytes)
{
	return VMK_NOT_PRESENT;
}

enum vmk_status vmku_vm_console_write(
	vmk_handle handle, const void *from, size_t size, size_t *bytes)
{
	return VMK_NOT_PRESENT;
}

/* --- the guest's turns */
static void ring(int signal)
{
	armed = 0;
	machine.run->immediate_exit = 1;
}

/* An earlier ring than asked for does no harm, so that the timer is not set at each exit. */
static void arm(uint64_t timeout)
{
	const uint64_t at = timeout == VMKU_FOREVER ? UINT64_MAX : now(CLOCK_MONOTONIC) + timeout;
	struct itimerval timer = {0};

	if (at == UINT64_MAX || (armed && armed <= at))
		return;
	timer.it_value.tv_sec = (time_t)(timeout / NS_PER_S);
	timer.it_value.tv_usec = (suseconds_t)(timeout % NS_PER_S / NS_PER_US + 1);
	armed = at;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static uint8_t *element(void)
{
	struct kvm_run *run = machine.run;

	return (uint8_t *)run + run->io.data_offset + (size_t)elements.next * run->io.size;
}

static void answer(const struct vmk_vm_exchange *x)
{
	if (!x->write && x->kind == VMK_VM_REQUEST_IO)
		memcpy(element(), &x->value, x->bytes);
	if (!x->write && x->kind == VMK_VM_REQUEST_MEMORY)
		memcpy(machine.run->mmio.data, &x->value, x->bytes);
	if (x->kind == VMK_VM_REQUEST_IO)
		elements.next++;
}

static void take_port(struct vmk_vm_exchange *x)
{
	const struct kvm_run *run = machine.run;

	x->kind = VMK_VM_REQUEST_IO;
	x->address = run->io.port;
	x->bytes = run->io.size;
	x->write = run->io.direction == KVM_EXIT_IO_OUT;
	x->value = 0;
	if (x->write)
		memcpy(&x->value, element(), x->bytes);
}

static void take_memory(struct vmk_vm_exchange *x)
{
	const struct kvm_run *run = machine.run;

	x->kind = VMK_VM_REQUEST_MEMORY;
	x->address = run->mmio.phys_addr;
	x->bytes = run->mmio.len;
	x->write = run->mmio.is_write;
	x->value = 0;
	if (x->write)
		memcpy(&x->value, run->mmio.data, x->bytes);
}

static void take(struct vmk_vm_exchange *x)
{
	elements.next = elements.count = 0;
	switch (machine.run->exit_reason) {
	case KVM_EXIT_IO:
		elements.count = machine.run->io.count;
		take_port(x);
		break;
	case KVM_EXIT_MMIO:
		take_memory(x);
		break;
	case KVM_EXIT_SHUTDOWN:
		x->kind = VMK_VM_REQUEST_SHUTDOWN;
		break;
	default:
		printf("VMX: exit %u\n", machine.run->exit_reason);
		x->kind = VMK_VM_REQUEST_FAILED;
	}
}

enum vmk_status vmku_vm_serve(vmk_handle vm, struct vmk_vm_exchange *x, uint64_t timeout)
{
	answer(x);
	x->kind = VMK_VM_REQUEST_NONE;
	x->ready = 0;
	if (elements.next < elements.count) {
		take_port(x);
		x->now_ns = now(CLOCK_MONOTONIC);
		return VMK_OK;
	}
	elements.count = 0;
	if (timeout == 0)
		machine.run->immediate_exit = 1;
	else
		arm(timeout);
	if (ioctl(machine.vcpu, KVM_RUN, 0) == 0)
		take(x);
	else if (errno != EINTR && errno != EAGAIN)
		peer_die("KVM_RUN");
	machine.run->immediate_exit = 0;
	x->now_ns = now(CLOCK_MONOTONIC);
	return VMK_OK;
}

/* In whole large pages, which are there before the guest starts: as the VMkernel gives it. */
static uint8_t *make_ram(void)
{
	uint8_t *ram = peer_map(RAM_BYTES + HUGE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	ram = (uint8_t *)(((uintptr_t)ram + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1));
	peer_need(madvise(ram, RAM_BYTES, MADV_HUGEPAGE), "large pages");
	memset(ram, 0, RAM_BYTES);
	return ram;
}

int main(void)
{
	const struct sigaction action = {.sa_handler = ring};

	peer_mounts();
	peer_load_modules();
	open_image();
	kvm_machine_make(&machine, make_ram(), RAM_BYTES);
	sigaction(SIGALRM, &action, NULL);
	vmx_main();
	vmku_exit(0);
}
