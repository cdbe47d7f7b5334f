/* The Bochs edge: one platform, one TPM, and the parts that connect them to the emulator. */
#ifndef TXTSIM_PLUGIN_H
#define TXTSIM_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/platform.h"
#include "tboot-integration/txtsim/model/tis.h"

struct bx_cpu;
struct bx_instruction;

struct edge {
	struct txt txt;
	struct tis tis;
	bool txt_enabled;
	bool tpm_disabled; /* firmware turns the owner and endorsement hierarchies off */
	enum tis_mode tis_mode;
};

extern struct edge edge;

__attribute__((format(printf, 1, 2))) void edge_log(const char *format, ...);
/* Says why on standard error and in the log, and ends Bochs with status 3. */
__attribute__((format(printf, 1, 2), noreturn)) void edge_die(const char *format, ...);

/* identity.c: ends Bochs unless it is a build that bochs_abi.h describes. */
void identity_check(void);

/* cpu.c */
/* Keeps GETSEC's opcode row, which Bochs takes out for CPU models without SMX. */
void cpu_save_opcode_row(void);
/* Gives every CPU the SMX feature. Before the first reset. */
void cpu_enable_smx(void);
/* Finds offsets, hooks the instructions, tests what it found. At the first reset. */
void cpu_install_hooks(void);
/* Ends the turn of the CPU that asked for the reset. At each later reset. */
void cpu_end_quantum(void);
/* Has an instruction's handler in Bochs' opcode table replaced; ends Bochs if it is not there. */
typedef void (*cpu_handler)(struct bx_cpu *, struct bx_instruction *);
void cpu_hook(const char *name, cpu_handler from, cpu_handler to);
/* In VMX non-root operation. */
bool cpu_in_guest(const struct bx_cpu *cpu);
/* What all CPUs have executed since power-on. */
uint64_t cpu_instructions(void);
/* CR3 of a CPU that is not in a guest of its own; 0: of none. */
uint64_t cpu_host_cr3(void);

/* wake.c: starts every other CPU with MLE JOIN data, as GETSEC[WAKEUP] does. */
struct getsec_state;
void wake_init(void);
void wake_others(const struct getsec_state *s);

/* memory.c */
void memory_init(void);
bool memory_read(void *ctx, uint64_t pa, void *to, size_t size);
void memory_scrub(void *ctx);
/* All RAM below 4 GiB to a file; what lies between 640 KiB and 1 MiB is zeroes there. */
void memory_dump(const char *path);
/* Asks CMOS what the firmware found; fills in txt.config. */
void memory_find_ram(void);
/* Whether the reset that is under way ends sleep (S3). */
bool memory_kept(void);

/* firmware.c: adds ACPI tables once the BIOS has written its own. */
void firmware_init(void);
void firmware_reset(void);

/* stamp.c: when the guest wrote what to COM1, and when the TPM got which command. */
void stamp_init(void);
void stamp_byte(uint8_t byte);
void stamp_tpm(unsigned locality, uint32_t command, uint32_t response);

/* vmx_count.c: the VMX instructions of hypervisors, if asked to count them. */
/* With the other hooks. */
void vmx_count_init(void);
/* What was counted until now, with a text. */
void vmx_count_line(const char *what);

/* swtpm.c */
/* From here on TPM2_GetRandom answers from this seed. */
void tpm_seed(uint64_t seed);
void tpm_connect(const char *control_socket);
/* Power-on or platform reset: TPM_Init and what the firmware then sends. */
void tpm_power_on(void);
/* The end of sleep (S3). */
void tpm_resume(void);
int tpm_command(void *ctx, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t response_max);
bool tpm_hash(void *ctx, const void *data, size_t size);

#endif
