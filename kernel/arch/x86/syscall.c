/* The SYSCALL edge. */
#include "arch/x86/syscall.h"
#include "arch/x86/cpu.h"
#include "arch/x86/fault.h"
#include "arch/x86/predict.h"
#include "arch/x86/trap.h"

extern char syscall_entry[], syscall_entry_guarded[];
void syscall_entered(struct syscall_frame *frame);

STATIC_ASSERT_SIZE(struct syscall_frame, sizeof(struct trap_frame));
STATIC_ASSERT_OFFSET(struct syscall_frame, rip, offsetof(struct trap_frame, rip));

/* Cleared at entry (SDM 2B, SYSCALL): TF, IF, DF, IOPL, NT, AC. */
#define SFMASK 0x47700ull

void syscall_init_cpu(void)
{
	/* SYSCALL loads CS and SS from STAR[47:32], SYSRET from STAR[63:48] + 16 and + 8. */
	wrmsr(MSR_STAR, (uint64_t)(GDT_USER_DATA - 8) << 48 | (uint64_t)GDT_KERNEL_CODE << 32);
	bool guarded = predict_at_entries || predict_isolate;

	wrmsr(MSR_LSTAR, (uint64_t)(uintptr_t)(guarded ? syscall_entry_guarded : syscall_entry));
	wrmsr(MSR_SFMASK, SFMASK);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	/* Whoever had this CPU before may have left an entry of its own. Null: SYSENTER faults. */
	wrmsr(MSR_SYSENTER_CS, 0);
}

void syscall_entered(struct syscall_frame *frame)
{
	syscall_dispatch(frame);
	trap_leave_to_user();
}
