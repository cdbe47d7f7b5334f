#include "tboot-integration/txtsim/model/events.h"

#include <stddef.h>

/* The order of two real hosts' logs; details go to PCR 17, authorities to PCR 18. */
const struct sinit_event sinit_events[] = {
	{17, EVTYPE_BIOSAC_REG_DATA, SOURCE_PLATFORM},
	{17, EVTYPE_CPU_SCRTM_STAT, SOURCE_PLATFORM},
	{17, EVTYPE_LCP_CONTROL_HASH, SOURCE_PLATFORM},
	{17, EVTYPE_LCP_DETAILS_HASH, SOURCE_PLATFORM},
	{17, EVTYPE_STM_HASH, SOURCE_PLATFORM},
	{17, EVTYPE_OSSINITDATA_CAP, SOURCE_CAPABILITIES},
	{17, EVTYPE_MLE_HASH, SOURCE_MLE},
	{17, EVTYPE_NV_INFO_HASH, SOURCE_PLATFORM},
	{18, EVTYPE_SINIT_PUBKEY_HASH, SOURCE_SINIT_KEY},
	{18, EVTYPE_CPU_SCRTM_STAT, SOURCE_PLATFORM},
	{18, EVTYPE_OSSINITDATA_CAP, SOURCE_CAPABILITIES},
	{18, EVTYPE_LCP_CONTROL_HASH, SOURCE_PLATFORM},
	{18, EVTYPE_LCP_AUTHORITIES_HASH, SOURCE_PLATFORM},
	{18, EVTYPE_NV_INFO_HASH, SOURCE_PLATFORM},
	{0, EVTYPE_HASH_START, SOURCE_PLATFORM},
};

/* BIOS ACM: flags, date in BCD, chipset and its revision, RSTE and the SVNs. */
static const uint8_t biosac_reg_data[32] = {
	0, 0, 0, 0, 0x20, 0x11, 0x26, 0x20, 0x01, 0xb0, 0, 0, 0, 0, 2, 0, [24] = 4};
/* One dword: the CPU's microcode is its own root of trust. */
static const uint8_t scrtm_stat[4] = {1};
/* No launch control policy: control word zero, and a zero byte where a list would be. */
static const uint8_t lcp_control[4] = {0};
static const uint8_t absent[1] = {0};
/*
 * TPM NV indices of the platform owner's launch control policy, each {present, TPMS_NV_PUBLIC};
 * 95 bytes with two present on real hosts, all absent here.
 */
static const uint8_t nv_info[95] = {0};

const uint8_t *sinit_platform_data(enum sinit_event_type type, uint32_t *size)
{
	switch (type) {
	case EVTYPE_BIOSAC_REG_DATA:
		*size = sizeof(biosac_reg_data);
		return biosac_reg_data;
	case EVTYPE_CPU_SCRTM_STAT:
		*size = sizeof(scrtm_stat);
		return scrtm_stat;
	case EVTYPE_LCP_CONTROL_HASH:
		*size = sizeof(lcp_control);
		return lcp_control;
	case EVTYPE_LCP_DETAILS_HASH:
	case EVTYPE_LCP_AUTHORITIES_HASH:
	case EVTYPE_STM_HASH:
		*size = sizeof(absent);
		return absent;
	case EVTYPE_NV_INFO_HASH:
		*size = sizeof(nv_info);
		return nv_info;
	default:
		*size = 0;
		return NULL;
	}
}

const char *sinit_event_name(enum sinit_event_type type)
{
	switch (type) {
#define X(symbol, value)      \
	case EVTYPE_##symbol: \
		return #symbol;
		SINIT_EVENT_TYPES(X)
#undef X
	}
	return "unknown";
}
