#include "vmknet/share.h"

#define OF_SYSTEM 4u /* that part of the ring is no guest's */

void share_settle(struct share *share, unsigned room, unsigned most)
{
	const unsigned waiting = most - MIN(room, most);

	while (share->count > waiting) {
		share->held[share->owner[share->oldest]]--;
		share->oldest = (share->oldest + 1) % SHARE_FRAMES_MAX;
		share->count--;
	}
}

bool share_may(const struct share *share, unsigned port, bool guest, unsigned room, unsigned most)
{
	const unsigned kept = guest ? (most + OF_SYSTEM - 1) / OF_SYSTEM : 0;

	return share->held[port] + kept < room;
}

void share_take(struct share *share, unsigned port)
{
	if (share->count == SHARE_FRAMES_MAX)
		return;
	share->owner[(share->oldest + share->count++) % SHARE_FRAMES_MAX] = (uint8_t)port;
	share->held[port]++;
}
