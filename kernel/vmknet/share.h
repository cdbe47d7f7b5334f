/*
 * Who has how much of the NIC's ring, so that nobody who sends all that he can keeps the others
 * from it. Frames leave in the order in which they came, and the driver says how many have not:
 * that is all there is to know of whose they are. Pure; under the switch's lock.
 *
 * A port may have as many frames there as are free beside them (after Choudhury and Hahne, "Dynamic
 * Queue Length Thresholds", 1998): one alone half of the ring, two a third each, and what comes
 * last still finds room. The last quarter is for worlds of the system, of which the attester is
 * one.
 */
#ifndef VMKNET_SHARE_H
#define VMKNET_SHARE_H

#include "lib/types.h"

#define SHARE_PORTS_MAX  32u
#define SHARE_FRAMES_MAX 256u /* beyond these nobody is charged */

struct share {
	uint8_t owner[SHARE_FRAMES_MAX]; /* a ring: whose the oldest frame is, and so on */
	unsigned oldest, count;
	unsigned held[SHARE_PORTS_MAX]; /* of these */
};

/* The NIC has `room` for frames, at most for `most`: so many that are older have gone. */
void share_settle(struct share *share, unsigned room, unsigned most);
/* May that port send a frame? */
bool share_may(const struct share *share, unsigned port, bool guest, unsigned room, unsigned most);
/* It did. */
void share_take(struct share *share, unsigned port);

#endif
