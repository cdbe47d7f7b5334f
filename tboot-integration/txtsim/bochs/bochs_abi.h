/*
 * Everything that the plugin uses of Debian's bochs-bin 2.7: exported C++ symbols under their
 * mangled names, and the shape of a device plugin. There are no Bochs headers in the package; the
 * build id that identity.c checks is what makes these declarations true.
 */
#ifndef TXTSIM_BOCHS_ABI_H
#define TXTSIM_BOCHS_ABI_H

#include <stdbool.h>
#include <stdint.h>

struct bx_cpu;         /* BX_CPU_C */
struct bx_instruction; /* bxInstruction_c */

typedef void (*bx_handler)(struct bx_cpu *, struct bx_instruction *);
typedef bool (*bx_memory_handler)(unsigned long pa, unsigned size, void *data, void *param);
typedef uint8_t *(*bx_direct_access)(unsigned long pa, unsigned rw, void *param);

enum bx_register { BX_EAX, BX_ECX, BX_EDX, BX_EBX };
enum bx_segment { BX_SEG_CS = 1 };
enum bx_reset_type { BX_RESET_SOFTWARE = 10, BX_RESET_HARDWARE = 11 };
enum bx_access { BX_READ = 0, BX_WRITE = 1 };
enum bx_exception { BX_GP_EXCEPTION = 13 };

/* static member functions of BX_MEM_C */
bool bx_register_memory(void *param, bx_memory_handler read, bx_memory_handler write,
	bx_direct_access direct, unsigned long begin,
	unsigned long
		end) __asm__("_ZN8BX_MEM_C22registerMemoryHandlersEPvPFbmjS0_S0_ES2_PFPhmjS0_Emm");
void bx_read_physical(struct bx_cpu *, unsigned long pa, unsigned size, void *data) __asm__(
	"_ZN8BX_MEM_C16readPhysicalPageEP8BX_CPU_CmjPv");
uint8_t *bx_host_address(struct bx_cpu *, unsigned long pa, unsigned rw) __asm__(
	"_ZN8BX_MEM_C14getHostMemAddrEP8BX_CPU_Cmj");
void bx_flush_icaches(void) __asm__("_Z12flushICachesv");

/* bx_pc_system_c */
extern char bx_pc_system[];
int bx_register_timer(void *system, void *param, void (*function)(void *), unsigned usec,
	bool continuous, bool active,
	const char *id) __asm__("_ZN14bx_pc_system_c14register_timerEPvPFvS0_EjbbPKc");
void bx_activate_timer(void *system, unsigned timer, unsigned usec, bool continuous) __asm__(
	"_ZN14bx_pc_system_c14activate_timerEjjb");
void bx_deactivate_timer(void *system, unsigned timer) __asm__(
	"_ZN14bx_pc_system_c16deactivate_timerEj");
uint64_t bx_time_usec(void *system) __asm__("_ZN14bx_pc_system_c9time_usecEv");
int bx_reset(void *system, unsigned type) __asm__("_ZN14bx_pc_system_c5ResetEj");

/* bx_devices_c */
extern char bx_devices[];
unsigned bx_inp(void *devices, uint16_t port, unsigned size) __asm__("_ZN12bx_devices_c3inpEtj");
void bx_outp(void *devices, uint16_t port, uint32_t value, unsigned size) __asm__(
	"_ZN12bx_devices_c4outpEtjj");

/* BX_CPU_C */
extern struct bx_cpu **bx_cpu_array;
extern uint8_t bx_cpu_count;
bool bx_set_cr0(struct bx_cpu *, struct bx_instruction *, unsigned long) __asm__(
	"_ZN8BX_CPU_C6SetCR0EP15bxInstruction_cm");
bool bx_set_cr4(struct bx_cpu *, struct bx_instruction *, unsigned long) __asm__(
	"_ZN8BX_CPU_C6SetCR4EP15bxInstruction_cm");
void bx_write_eflags(struct bx_cpu *, uint32_t flags, uint32_t mask) __asm__(
	"_ZN8BX_CPU_C11writeEFlagsEjj");
void bx_set_eip(struct bx_cpu *, unsigned long) __asm__("_ZN8BX_CPU_C11dbg_set_eipEm");
void bx_raise(struct bx_cpu *, unsigned vector, uint16_t error) __asm__("_ZN8BX_CPU_C9exceptionEjt")
	__attribute__((noreturn));
void bx_deliver_init(struct bx_cpu *) __asm__("_ZN8BX_CPU_C12deliver_INITEv");
void bx_deliver_sipi(struct bx_cpu *, unsigned vector) __asm__("_ZN8BX_CPU_C12deliver_SIPIEj");

/* Never called: its code tells where BX_CPU_C counts instructions. */
bool bx_dbg_instruction_epilog(struct bx_cpu *) __asm__("_ZN8BX_CPU_C22dbg_instruction_epilogEv");

/* Instruction handlers that are replaced in the opcode table. */
void bx_op_getsec(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C6GETSECEP15bxInstruction_c");
void bx_op_rdmsr(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C5RDMSREP15bxInstruction_c");
void bx_op_cpuid(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C5CPUIDEP15bxInstruction_c");
void bx_op_vmread_64(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C11VMREAD_EqGqEP15bxInstruction_c");
void bx_op_vmread_32(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C11VMREAD_EdGdEP15bxInstruction_c");
void bx_op_vmwrite_64(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C12VMWRITE_GqEqEP15bxInstruction_c");
void bx_op_vmwrite_32(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C12VMWRITE_GdEdEP15bxInstruction_c");
void bx_op_invept(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C6INVEPTEP15bxInstruction_c");
void bx_op_invvpid(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C7INVVPIDEP15bxInstruction_c");
void bx_op_vmptrld(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C7VMPTRLDEP15bxInstruction_c");
void bx_op_vmclear(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C7VMCLEAREP15bxInstruction_c");
void bx_op_nop(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C3NOPEP15bxInstruction_c");
void bx_op_monitor(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C7MONITOREP15bxInstruction_c");
void bx_op_vmxon(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C5VMXONEP15bxInstruction_c");
void bx_op_vmxoff(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C6VMXOFFEP15bxInstruction_c");
void bx_op_vmlaunch(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C8VMLAUNCHEP15bxInstruction_c");
void bx_op_rdtsc(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C5RDTSCEP15bxInstruction_c");
void bx_op_out_dx_al(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C8OUT_DXALEP15bxInstruction_c");
void bx_op_out_ib_al(struct bx_cpu *, struct bx_instruction *) __asm__(
	"_ZN8BX_CPU_C8OUT_IbALEP15bxInstruction_c");
/* Rows of {execute1 {pointer, adjustment}, execute2 {pointer, adjustment}, sources, flags}. */
extern char BxOpcodesTable[];
#define BX_OPCODE_ROW 40

/* Debugger access to the registers of CPU `dbg_cpu`. */
extern unsigned dbg_cpu;
uint32_t bx_dbg_get_reg32(unsigned) __asm__("_Z22bx_dbg_get_reg32_valuej");
void bx_dbg_set_reg32(unsigned, uint32_t) __asm__("_Z22bx_dbg_set_reg32_valuejj");
uint16_t bx_dbg_get_selector(unsigned) __asm__("_Z25bx_dbg_get_selector_valuej");

/* A device: an object whose first word points to bx_devmodel_c's virtual functions. */
struct bx_device {
	void **functions;
	char base[4096]; /* the base class's members, of unknown size */
};
enum { BX_PLUGIN_INIT = 1, BX_PLUGIN_PROBE = 2, BX_PLUGTYPE_STANDARD = 4 };
void pluginRegisterDeviceDevmodel(void *plugin, int type, struct bx_device *, const char *name);

#endif
