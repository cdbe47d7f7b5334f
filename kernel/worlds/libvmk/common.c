/* What several handlers need. */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

static enum vmk_status info(
	struct call *call, enum vmk_info_kind kind, uint64_t index, void *record, size_t size)
{
	memset(record, 0, size);
	return call->host->info(call->context, kind, index, record, size);
}

bool read_record(
	struct call *call, enum vmk_info_kind kind, uint64_t index, void *record, size_t size)
{
	enum vmk_status status = info(call, kind, index, record, size);

	if (status != VMK_OK)
		call_fail_status(call, status, "asking the kernel");
	return status == VMK_OK;
}

bool next_record(
	struct call *call, enum vmk_info_kind kind, uint64_t index, void *record, size_t size)
{
	enum vmk_status status = info(call, kind, index, record, size);

	if (status != VMK_OK && status != VMK_NOT_FOUND)
		call_fail_status(call, status, "asking the kernel");
	return status == VMK_OK;
}

/* Days since 1970 as a civil date: eras of 400 years that begin in March (kernel/lib/log.c has the
 * same for the log). */
static void civil(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t shifted = days + 719468, era = shifted / 146097, doe = shifted % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = (unsigned)(era * 400 + yoe + (*month <= 2));
}

void format_moment(const struct vmk_info_system *system, uint64_t ns, char to[TIME_BYTES])
{
	uint64_t wall = system->wall_ns - system->uptime_ns + ns, s = wall / NS_PER_S;
	unsigned year, month, day;

	if (!system->wall_ns || system->wall_ns < system->uptime_ns) {
		snprintf(to, TIME_BYTES, "boot+%llu.%03us", (unsigned long long)(ns / NS_PER_S),
			(unsigned)(ns % NS_PER_S / NS_PER_MS));
		return;
	}
	civil(s / 86400, &year, &month, &day);
	snprintf(to, TIME_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month, day,
		(unsigned)(s % 86400 / 3600), (unsigned)(s % 3600 / 60), (unsigned)(s % 60),
		(unsigned)(wall % NS_PER_S / NS_PER_MS));
}

void format_mac(const uint8_t mac[6], char to[MAC_BYTES])
{
	snprintf(to, MAC_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
}

void format_hex(const uint8_t *bytes, size_t count, char *to)
{
	*to = 0;
	for (size_t i = 0; i < count; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}
