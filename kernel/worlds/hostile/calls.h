/* Random system calls, as many as the world's name says: hostile-calls-COUNT, or, to have the same
 * again, hostile-calls-COUNT-SEED. */
#ifndef WORLDS_HOSTILE_CALLS_H
#define WORLDS_HOSTILE_CALLS_H

/* What follows "calls-" in the name. 0: every call left the registers and the memory as the
 * interface says, and nothing in them looks like a kernel address. */
int hostile_calls(const char *count_and_seed);

#endif
