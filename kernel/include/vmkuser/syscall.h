/*
 * The system-call interface between user worlds and the VMkernel.
 *
 * ABI: SYSCALL instruction; RAX = number; RDI, RSI, RDX, R10, R8, R9 = arguments. Returns RAX =
 * enum vmk_status and RDX = value (0 unless the call says otherwise); RCX and R11 are lost, every
 * other register is kept, but for vm-serve (vm.h), which returns values in R10 and R8, too. A world
 * may make only the calls that its package's manifest grants.
 */
#ifndef VMKUSER_SYSCALL_H
#define VMKUSER_SYSCALL_H

#include <stdint.h>

typedef uint32_t vmk_handle;
#define VMK_NO_HANDLE 0u

/* A call that copies between world and kernel moves at most this much: VMK_TOO_LARGE beyond. */
#define VMK_TRANSFER_MAX 65536u

/* X(symbol, name in manifests, number, argument count) */
#define VMK_SYSCALLS(X)                                                                            \
	X(VMK_SYS_EXIT, "exit", 0, 1)   /* (code): does not return */                              \
	X(VMK_SYS_LOG, "log", 1, 2)     /* (text, bytes): one or more lines to vmkernel.log */     \
	X(VMK_SYS_CLOCK, "clock", 2, 1) /* (VMK_CLOCK_*) -> nanoseconds */                         \
	X(VMK_SYS_WAIT, "wait", 3, 3)   /* (handles, count, timeout ns) -> index ready */          \
	X(VMK_SYS_MAP, "map", 4, 2)     /* (bytes, VMK_PROT_*) -> address, zeroed, at random */    \
	X(VMK_SYS_UNMAP, "unmap", 5, 2) /* (address, bytes) */                                     \
	X(VMK_SYS_PROTECT, "protect", 6, 3) /* (address, bytes, VMK_PROT_*): never executable */   \
	X(VMK_SYS_SET_TLS, "set-tls", 7, 1) /* (address): FS base */                               \
	X(VMK_SYS_RANDOM, "random", 8, 2)   /* (buffer, bytes) */                                  \
	X(VMK_SYS_PORT_INFO, "port-info", 9, 2)  /* (port, struct vmk_port_info *) */              \
	X(VMK_SYS_PORT_SEND, "port-send", 10, 3) /* (port, frame, bytes) */                        \
	X(VMK_SYS_PORT_RECV, "port-recv", 11, 3) /* (port, buffer, bytes) -> bytes; WOULD_BLOCK */ \
	X(VMK_SYS_TRUST_QUOTE, "quote", 12,                                                        \
		3) /* (trust, struct vmk_quote_request *, ..._reply *) */                          \
	X(VMK_SYS_TRUST_LOG, "trust-log", 13,                                                      \
		5) /* (trust, VMK_LOG_*, offset, buffer, bytes) -> total */                        \
	X(VMK_SYS_CONFIG_READ, "config", 14, 4)  /* (config, offset, buffer, bytes) -> total */    \
	X(VMK_SYS_TTY_READ, "tty-read", 15, 3)   /* (tty, buffer, bytes) -> bytes; WOULD_BLOCK */  \
	X(VMK_SYS_TTY_WRITE, "tty-write", 16, 3) /* (tty, text, bytes) */                          \
	X(VMK_SYS_INFO, "info", 17,                                                                \
		5) /* (system, VMK_INFO_*, index, record, bytes) -> bytes there (info.h) */        \
	X(VMK_SYS_CONTROL, "control", 18, 3) /* (system, VMK_CONTROL_*, value) (info.h) */         \
	X(VMK_SYS_PORT_ADDRESS, "port-address", 28,                                                \
		2) /* (port, const struct vmk_port_address *): what its IP stack uses */           \
	/* Of a VMX world, on its virtual machine (vm.h). */                                       \
	X(VMK_SYS_VM_INFO, "vm-info", 19, 2)       /* (vm, struct vmk_vm_info *) */                \
	X(VMK_SYS_VM_FILE, "vm-file", 20, 3)       /* (vm, index, struct vmk_vm_file *) */         \
	X(VMK_SYS_VM_READ, "vm-read", 21, 5)       /* (vm, index, offset, buffer, bytes) */        \
	X(VMK_SYS_VM_MAP, "vm-map", 22, 3)         /* (vm, gpa, bytes) -> address */               \
	X(VMK_SYS_VM_START, "vm-start", 23, 2)     /* (vm, struct vmk_vm_entry *) */               \
	X(VMK_SYS_VM_SERVE, "vm-serve", 24, 6)     /* one exchange, in registers: vm.h */          \
	X(VMK_SYS_VM_IRQ, "vm-irq", 25, 3)         /* (vm, gsi, level) */                          \
	X(VMK_SYS_VM_MESSAGE, "vm-message", 26, 3) /* (vm, address, data) */                       \
	X(VMK_SYS_VM_CONTROL, "vm-control", 27, 3) /* (vm, VMK_VM_CONTROL_*, argument) */          \
	X(VMK_SYS_VM_ATTACH, "vm-attach", 29, 2)   /* (system, id of a VM; 0: detach) */           \
	/* (vm, or system when attached; VMK_VM_CONSOLE_*; buffer, bytes) -> bytes; WOULD_BLOCK,   \
	 * NOT_PRESENT */                                                                          \
	X(VMK_SYS_VM_CONSOLE, "vm-console", 30, 4)                                                 \
	/* Rights only shrink. (handle, VMK_RIGHT_*): one more handle of the same object, with     \
	 * these of its rights; the handle keeps no others than these, and is gone with none. */   \
	X(VMK_SYS_HANDLE_COPY, "handle-copy", 31, 2)                                               \
	X(VMK_SYS_HANDLE_RESTRICT, "handle-restrict", 32, 2)                                       \
	X(VMK_SYS_LOGIN, "login", 33, 3) /* (tty, VMK_LOGIN_*, struct vmk_login *) (auth.h) */

enum vmk_syscall {
#define X(symbol, name, number, args) symbol = number,
	VMK_SYSCALLS(X)
#undef X
};

/* What a handle lets its world do with the object. */
enum { VMK_RIGHT_READ = 1, VMK_RIGHT_WRITE = 2, VMK_RIGHT_WAIT = 4 };
enum { VMK_CLOCK_MONOTONIC = 0, VMK_CLOCK_WALL = 1 }; /* since boot; since 1970-01-01 UTC */
enum { VMK_VM_CONSOLE_READ = 0, VMK_VM_CONSOLE_WRITE = 1 };
/* Whoever asks for VMK_PROT_EXECUTE is denied it, and that is recorded: code comes in packages. */
enum { VMK_PROT_NONE = 0, VMK_PROT_READ = 1, VMK_PROT_WRITE = 2, VMK_PROT_EXECUTE = 4 };

/*
 * What a world is given at its start: argv and envp are empty; the auxiliary vector has AT_PHDR,
 * AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_RANDOM and AT_VMK_START, the address of this structure.
 */
#define AT_VMK_START      0x564d4b01ul
#define VMK_START_HANDLES 16
struct vmk_start_handle {
	char name[16]; /* of VMK_KINDS: zero-terminated */
	vmk_handle handle;
	uint32_t kind; /* VMK_KIND_* */
};
struct vmk_start {
	uint32_t size;  /* of this structure, for growth */
	uint32_t count; /* of handles */
	char world[32]; /* the world's name */
	struct vmk_start_handle handles[VMK_START_HANDLES];
};
/* The kinds, and how a world finds its handle of each. X(symbol, number, name) */
#define VMK_KINDS(X)                    \
	X(VMK_KIND_PORT, 1, "mgmt")     \
	X(VMK_KIND_TRUST, 2, "trust")   \
	X(VMK_KIND_CONFIG, 3, "config") \
	X(VMK_KIND_TTY, 4, "tty")       \
	X(VMK_KIND_SYSTEM, 5, "system") \
	X(VMK_KIND_VM, 6, "vm")
enum {
	VMK_KIND_NONE = 0,
#define X(symbol, number, name) symbol = number,
	VMK_KINDS(X)
#undef X
};

struct vmk_port_info {
	uint8_t mac[6];
	uint16_t mtu; /* bytes of payload, without the 14-byte Ethernet header */
	uint32_t link_up;
};

/* What a world says of the IP stack that it has on a port: for people, the switch makes no use of
 * it. All zero: it has no address. */
struct vmk_port_address {
	uint8_t address[4], gateway[4]; /* IPv4; gateway all zero: none */
	uint8_t prefix;                 /* length of the network's prefix, bits: at most 32 */
	uint8_t dhcp;                   /* 1: DHCP gave it, 0: the configuration did */
	uint8_t reserved[6];            /* 0 */
};

/* VMK_SYS_TRUST_LOG identifiers; contents: attest/PROTOCOL.md, "Logs". */
#define VMK_TRUST_LOGS(X)                      \
	X(VMK_LOG_TXT_DRTM, 1, "txt-drtm")     \
	X(VMK_LOG_VMK, 2, "vmk")               \
	X(VMK_LOG_EK_CERT, 3, "ek-cert")       \
	X(VMK_LOG_EK_PUB, 4, "ek-pub")         \
	X(VMK_LOG_AK_PUB, 5, "ak-pub")         \
	X(VMK_LOG_PCR_VALUES, 6, "pcr-values") \
	X(VMK_LOG_LAUNCH, 7, "launch")         \
	X(VMK_LOG_TCG_BOOT, 8, "tcg-boot")     \
	X(VMK_LOG_AUDIT, 9, "audit")
enum vmk_trust_log {
#define X(symbol, number, name) symbol = number,
	VMK_TRUST_LOGS(X)
#undef X
		VMK_LOG_END
};

#define VMK_NONCE_MAX      64
#define VMK_CREDENTIAL_MAX 512 /* TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, each */
#define VMK_ATTEST_MAX     1024
#define VMK_SIGNATURE_MAX  600
struct vmk_quote_request {
	uint32_t qd_version; /* attest/PROTOCOL.md, "Qualifying data" */
	uint32_t pcr_mask;   /* bit n: PCR n of the SHA-256 bank; 0..23, not empty */
	uint32_t nonce_size; /* 8..VMK_NONCE_MAX */
	uint32_t credential_size, secret_size; /* 0 unless qd_version is 2 */
	uint8_t channel_key[32];               /* SHA-256 of the channel's key for version 1 */
	uint8_t nonce[VMK_NONCE_MAX];
	uint8_t credential[VMK_CREDENTIAL_MAX];
	uint8_t secret[VMK_CREDENTIAL_MAX];
};
struct vmk_quote_reply {
	uint32_t attest_size, signature_size;
	uint8_t attest[VMK_ATTEST_MAX];       /* TPMS_ATTEST */
	uint8_t signature[VMK_SIGNATURE_MAX]; /* TPMT_SIGNATURE */
};

#endif
