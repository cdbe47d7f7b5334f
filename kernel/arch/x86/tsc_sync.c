#include "arch/x86/tsc_sync.h"

void tsc_sync_start(struct tsc_sync *s)
{
	*s = (struct tsc_sync){.ahead_most = INT64_MAX, .lag_most = INT64_MAX};
}

/* A side writes down its own bound alone. False: the other one has not come yet. */
static bool narrow(int64_t *bound, uint64_t theirs, uint64_t own)
{
	const int64_t apart = (int64_t)(own - theirs);

	if (!theirs)
		return false;
	if (apart < *bound)
		__atomic_store_n(bound, apart, __ATOMIC_RELEASE);
	return true;
}

void tsc_sync_first(struct tsc_sync *s, uint64_t (*read)(void))
{
	const uint64_t theirs = __atomic_load_n(&s->other, __ATOMIC_ACQUIRE);

	if (narrow(&s->lag_most, theirs, read()))
		__atomic_store_n(&s->rounds, s->rounds + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&s->first, read(), __ATOMIC_RELEASE);
}

void tsc_sync_other(struct tsc_sync *s, uint64_t (*read)(void))
{
	const uint64_t theirs = __atomic_load_n(&s->first, __ATOMIC_ACQUIRE);

	narrow(&s->ahead_most, theirs, read());
	__atomic_store_n(&s->other, read(), __ATOMIC_RELEASE);
}

bool tsc_sync_is_done(const struct tsc_sync *s)
{
	return __atomic_load_n(&s->rounds, __ATOMIC_ACQUIRE) >= TSC_SYNC_ROUNDS;
}

int64_t tsc_sync_lag(const struct tsc_sync *s)
{
	const int64_t ahead = s->ahead_most, lag = __atomic_load_n(&s->lag_most, __ATOMIC_ACQUIRE);

	if (ahead >= 0 && lag >= 0)
		return 0;
	/* Between the two bounds. Where one is unknown: as little as the other one asks for. */
	if (lag == INT64_MAX)
		return -ahead;
	if (ahead == INT64_MAX)
		return lag;
	return (lag + ahead) / 2 - ahead;
}
