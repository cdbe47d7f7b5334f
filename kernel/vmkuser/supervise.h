/* All user worlds, and what becomes of them when they end: restarted after a growing delay, or
 * forgotten. */
#ifndef VMKUSER_SUPERVISE_H
#define VMKUSER_SUPERVISE_H

#include "vmkuser/call.h"

/* Start the supervisor's thread. */
enum vmk_status supervise_init(void);
/* False if a world of that name is there. The supervisor owns `u` once it was launched. */
bool supervise_add(struct uworld *u);
/* Takes back what supervise_add() was given and could not be launched. */
void supervise_remove(struct uworld *u);
/* The thread of a life that does not begin: nobody finds it to kill it any more, and the caller has
 * its reference. */
struct world *supervise_take_thread(struct uworld *u);
/* Called at the end of a life, by the world's own thread: nothing of `u` may be used after it. */
void supervise_ended(struct uworld *u);

/* Have the supervisor look at all worlds anew: a time that it waits for is another. */
void supervise_look(void);

struct vmk_info_world;
unsigned supervise_count(void);
/* The world number `index` of those there are, in the order of their start; false beyond the last.
 */
bool supervise_describe(unsigned index, struct vmk_info_world *info);

#endif
