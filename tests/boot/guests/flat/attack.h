/* How many interrupts the guest of attack.c sends itself, and how often its timer then ticks. */
#define STORM 2000
#define TICKS 200
