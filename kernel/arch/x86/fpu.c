/* x87 and SSE for ring 3. */
#include "arch/x86/fpu.h"
#include "arch/x86/cpu.h"
#include <string.h>

#define CR0_MP         0x2ull
#define CR0_EM         0x4ull
#define CR0_TS         0x8ull
#define CR0_NE         0x20ull
#define CR4_OSFXSR     0x200ull
#define CR4_OSXMMEXCPT 0x400ull
#define CR4_OSXSAVE    0x40000ull

/* FXSAVE layout: SDM 1, table 10-2. Reset values: SDM 1, 8.1.5 and 10.2.3. */
#define FCW_OFFSET   0
#define MXCSR_OFFSET 24
#define FCW_RESET    0x037f
#define MXCSR_RESET  0x1f80

void fpu_init_cpu(void)
{
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	write_cr4((read_cr4() & ~CR4_OSXSAVE) | CR4_OSFXSR | CR4_OSXMMEXCPT);
}

void fpu_state_init(struct fpu_state *state)
{
	uint16_t fcw = FCW_RESET;
	uint32_t mxcsr = MXCSR_RESET;

	memset(state, 0, sizeof(*state));
	memcpy(state->area + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(state->area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}
