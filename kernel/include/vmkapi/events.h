/*
 * Events that the VMkernel measures and logs, shared with predictors and verifiers.
 * Data formats: attest/PROTOCOL.md. Records: TCG PC Client Platform Firmware Profile,
 * TCG_PCR_EVENT2.
 */
#ifndef VMKAPI_EVENTS_H
#define VMKAPI_EVENTS_H

/*
 * How the kernel was started: X(symbol, name). Dynamic: tboot and SENTER measured it (PCR 17 and
 * 18). Static: firmware and boot loader did, from power-on (PCR 0 to 9).
 */
#define VMK_LAUNCHES(X)            \
	X(VMK_LAUNCH_NONE, "none") \
	X(VMK_LAUNCH_DRTM, "drtm") \
	X(VMK_LAUNCH_SRTM, "srtm")
enum vmk_launch {
#define X(symbol, name) symbol,
	VMK_LAUNCHES(X)
#undef X
		VMK_LAUNCH_COUNT
};

/*
 * X(symbol, type, PCR after a dynamic launch, PCR after a static one, name); the types lie in a
 * range that the TCG leaves to implementations.
 */
#define VMK_EVENTS(X)                                                       \
	X(VMK_EV_SECURITY_OPTIONS, 0x4d4c0001u, 19, 12, "SECURITY_OPTIONS") \
	X(VMK_EV_PACKAGE, 0x4d4c0002u, 19, 12, "PACKAGE")                   \
	X(VMK_EV_CONFIG, 0x4d4c0003u, 21, 14, "CONFIG")                     \
	X(VMK_EV_BOOT_COMPLETE, 0x4d4c0004u, 19, 12, "BOOT_COMPLETE")       \
	X(VMK_EV_DMA, 0x4d4c0005u, 19, 12, "DMA")                           \
	X(VMK_EV_VM_IMAGE, 0x4d4c0006u, 20, 13, "VM_IMAGE")                 \
	X(VMK_EV_CPU, 0x4d4c0008u, 19, 12, "CPU")                           \
	X(VMK_EV_AUDIT, 0x4d4c0010u, 22, 15, "AUDIT")

enum vmk_event_type {
#define X(symbol, type, drtm, srtm, name) symbol = (int)(type),
	VMK_EVENTS(X)
#undef X
};

/* printf format of the security-options event's data; %s: the host's level (vmkapi/levels.h). */
#define VMK_SECURITY_FORMAT "security execInstalledOnly=TRUE acceptanceLevel=%s kaslr=TRUE wx=TRUE"
#define VMK_BOOT_COMPLETE   "Boot Complete"
/*
 * What stands between devices and memory: one of these is measured after boot complete, before
 * any user world runs, as it depends on the platform and not on files. X(symbol, text, meaning).
 */
#define VMK_DMA_STATES(X)                                                               \
	X(VMK_DMA_REMAPPED, "dma protection=vtd interrupts=remapped",                   \
		"VT-d guards memory and interrupts")                                    \
	X(VMK_DMA_MEMORY, "dma protection=vtd interrupts=direct", "VT-d guards memory") \
	X(VMK_DMA_NONE, "dma protection=none interrupts=direct",                        \
		"no VT-d: devices reach all of memory")
enum vmk_dma_state {
#define X(symbol, text, meaning) symbol,
	VMK_DMA_STATES(X)
#undef X
		VMK_DMA_STATE_COUNT
};
/*
 * What the CPU protects the host with, measured after VMK_EV_DMA, for the same reason: X(symbol,
 * name). Those that are on stand in `protections`; `mitigated` and `exposed` are attacks by
 * transient execution (kernel/arch/x86/speculation.h); all with commas between, or "none". `smt`:
 * "none", "off" (one thread of each core runs), "shared".
 */
#define VMK_CPU_PROTECTIONS(X)                    \
	X(VMK_CPU_NX, "nx")                       \
	X(VMK_CPU_SMEP, "smep")                   \
	X(VMK_CPU_SMAP, "smap")                   \
	X(VMK_CPU_UMIP, "umip")                   \
	X(VMK_CPU_IBT, "ibt")                     \
	X(VMK_CPU_USER_IBT, "user-ibt")           \
	X(VMK_CPU_SHADOW, "shadow-stack")         \
	X(VMK_CPU_KERNEL_SHADOW, "kernel-shadow") \
	X(VMK_CPU_PKU, "pku")                     \
	X(VMK_CPU_LASS, "lass")                   \
	X(VMK_CPU_PKS, "pks")                     \
	X(VMK_CPU_ENTROPY, "entropy")
enum vmk_cpu_protection {
#define X(symbol, name) symbol,
	VMK_CPU_PROTECTIONS(X)
#undef X
		VMK_CPU_PROTECTION_COUNT
};
#define VMK_CPU_FORMAT "cpu protections=%s mitigated=%s exposed=%s smt=%s"
/* printf formats of the other events' data. */
#define VMK_PACKAGE_FORMAT  "package name=%s version=%s kind=%s provider=%s level=%s sha256=%s"
#define VMK_CONFIG_FORMAT   "config name=%s version=%s provider=%s sha256=%s"
#define VMK_VM_IMAGE_FORMAT "vm name=%s version=%s provider=%s level=%s sha256=%s"

#endif
