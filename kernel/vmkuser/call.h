/*
 * Inside vmkuser/: one user world, and the system calls on it. A world has one thread, so what
 * belongs to it is touched by one call at a time and needs no lock.
 */
#ifndef VMKUSER_CALL_H
#define VMKUSER_CALL_H

#include "lib/types.h"
#include "vmkmod/domain.h"
#include "vmkmod/package.h"
#include "vmkuser/budget.h"
#include "vmkuser/handle.h"
#include <vmkuser/syscall.h>

struct space;
struct world;
struct port;
struct event;
struct vm;
struct vm_console;
struct secdomain;
struct account;

#define USER_TOP      0x7ffffffff000ull /* the first address that no world can have */
#define SCRATCH_BYTES 4096u
#define LOG_TEXT_MAX  (SCRATCH_BYTES - 1)
/* What a log budget counts. At 115200 baud these take 11 ms, in which the log keeps all waiting. */
#define LOG_UNIT_BYTES 128u
#define WAIT_MAX       16u
#define GUEST_MAPS_MAX 4u
#define WORLD_NAME(u)  ((u)->package.name)

struct user_range {
	uintptr_t address;
	size_t bytes;
};

/* What a call returns beside its value (vmkuser/vm.h, vm-serve). */
struct call_more {
	bool is_there;
	uint64_t r10, r8, r9;
};

struct uworld {
	struct uworld *next;    /* of all worlds; supervise.c's lock */
	struct package package; /* points into the package's memory, which stays */
	struct world *world;
	struct space *space;
	struct port *port;
	struct handle_table handles;
	struct vmk_grants grants; /* of the package, or less */
	struct secdomain *domain;
	const struct account *account;  /* who has logged in; NULL: nobody */
	struct domain_request denied;   /* why a call was, when it was */
	char vm_name[PACKAGE_NAME_MAX]; /* of the VM that the call being made is about */
	uint64_t denials;               /* in this life */
	struct user_range image, stack;
	struct user_range shadow; /* the shadow stack, where the CPU has such */
	struct vm *vm;            /* of a VMX world */
	struct user_range guest_ram[GUEST_MAPS_MAX];
	unsigned guest_maps;
	uintptr_t entry, stack_pointer;
	struct vm_console *console;         /* where it is attached, NULL: nowhere */
	uint64_t memory_limit, memory_used; /* bytes; page tables included */
	uint64_t table_bytes;               /* of these: page tables when they were counted last */
	struct budget log_budget, port_budget;
	uint64_t lines_dropped;
	uint8_t *scratch;      /* SCRATCH_BYTES, for the call being made */
	struct call_more more; /* of the call being made */
	bool ended;            /* its life is over; the supervisor may start the next */
	bool exited;           /* it asked for its end, with exit_code */
	bool session_over;     /* with its life somebody's log-in ended */
	bool idled;            /* because nobody typed; atomic */
	uint64_t typed_ns;     /* when its session was typed to last; 0: there is none; atomic */
	int exit_code;
	uint64_t started_ns, delay_ns, restart_ns, ended_ns;
	uint32_t lives; /* how often it was launched */
};

/*
 * A system call: arguments as the world gave them (believe nothing); *value is 0 at first. Called
 * on the world's own stack.
 */
typedef enum vmk_status (*call_handler)(struct uworld *u, const uint64_t args[6], uint64_t *value);

/* X(number, handler) */
#define CALL_HANDLERS(X)                           \
	X(VMK_SYS_EXIT, call_exit)                 \
	X(VMK_SYS_LOG, call_log)                   \
	X(VMK_SYS_CLOCK, call_clock)               \
	X(VMK_SYS_WAIT, call_wait)                 \
	X(VMK_SYS_MAP, call_map)                   \
	X(VMK_SYS_UNMAP, call_unmap)               \
	X(VMK_SYS_PROTECT, call_protect)           \
	X(VMK_SYS_SET_TLS, call_set_tls)           \
	X(VMK_SYS_RANDOM, call_random)             \
	X(VMK_SYS_PORT_INFO, call_port_info)       \
	X(VMK_SYS_PORT_ADDRESS, call_port_address) \
	X(VMK_SYS_PORT_SEND, call_port_send)       \
	X(VMK_SYS_PORT_RECV, call_port_recv)       \
	X(VMK_SYS_TRUST_QUOTE, call_quote)         \
	X(VMK_SYS_TRUST_LOG, call_trust_log)       \
	X(VMK_SYS_CONFIG_READ, call_config_read)   \
	X(VMK_SYS_TTY_READ, call_tty_read)         \
	X(VMK_SYS_TTY_WRITE, call_tty_write)       \
	X(VMK_SYS_INFO, call_info)                 \
	X(VMK_SYS_CONTROL, call_control)           \
	X(VMK_SYS_VM_INFO, call_vm_info)           \
	X(VMK_SYS_VM_FILE, call_vm_file)           \
	X(VMK_SYS_VM_READ, call_vm_read)           \
	X(VMK_SYS_VM_MAP, call_vm_map)             \
	X(VMK_SYS_VM_START, call_vm_start)         \
	X(VMK_SYS_VM_SERVE, call_vm_serve)         \
	X(VMK_SYS_VM_IRQ, call_vm_irq)             \
	X(VMK_SYS_VM_MESSAGE, call_vm_message)     \
	X(VMK_SYS_VM_CONTROL, call_vm_control)     \
	X(VMK_SYS_VM_ATTACH, call_vm_attach)       \
	X(VMK_SYS_VM_CONSOLE, call_vm_console)     \
	X(VMK_SYS_HANDLE_COPY, call_handle_copy)   \
	X(VMK_SYS_LOGIN, call_login)               \
	X(VMK_SYS_HANDLE_RESTRICT, call_handle_restrict)
#define X(number, handler) \
	enum vmk_status handler(struct uworld *u, const uint64_t args[6], uint64_t *value);
CALL_HANDLERS(X)
#undef X

/* Checks number and permission, then makes the call. Pure but for the handlers. */
enum vmk_status call_make(
	struct uworld *u, uint64_t number, const uint64_t args[6], uint64_t *value);
/* For handlers. Is it granted? VMK_DENIED: no, and so the call is denied. VMK_BAD_PARAM: there is
 * no such object. */
enum vmk_status call_may(struct uworld *u, const struct domain_request *request);
/* The call is denied for that: VMK_DENIED. */
enum vmk_status call_deny(struct uworld *u, enum vmk_action action);
/* What a handle names, as handle_get() does. */
enum vmk_status call_object(
	struct uworld *u, uint64_t handle, uint32_t kind, uint32_t rights, void **object);

/* What a world waits for, besides time: handles that become readable. */
struct wait_set {
	unsigned count;
	struct port *ports[WAIT_MAX];          /* or */
	struct vm_console *consoles[WAIT_MAX]; /* both NULL: the terminal */
	struct event *events[WAIT_MAX];
	uint64_t seen[WAIT_MAX];
};
/* Fill in place `i`. VMK_BAD_HANDLE, VMK_DENIED. */
enum vmk_status wait_add(struct uworld *u, struct wait_set *set, unsigned i, vmk_handle handle);
/* The monotonic time, ns, after `timeout` ns; 0: never. */
uint64_t call_deadline(uint64_t timeout);
/* Is one of them readable? Reads all `seen` before it looks, so that nothing is missed. */
bool wait_ready(struct wait_set *set, uint64_t *index);

/* Whole pages, not empty, all below USER_TOP. */
bool user_pages_ok(uint64_t address, uint64_t bytes);
/* Do [address, address + bytes) and the range have a byte in common? Neither may wrap. */
bool user_range_overlaps(const struct user_range *range, uint64_t address, uint64_t bytes);
/* What is mapped, changed, written or given back in one go: others have their turn after that. */
#define MEMORY_PART_BYTES (256ull << 10)
/* `bytes` more, or less, are mapped in its space: they count, and so do the page tables that came
 * or went with them. VMK_NO_MEMORY: that is more than its limit. */
enum vmk_status memory_charge(struct uworld *u, uint64_t bytes);
void memory_discharge(struct uworld *u, uint64_t bytes);
/* What an address is, for people, without giving away where it is: "image+0x1234". */
void user_describe_address(const struct uworld *u, uint64_t address, char *to, size_t size);

/* May it act on that VM? VMK_NOT_FOUND, VMK_DENIED. */
enum vmk_status call_may_act_on(struct uworld *u, uint32_t vm);
/* grant.c: gives those handles that the world may have by now and has not. VMK_NO_RESOURCES. */
enum vmk_status grant_handles(struct uworld *u);
/* Tells the world of its handles; `start` is zeroed. */
void grant_describe(const struct uworld *u, struct vmk_start *start);
/* image.c: fills the world's fresh address space: image, stack, start block. Sets image, stack,
 * entry, stack_pointer, memory_used. On failure *why says why. */
enum vmk_status image_load(struct uworld *u, const char **why);
/* One life of a world, from a fresh address space to its first instruction. On failure nothing of
 * it is left. */
enum vmk_status uworld_launch(struct uworld *u);
/* Frees a world that does not live; NULL is ignored. */
void uworld_discard(struct uworld *u);
/* The world ends itself; says so in the log. */
_Noreturn void uworld_finish(struct uworld *u, int code);

#endif
