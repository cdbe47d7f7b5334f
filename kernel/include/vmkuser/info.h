/*
 * What the VMkernel tells a world that holds a `system` handle: records of fixed layout, asked for
 * by kind and index (VMK_SYS_INFO). Nothing in them names a kernel address. Text is zero-terminated
 * ASCII. A record only grows at its end: `version` counts that, and who asks for less gets less.
 */
#ifndef VMKUSER_INFO_H
#define VMKUSER_INFO_H

#include <stdint.h>
#include <vmkuser/vm.h>
#include <vmkuser/secpolicy.h>
#include <vmkuser/syscall.h>

#define VMK_INFO_VERSION 6u

/* X(symbol, number, structure, name in manifests) */
#define VMK_INFO_KINDS(X)                                                   \
	X(VMK_INFO_SYSTEM, 1, struct vmk_info_system, "system")             \
	X(VMK_INFO_MODULE, 2, struct vmk_info_module, "module")             \
	X(VMK_INFO_WORLD, 3, struct vmk_info_world, "world")                \
	X(VMK_INFO_MEMORY, 4, struct vmk_info_memory, "memory")             \
	X(VMK_INFO_CPU, 5, struct vmk_info_cpu, "cpu")                      \
	X(VMK_INFO_PCI, 6, struct vmk_info_pci, "pci")                      \
	X(VMK_INFO_NIC, 7, struct vmk_info_nic, "nic")                      \
	X(VMK_INFO_PORT, 8, struct vmk_info_port, "port")                   \
	X(VMK_INFO_LAUNCH, 9, struct vmk_info_launch, "launch")             \
	X(VMK_INFO_SIGN, 10, struct vmk_info_sign, "sign")                  \
	X(VMK_INFO_LOG, 11, struct vmk_info_log, "log")                     \
	X(VMK_INFO_TXT_REGISTERS, 12, struct vmk_info_raw, "txt-registers") \
	X(VMK_INFO_TXT_HEAP, 13, struct vmk_info_raw, "txt-heap")           \
	X(VMK_INFO_TBOOT_LOG, 14, struct vmk_info_raw, "tboot-log")         \
	X(VMK_INFO_HARDENING, 17, struct vmk_info_hardening, "hardening")   \
	X(VMK_INFO_SCHED, 15, struct vmk_info_sched, "sched")               \
	X(VMK_INFO_VM, 16, struct vmk_info_vm, "vm")                        \
	X(VMK_INFO_GROUP, 24, struct vmk_info_group, "group")               \
	X(VMK_INFO_PARAMETER, 18, struct vmk_info_parameter, "parameter")   \
	X(VMK_INFO_DOMAIN, 19, struct vmk_info_domain, "domain")            \
	X(VMK_INFO_AUDIT, 28, struct vmk_info_audit, "audit")               \
	X(VMK_INFO_ACCOUNT, 29, struct vmk_info_account, "account")
enum vmk_info_kind {
#define X(symbol, number, structure, name) symbol = number,
	VMK_INFO_KINDS(X)
#undef X
};

/* What each record begins with. */
struct vmk_info_head {
	uint16_t version; /* VMK_INFO_VERSION of the kernel */
	uint16_t bytes;   /* of the whole record in the kernel */
	uint32_t count;   /* of records of this kind, now */
};

/* What the console may do: `console=` in the host's configuration. */
enum vmk_console { VMK_CONSOLE_OFF, VMK_CONSOLE_READ, VMK_CONSOLE_CONTROL };
/* A setting that need not be stored. */
enum vmk_stored { VMK_STORED_NOT, VMK_STORED_FALSE, VMK_STORED_TRUE };

struct vmk_info_system {
	struct vmk_info_head head;
	char name[16], version[16];
	char build[16]; /* first digits of a hash of the code that runs */
	char loader[64];
	uint64_t uptime_ns, wall_ns; /* wall: since 1970-01-01 UTC, 0 if unknown */
	uint8_t through_tboot;       /* this boot went through tboot, measured or not */
	uint8_t enable_tboot;        /* enum vmk_stored: what the next boot is to do */
	uint8_t console;             /* enum vmk_console */
	uint8_t reserved[5];
	uint64_t input_lost; /* typed bytes that found the console's queue full */
};

/* A boot module, in boot order; one that was refused too. */
struct vmk_info_module {
	struct vmk_info_head head;
	char name[32], version[32], provider[64];
	char kind[16], level[24];
	char signer[64]; /* common name of the certificate that signed it */
	char file[64];   /* as the boot loader named it */
	char why[96];    /* why it was refused, does not run or cannot be unloaded; or empty */
	uint8_t sha256[32];
	uint64_t bytes;
	uint8_t loaded;  /* verified, measured where the launch was, and started or startable */
	uint8_t enabled; /* it is loaded at boot */
	uint8_t failed;  /* it was refused, or did not start */
	uint8_t reserved[5];
	char
		requires[
			136]; /* modules that must be loaded before it, with commas between */
	char used_by[32];     /* a module that requires it and is loaded; empty: none */
	uint64_t image_bytes; /* of memory, of a driver that is loaded */
	uint32_t loads;       /* how often a driver was started */
	uint32_t reserved2;
};

/* A parameter of a driver, in the order of the modules. */
struct vmk_info_parameter {
	struct vmk_info_head head;
	char module[32], name[24];
	uint32_t value; /* from the module's next start on */
	uint32_t least, most, usual;
};

/* X(symbol, name) */
#define VMK_WORLD_STATES(X)               \
	X(VMK_WORLD_STARTING, "starting") \
	X(VMK_WORLD_LIVES, "running")     \
	X(VMK_WORLD_RESTARTS, "waiting to restart")
enum vmk_world_state {
#define X(symbol, name) symbol,
	VMK_WORLD_STATES(X)
#undef X
};
/* A user world. */
struct vmk_info_world {
	struct vmk_info_head head;
	char name[32], version[32];
	uint64_t id;                        /* 0 while it does not live */
	uint64_t since_ns;                  /* monotonic: in this state */
	uint64_t memory_used, memory_limit; /* bytes */
	uint32_t state;                     /* enum vmk_world_state */
	uint32_t lives;                     /* how often it was started */
};

/* Bytes. */
struct vmk_info_memory {
	struct vmk_info_head head;
	uint64_t total; /* usable RAM as the firmware and the boot loader left it */
	uint64_t free, image, kernel, heap, page_tables, user, dma, modules;
	uint64_t heap_used;   /* of the heap's pages, in objects */
	uint64_t guests, vtx; /* RAM of virtual machines; their EPT, VMCS and bitmaps */
};

/* The audit log as a whole (vmkapi/audit.h); its records are VMK_LOG_AUDIT's. */
struct vmk_info_audit {
	struct vmk_info_head head;
	uint64_t records, bytes, bytes_max;
	uint64_t anchored;    /* records that the last checkpoint covers */
	uint64_t checkpoints; /* in this boot */
	uint64_t suppressed;  /* events that were only counted, by limits */
	uint64_t lost;        /* for want of room */
	uint8_t digest[32];   /* the chain's head */
	uint8_t full;
	uint8_t reserved[7];
};

/* An account that may log in at the console, in the configuration's order. None: nobody is asked
 * who he is. */
struct vmk_info_account {
	struct vmk_info_head head;
	char name[32];
	uint8_t control; /* or it may only look */
	uint8_t reserved[7];
};

struct vmk_info_cpu {
	struct vmk_info_head head;
	char vendor[16], brand[64];
	uint32_t apic_id, signature; /* signature: CPUID 1 EAX */
	uint64_t tsc_hz;
	uint8_t online, reserved[7];
	char features[192]; /* names with blanks between */
};

struct vmk_info_pci {
	struct vmk_info_head head;
	uint8_t bus, slot, function, irq_line;
	uint16_t vendor, device;
	uint32_t class_code;
	uint32_t reserved;
	char driver[32]; /* the module that has it; empty: nobody */
};

struct vmk_info_nic {
	struct vmk_info_head head;
	char name[16], driver[32];
	uint8_t mac[6], link_up, reserved;
	uint32_t mtu;
	uint8_t bus, slot, function, reserved2;
	uint64_t link_since_ns; /* monotonic */
	uint64_t bad_frames;
};

struct vmk_info_port {
	struct vmk_info_head head;
	char name[16]; /* "vmk0" */
	char world[32];
	uint8_t mac[6], link_up, reserved;
	uint32_t mtu;
	uint32_t reserved2;
	uint64_t received, received_bytes, receive_drops, sent, sent_bytes, send_refusals;
	struct vmk_port_address ip; /* what the world says of itself (syscall.h) */
};

struct vmk_info_launch {
	struct vmk_info_head head;
	uint8_t measured; /* by a dynamic launch: every sign holds */
	uint8_t tpm_present, tpm_ready;
	uint8_t launch; /* enum vmk_launch (vmkapi/events.h) */
	uint32_t signs_missing;
	char tpm_error[96], tpm_manufacturer[8];
	uint64_t tpm_firmware;
};

/* One sign of a measured launch. */
struct vmk_info_sign {
	struct vmk_info_head head;
	char name[24], meaning[88], expected[72], found[72];
	uint8_t holds, reserved[7];
};

#define VMK_INFO_LOG_BYTES 2048
/* A part of vmkernel.log: the index is the offset of its first byte since boot. */
struct vmk_info_log {
	struct vmk_info_head head;
	uint64_t next;  /* the offset to ask for next */
	uint64_t first; /* of the bytes below: larger than asked for if older ones are gone */
	uint32_t bytes; /* 0: there is nothing more yet */
	char text[VMK_INFO_LOG_BYTES];
	uint32_t reserved;
};

/* X(symbol, name), as enum world_state has them */
#define VMK_SCHED_STATES(X)             \
	X(VMK_SCHED_NEW, "new")         \
	X(VMK_SCHED_READY, "ready")     \
	X(VMK_SCHED_RUNNING, "running") \
	X(VMK_SCHED_WAITING, "waiting") \
	X(VMK_SCHED_DEAD, "ended")
enum vmk_sched_state {
#define X(symbol, name) symbol,
	VMK_SCHED_STATES(X)
#undef X
};
/* X(symbol, name), as enum world_kind has them */
#define VMK_SCHED_KINDS(X)            \
	X(VMK_SCHED_SYSTEM, "system") \
	X(VMK_SCHED_USER, "user")     \
	X(VMK_SCHED_VCPU, "vcpu")     \
	X(VMK_SCHED_IDLE, "idle")
enum vmk_sched_kind {
#define X(symbol, name) symbol,
	VMK_SCHED_KINDS(X)
#undef X
};
/* Anything that is scheduled, in the order of creation; CPUs' idle worlds too. */
struct vmk_info_sched {
	struct vmk_info_head head;
	uint64_t id;
	char name[32];
	uint32_t cpu, state;                       /* enum vmk_sched_state */
	uint64_t at;                               /* when the rest was looked at, monotonic ns */
	uint64_t run, ready, parked, costop, wait; /* ns since it was first started */
	uint64_t idle;                             /* of `wait`, with nothing to do */
	uint64_t switches, migrations;
	uint64_t shortfall;    /* ns that its reservation promised and did not bring */
	uint32_t kind;         /* enum vmk_sched_kind */
	uint32_t latency_high; /* it asks for short turns, and gets them soon */
	char vm[32];           /* the VM that it belongs to; empty: none */
	uint64_t memory;       /* of `wait`: for memory that others are to give back */
	uint64_t served;       /* by interrupts, in others' `run` */
	uint64_t overlap;      /* of `run`: by interrupts, for others */
};

#define VMK_INFO_SKEWS 6
/* A group for the scheduler: a resource pool, or a VM that is on. Rates: millionths of a pCPU. */
struct vmk_info_group {
	struct vmk_info_head head;
	char path[80]; /* "host/user", "host/user/NAME" */
	uint32_t vm;   /* 1: a VM, 0: a pool */
	uint32_t shares;
	uint32_t reservation, limit; /* 0: none */
	uint32_t promised, borrowed; /* to its members; of that, from the pool above */
	uint32_t expandable;
	uint32_t id; /* of no other group in this boot */
	/* Of a VM: how far vCPUs were ahead of the slowest one when they were looked at, ns; and
	 * how often by less than 0.5, 1, 2, 3, 4 ms, and by more. */
	uint64_t skew_max, skews[VMK_INFO_SKEWS];
	/* How often VMK_CONTROL_POOL_RESERVATION was refused for want of resources; the last time:
	 * what was needed and available, and who had no more: a path, or words. */
	uint32_t refusals, needed, available;
	uint32_t vcpu_limit; /* of each vCPU of a VM; 0: none */
	char lacking[80];
};

/* X(symbol, name) */
#define VMK_VM_STATES(X)             \
	X(VMK_VM_OFF, "off")         \
	X(VMK_VM_CREATED, "created") \
	X(VMK_VM_RUNNING, "running") \
	X(VMK_VM_PAUSED, "paused")   \
	X(VMK_VM_ENDING, "ending")
enum vmk_vm_state {
#define X(symbol, name) symbol,
	VMK_VM_STATES(X)
#undef X
		VMK_VM_STATES_END
};
/* A virtual machine that was loaded, whether it runs or not. */
struct vmk_info_vm {
	struct vmk_info_head head;
	uint32_t id;    /* from 1 on; does not change */
	uint32_t state; /* enum vmk_vm_state */
	char name[32], package[32], version[32];
	uint64_t since_ns; /* monotonic: in this state */
	uint32_t vcpus, memory_kib;
	uint32_t shares;          /* of CPU time, the whole VM's */
	uint32_t cpu_reservation; /* percent of one pCPU; 0: none */
	uint32_t cpu_limit;       /* likewise */
	uint32_t starts;          /* how often it was powered on */
	uint32_t memory_reservation_kib, memory_limit_kib;
	uint32_t memory_granted_kib; /* RAM that it has, if it is on */
	uint32_t memory_large;       /* of it, 2 MiB pages */
	uint32_t balloon_kib;        /* RAM that the guest has given up, as it says */
	uint32_t balloon_target_kib; /* and that it is asked to give up */
	uint64_t kernel_bytes;       /* of the kernel's memory, beside RAM and VMX world */
	uint64_t vcpu_kernel_bytes;  /* of these, each vCPU's; 0: it is off */
	uint64_t affinity[16];       /* bit n of word n / 64: pCPU n; empty: any */
	uint8_t autostart, attached; /* attached: somebody is at its console */
	uint8_t latency_high;        /* `latency-sensitivity=high` */
	uint8_t vcpu_limit;          /* of each vCPU, percent of one pCPU; 0: none */
	uint8_t reserved[4];
	struct vmk_vm_stats guest; /* of its memory, as the guest said last */
	char why[128]; /* why it was not powered on the last time it was asked for; empty */
};

#define VMK_INFO_RAW_BYTES 2048
/* A part of what a launch left in memory, undecoded: bytes [index * VMK_INFO_RAW_BYTES, ...). */
struct vmk_info_raw {
	struct vmk_info_head head;
	uint64_t base, total; /* of all parts: physical address, bytes */
	uint32_t bytes, reserved;
	uint8_t data[VMK_INFO_RAW_BYTES];
};

enum vmk_hardening { VMK_HARDENING_ABSENT, VMK_HARDENING_HOLDS, VMK_HARDENING_FAILS };
/* One rule that protects the VMkernel, as it is now. */
struct vmk_info_hardening {
	struct vmk_info_head head;
	char name[16], rule[88], found[128];
	uint8_t state; /* enum vmk_hardening; absent: the CPU does not offer it */
	uint8_t reserved[7];
};

/* The security domain of a package whose worlds were started. */
struct vmk_info_domain {
	struct vmk_info_head head;
	char name[32];
	struct vmk_grants grants;
	uint64_t denials[VMK_ACTIONS_MAX]; /* of each enum vmk_action, since boot */
	uint32_t worlds, reserved;         /* that live */
};

/* VMK_SYS_CONTROL. X(symbol, number, name in manifests) */
/* Those of VMs take a VM's id as value; VMK_BAD_STATE if its state does not allow it. */
#define VMK_CONTROLS(X)                                                                            \
	X(VMK_CONTROL_POWER_OFF, 1, "power-off")                                                   \
	X(VMK_CONTROL_REBOOT, 2, "reboot")                                                         \
	X(VMK_CONTROL_ENABLE_TBOOT, 3, "enable-tboot") /* value: enum vmk_stored, at next boot */  \
	X(VMK_CONTROL_VM_START, 4, "vm-start")                                                     \
	X(VMK_CONTROL_VM_STOP, 5, "vm-stop") /* its power button */                                \
	X(VMK_CONTROL_VM_HARD_STOP, 6, "vm-hard-stop")                                             \
	X(VMK_CONTROL_VM_PAUSE, 7, "vm-pause")                                                     \
	X(VMK_CONTROL_VM_RESUME, 8, "vm-resume")                                                   \
	X(VMK_CONTROL_VM_RESET, 9, "vm-reset")                                                     \
	/* value: a VM's id << 32 \| KiB of RAM that it is to have at most; 0: its limit */        \
	X(VMK_CONTROL_VM_MEMORY, 13, "vm-memory")                                                  \
	X(VMK_CONTROL_VM_CREATE, 23, "vm-create")     /* value: address of struct vmk_vm_making */ \
	X(VMK_CONTROL_VM_DESTROY, 24, "vm-destroy")   /* one that is off */                        \
	X(VMK_CONTROL_MODULE_LOAD, 10, "module-load") /* value: index of its VMK_INFO_MODULE */    \
	X(VMK_CONTROL_MODULE_UNLOAD, 11, "module-unload")                                          \
	/* value: index of its VMK_INFO_PARAMETER << 32 \| number */                               \
	X(VMK_CONTROL_MODULE_PARAMETER, 12, "module-parameter")                                    \
	/* value: id of its VMK_INFO_GROUP << 32 \| shares, or percent of one pCPU (0: none) */    \
	X(VMK_CONTROL_POOL_SHARES, 20, "pool-shares")                                              \
	X(VMK_CONTROL_POOL_RESERVATION, 21, "pool-reservation")                                    \
	X(VMK_CONTROL_POOL_LIMIT, 22, "pool-limit")                                                \
	/* of each vCPU of a VM, likewise */                                                       \
	X(VMK_CONTROL_POOL_VCPU_LIMIT, 25, "pool-vcpu-limit")
enum vmk_control {
#define X(symbol, number, name) symbol = number,
	VMK_CONTROLS(X)
#undef X
};

/* A virtual machine to be made. VMK_NOT_FOUND: the module is no VM that was loaded. VMK_EXISTS: a
 * VM, or a user world's package, has that name. VMK_BAD_PARAM: it is no name. VMK_NO_RESOURCES. */
struct vmk_vm_making {
	uint32_t module, reserved; /* index of its VMK_INFO_MODULE */
	char name[32];             /* empty: the package's */
};

#endif
