/*
 * A virtual machine as its VMX world sees it: the world that runs the machine's devices in ring 3,
 * one for each VM. It holds one handle of kind VMK_KIND_VM; calls on it are VMK_SYS_VM_*.
 *
 * The kernel has the machine's memory, vCPUs, local and I/O APICs. What a vCPU does to ports and to
 * guest-physical addresses without memory becomes a request here, one at a time for each vCPU,
 * which waits meanwhile. Guest RAM is [0, low_bytes) and [4 GiB, 4 GiB + high_bytes).
 */
#ifndef VMKUSER_VM_H
#define VMKUSER_VM_H

#include <stdint.h>

/* Of all that stands here. A VMX world's manifest says which one it was made for (`vm-calls`), and
 * its package is refused where that is another. */
#define VMK_VM_CALLS_VERSION 3

#define VMK_VM_NAME_MAX      32
#define VMK_VM_HIGH_BASE     0x100000000ull
#define VMK_VM_WATCH_MAX     4
/* Instead of an input: what 8259s ask for. Taken by vCPU 0 as LINT0 or INTR (SDM 3A, 11.5.1). */
#define VMK_VM_INTR 0x100u

struct vmk_vm_info {
	uint32_t size;  /* of this structure, for growth */
	uint32_t vcpus; /* vCPU n has APIC id n */
	uint64_t low_bytes, high_bytes;
	uint64_t tsc_hz; /* of the guest; also the rate of its APIC timers */
	uint32_t files;  /* in the VM's image: VMK_SYS_VM_FILE */
	uint32_t reserved;
	char name[VMK_VM_NAME_MAX]; /* zero-terminated */
	uint64_t balloon_pages;     /* of RAM, that the guest is to give up */
};

/* One file of the VM's signed image: kernel, initrd, disk, command line. */
struct vmk_vm_file {
	char name[VMK_VM_NAME_MAX];
	uint64_t bytes;
};

/* How a vCPU starts. Only vCPU 0 is started so; the others wait for INIT and SIPI. */
enum vmk_vm_mode { VMK_VM_REAL = 1, VMK_VM_FLAT = 2, VMK_VM_LONG = 3 };
struct vmk_vm_entry {
	uint32_t mode; /* VMK_VM_* */
	uint16_t cs, gdt_limit;
	uint64_t rip, rsp, cr3, gdt;
	uint64_t rax, rbx, rsi; /* what boot protocols pass; every other register is 0 */
};

/* X(symbol, number, what) */
#define VMK_VM_REQUESTS(X)                                                              \
	X(VMK_VM_REQUEST_NONE, 0, "nothing happened in time")                           \
	X(VMK_VM_REQUEST_IO, 1, "a port was read or written")                           \
	X(VMK_VM_REQUEST_MEMORY, 2, "guest-physical memory that is no RAM, likewise")   \
	X(VMK_VM_REQUEST_SHUTDOWN, 3, "triple fault: a board answers with a reset")     \
	X(VMK_VM_REQUEST_FAILED, 4, "the vCPU cannot go on; the log says why")          \
	X(VMK_VM_REQUEST_STOP, 5, "somebody asks for an orderly stop (power button)")   \
	X(VMK_VM_REQUEST_RESET, 6, "somebody asks for a reset")                         \
	X(VMK_VM_REQUEST_CONSOLE, 7, "its console: somebody came, left, typed or read") \
	X(VMK_VM_REQUEST_ACKNOWLEDGE, 8, "vCPU 0 takes VMK_VM_INTR: the vector")        \
	X(VMK_VM_REQUEST_BALLOON, 9, "another balloon_pages, or new statistics are wanted")
enum vmk_vm_request_kind {
#define X(symbol, number, what) symbol = number,
	VMK_VM_REQUESTS(X)
#undef X
};

/*
 * vm-serve answers the request in an exchange, if it was one that reads, writes or takes, and waits
 * for the next one of any vCPU, or until one of the world's other handles that `watch` names is
 * readable (then NONE, with `ready`).
 */
struct vmk_vm_exchange {
	uint8_t kind;  /* VMK_VM_REQUEST_* */
	uint8_t bytes; /* 1, 2, 4, 8 */
	uint8_t write;
	uint8_t ready; /* index into watch + 1; 0: none */
	uint32_t vcpu;
	uint64_t address;                 /* port or guest-physical address */
	uint64_t value;                   /* written; or, in the answer, what is read */
	uint32_t watch[VMK_VM_WATCH_MAX]; /* handles, 0: none */
	/* Out, in every case: nanoseconds of the VM's own time, which goes as the host's monotonic
	 * clock does, and stands still while the VM is paused. No timeout passes meanwhile. */
	uint64_t now_ns;
};
/* It passes in registers, which takes a tenth of what copying it takes: its first 8 bytes are one.
 */
static inline uint64_t vmk_vm_pack(const struct vmk_vm_exchange *x)
{
	uint64_t word;

	__builtin_memcpy(&word, x, sizeof(word));
	return word;
}
static inline void vmk_vm_unpack(struct vmk_vm_exchange *x, uint64_t word)
{
	__builtin_memcpy(x, &word, sizeof(word));
}

#define VMK_VM_PAGES_MAX 64
/* Pages of RAM, by guest-physical address / 4096. */
struct vmk_vm_pages {
	uint32_t count;
	uint32_t page[VMK_VM_PAGES_MAX];
};

/*
 * What the guest says of its memory, through its balloon's driver (Virtio 1.2, 5.5.6.3): bytes, and
 * counts since its boot. X(symbol, tag)
 */
#define VMK_VM_STATS(X)                        \
	X(VMK_VM_STAT_SWAP_IN, 0)              \
	X(VMK_VM_STAT_SWAP_OUT, 1)             \
	X(VMK_VM_STAT_MAJOR_FAULTS, 2)         \
	X(VMK_VM_STAT_MINOR_FAULTS, 3)         \
	X(VMK_VM_STAT_FREE, 4)                 \
	X(VMK_VM_STAT_TOTAL, 5)                \
	X(VMK_VM_STAT_AVAILABLE, 6)            \
	X(VMK_VM_STAT_CACHES, 7)               \
	X(VMK_VM_STAT_HUGE_PAGES_ALLOCATED, 8) \
	X(VMK_VM_STAT_HUGE_PAGES_FAILED, 9)
enum vmk_vm_stat {
#define X(symbol, tag) symbol = tag,
	VMK_VM_STATS(X)
#undef X
		VMK_VM_STAT_COUNT
};
struct vmk_vm_stats {
	uint32_t known; /* bit n: it has said value n */
	uint32_t reserved;
	uint64_t value[VMK_VM_STAT_COUNT];
};

/* VMK_SYS_VM_CONTROL(vm, VMK_VM_CONTROL_*, argument) */
enum vmk_vm_control {
	VMK_VM_CONTROL_RESET = 1,     /* all vCPUs into reset state, waiting; RAM stays */
	VMK_VM_CONTROL_POWER_OFF = 2, /* the VM and this world end: the call does not return */
	/* The address of a struct vmk_vm_pages: their memory is the host's again; when it is
	 * touched it comes again, zeroed. What is no RAM or has no memory is passed over. */
	VMK_VM_CONTROL_GIVE_BACK = 3,
	VMK_VM_CONTROL_BALLOON = 4, /* how many pages the guest has given up, as it says */
	VMK_VM_CONTROL_STATS = 5,   /* the address of a struct vmk_vm_stats, likewise */
};

/*
 * The calls, as they stand in VMK_SYSCALLS:
 *   vm-info     (vm, struct vmk_vm_info *)
 *   vm-file     (vm, index, struct vmk_vm_file *)
 *   vm-read     (vm, index, offset, buffer, bytes) -> bytes of the file
 *   vm-map      (vm, gpa, bytes) -> address: guest RAM in this world, readable and writable
 *   vm-start    (vm, struct vmk_vm_entry *)
 *   vm-serve    (vm, vmk_vm_pack(), value, timeout ns, watch[1]:watch[0], watch[3]:watch[2]) ->
 *               vmk_vm_pack() of the next request; R10: its address, R8: its value,
 *               R9: now_ns
 *   vm-irq      (vm, gsi, level): an input of the I/O APIC, or VMK_VM_INTR
 *   vm-message  (vm, address, data): a message-signalled interrupt
 *   vm-control  (vm, VMK_VM_CONTROL_*, argument)
 *   vm-console  (vm, VMK_VM_CONSOLE_READ or _WRITE, buffer, bytes) -> bytes: with whoever is
 * attached
 */

#endif
