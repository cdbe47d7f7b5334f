/* A host for the command table: records in memory, what was written, what was asked for. */
#ifndef TESTS_SHIM_VMK_HOST_H
#define TESTS_SHIM_VMK_HOST_H

#include "worlds/libvmk/host.h"

#define FAKE_OUT_BYTES (1u << 18)

struct fake_host {
	char out[FAKE_OUT_BYTES];
	size_t out_bytes;
	struct vmk_info_system system;
	struct vmk_info_module modules[3];
	struct vmk_info_parameter parameters[2];
	struct vmk_info_world worlds[2];
	struct vmk_info_memory memory;
	struct vmk_info_cpu cpu;
	struct vmk_info_pci pci;
	struct vmk_info_hardening hardening[2];
	struct vmk_info_nic nic;
	struct vmk_info_port ports[2];
	struct vmk_info_launch launch;
	struct vmk_info_sign sign;
	struct vmk_info_sched scheduled[3];
	struct vmk_info_vm vms[2];
	struct vmk_info_domain domains[2];
	struct vmk_info_group groups[2];
	struct vmk_info_account accounts[2];
	/* TXT registers, heap, tboot's log; NULL: the machine has none. Sizes in whole parts. */
	const uint8_t *raw[3];
	size_t raw_bytes[3];
	uint64_t raw_base[3];
	uint64_t raw_total[3]; /* 0: as raw_bytes */
	unsigned module_count, world_count, nic_count, account_count;
	const char *log;       /* vmkernel.log */
	const char *log_grown; /* NULL, or what it is after a pause */
	uint64_t log_start;    /* offset of its first byte that is still there */
	struct vmk_info_audit audit;
	const uint8_t *audit_log; /* audit.bytes of it */
	const uint8_t *events;    /* the vmk event log */
	size_t events_bytes;
	bool drtm; /* it is the launch's log as well */
	enum vmk_status info_status, control_status, ping_status, log_status;
	unsigned info_left; /* answers before info_later, unless that is VMK_OK */
	enum vmk_status info_later;
	unsigned controls; /* calls */
	enum vmk_control control;
	uint64_t control_value;
	struct vmk_vm_making making; /* of VMK_CONTROL_VM_CREATE */
	unsigned pauses_left;        /* then the person interrupts */
	unsigned pings;
	struct ping_request ping;
	uint64_t ping_step; /* ns that each answer comes sooner than the last */
	unsigned vm_count;
	enum vmk_status console_status;
	uint32_t console_vm; /* whose console was asked for */
	char noted[256];     /* the last line to the log */
};
extern struct fake_host fake;
extern const struct vmk_host fake_ops;

/* A healthy, measured host. */
void fake_reset(void);

#endif
