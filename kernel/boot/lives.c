#include "boot/lives.h"

#include "lib/log.h"
#include "mem/audit.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "trust/audit.h"
#include "vmkuser/supervise.h"

#include <string.h>
#include <vmkuser/info.h>

#define LOG_MODULE "Boot"
#define POLL_NS    10000000ull

struct usage {
	uint64_t user, tables, kernel, heap_frames, heap_bytes, heap_objects;
	uint64_t denials; /* by the audit log */
	unsigned worlds;
};

static struct usage look(void)
{
	struct heap_audit heap;

	heap_audit(&heap);
	return (struct usage){
		.user = frames_count(FRAME_USER) + frames_count(FRAME_USER_TEXT),
		/* The kernel's own lie by chance, and share tables by chance. */
		.tables = frames_count(FRAME_PTABLE) - audit_tables(),
		.kernel = frames_count(FRAME_KERNEL),
		.heap_frames = frames_count(FRAME_HEAP),
		.heap_bytes = heap_bytes_used(),
		.heap_objects = heap.objects,
		.denials = audit_count(AUDIT_DENIAL),
		.worlds = worlds_count(),
	};
}

/* How many lives it began, if it is between two of them; else 0. */
static uint32_t lives_ended(const char *name)
{
	struct vmk_info_world info = {0};

	for (unsigned i = 0; supervise_describe(i, &info); i++) {
		if (strcmp(info.name, name) == 0)
			return info.state == VMK_WORLD_RESTARTS ? info.lives : 0;
		info = (struct vmk_info_world){0};
	}
	return 0;
}

/* Once that life is over and nothing changes any more: the supervisor takes a turn for it. */
static struct usage after_life(const char *name, uint32_t life)
{
	struct usage now = {0}, before;

	do {
		before = now;
		world_sleep(POLL_NS);
		now = look();
	} while (lives_ended(name) < life || memcmp(&now, &before, sizeof(now)) != 0);
	return now;
}

void watch_lives(const char *name)
{
	for (uint32_t life = 1; life <= 2; life++) {
		struct usage u = after_life(name, life);

		vmk_log("onboot=lives: denials recorded or counted by the audit log: %llu",
			(unsigned long long)u.denials);
		vmk_log("onboot=lives: %s, after life %u: frames: user %llu, page tables %llu, "
			"kernel %llu, heap %llu; heap bytes %llu, objects %llu; worlds %u",
			name, (unsigned)life, (unsigned long long)u.user,
			(unsigned long long)u.tables, (unsigned long long)u.kernel,
			(unsigned long long)u.heap_frames, (unsigned long long)u.heap_bytes,
			(unsigned long long)u.heap_objects, u.worlds);
	}
}
