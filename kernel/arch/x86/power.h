/* Leaving: always through tboot after a measured launch, so that SECRETS is cleared and SEXIT
 * reached. */
#ifndef ARCH_POWER_H
#define ARCH_POWER_H

enum power_action { POWER_OFF, POWER_REBOOT, POWER_HALT };
/* Stops every world and CPU, hands APs back to tboot, TPM2_Shutdown, scrubs secrets, then leaves.
 */
_Noreturn void power_leave(enum power_action action);
/* The same at the end of a panic: trusts nothing but the hardware. */
_Noreturn void power_leave_panic(enum power_action action);
void power_init(void);
/* On the first CPU, from an interrupt or NMI: leave if another CPU has asked for it. */
void power_serve_request(void);
/* Run at leaving, in reverse order of registration (TPM shutdown, scrubbing...). At most 16. */
void power_at_leave(void (*function)(void));

#endif
