#include "arch/x86/predict.h"

	.text
	.balign 16
	.globl predict_fill_returns
	.hidden predict_fill_returns
	.type predict_fill_returns, @function
predict_fill_returns:
	endbr64
	FILL_RETURNS
	ret
	int3
	.size predict_fill_returns, . - predict_fill_returns

	.section .note.GNU-stack, "", @progbits
