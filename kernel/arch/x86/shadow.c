/* Shadow stacks of ring 0. */
#include "arch/x86/shadow.h"
#include "arch/x86/cet.h"
#include "arch/x86/context.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "lib/panic.h"
#include "mem/heap.h"

#define WORD            sizeof(uint64_t)
#define RESTORE_LONG    1ull /* a token of RSTORSSP says so of 64-bit mode */
#define HANDLER_CALLS   16u  /* from an exception's entry to shadow_move_return() at most */
#define CET_WR_SHSTK_EN 2ull

enum vmk_status shadow_create(uint64_t *token)
{
	enum vmk_status status;
	uintptr_t end;

	*token = 0;
	if (!cpu_has_shadow)
		return VMK_OK;
	status = shadow_stack_alloc(&end);
	if (status != VMK_OK)
		return status;
	*token = end - WORD;
	shadow_stack_lay(end, token, 1);
	return VMK_OK;
}

enum vmk_status shadow_create_context(struct context *context, uint64_t first)
{
	enum vmk_status status;
	uint64_t words[3];
	uintptr_t end;

	context->ssp = context->shadow = 0;
	if (!cpu_has_shadow)
		return VMK_OK;
	status = shadow_stack_alloc(&end);
	if (status != VMK_OK)
		return status;
	words[0] = (end - 2 * WORD) | RESTORE_LONG;
	words[1] = first;
	words[2] = end - WORD;
	shadow_stack_lay(end, words, ARRAY_SIZE(words));
	context->shadow = end - WORD;
	context->ssp = end - 3 * WORD;
	return VMK_OK;
}

void shadow_free(uint64_t token)
{
	if (token)
		shadow_stack_free(token + WORD);
}

void shadow_set_table(const uint64_t table[8])
{
	if (cpu_has_shadow)
		wrmsr(MSR_SSP_TABLE, (uint64_t)(uintptr_t)table);
}

/* The exception pushed SSP, the return address and CS, one above the other. */
static const uint64_t *find_return(uint64_t address)
{
	const uint64_t *ssp;

	__asm__ volatile("rdsspq %0" : "=r"(ssp));
	for (unsigned i = 1; i < HANDLER_CALLS && (uintptr_t)(ssp + i) % PAGE_SIZE; i++)
		if (ssp[i] == address && ssp[i + 1] == GDT_KERNEL_CODE)
			return &ssp[i];
	return NULL;
}

/* WRSS is allowed for this one word only: fix-ups are rare. Exceptions' handlers run with
 * interrupts off. */
void shadow_move_return(uint64_t from, uint64_t to)
{
	const uint64_t *word;

	if (!cpu_has_shadow)
		return;
	word = find_return(from);
	if (!word)
		panic("an exception's return address is not on the shadow stack");
	wrmsr(MSR_S_CET, cet_kernel_flags() | CET_WR_SHSTK_EN);
	__asm__ volatile("wrssq %1, (%0)" : : "r"(word), "r"(to) : "memory");
	wrmsr(MSR_S_CET, cet_kernel_flags());
}
