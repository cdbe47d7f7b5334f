#include "tboot-integration/txtsim/model/events.h"

#include <stddef.h>

/* The order of two real hosts' logs; details go to PCR 17, authorities to PCR 18. */
const struct sinit_event sinit_events[] = {
	{17, TXT_EV_BIOSAC_REG_DATA, SOURCE_PLATFORM},
	{17, TXT_EV_CPU_SCRTM_STAT, SOURCE_PLATFORM},
	{17, TXT_EV_LCP_CONTROL, SOURCE_PLATFORM},
	{17, TXT_EV_LCP_DETAILS, SOURCE_PLATFORM},
	{17, TXT_EV_STM, SOURCE_PLATFORM},
	{17, TXT_EV_OSSINITDATA_CAP, SOURCE_CAPABILITIES},
	{17, TXT_EV_MLE_HASH, SOURCE_MLE},
	{17, TXT_EV_NV_INFO, SOURCE_PLATFORM},
	{18, TXT_EV_SINIT_PUBKEY, SOURCE_SINIT_KEY},
	{18, TXT_EV_CPU_SCRTM_STAT, SOURCE_PLATFORM},
	{18, TXT_EV_OSSINITDATA_CAP, SOURCE_CAPABILITIES},
	{18, TXT_EV_LCP_CONTROL, SOURCE_PLATFORM},
	{18, TXT_EV_LCP_AUTHORITIES, SOURCE_PLATFORM},
	{18, TXT_EV_NV_INFO, SOURCE_PLATFORM},
	{0, TXT_EV_HASH_START, SOURCE_PLATFORM},
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

const uint8_t *sinit_platform_data(enum txt_event_type type, uint32_t *size)
{
	switch (type) {
	case TXT_EV_BIOSAC_REG_DATA:
		*size = sizeof(biosac_reg_data);
		return biosac_reg_data;
	case TXT_EV_CPU_SCRTM_STAT:
		*size = sizeof(scrtm_stat);
		return scrtm_stat;
	case TXT_EV_LCP_CONTROL:
		*size = sizeof(lcp_control);
		return lcp_control;
	case TXT_EV_LCP_DETAILS:
	case TXT_EV_LCP_AUTHORITIES:
	case TXT_EV_STM:
		*size = sizeof(absent);
		return absent;
	case TXT_EV_NV_INFO:
		*size = sizeof(nv_info);
		return nv_info;
	default:
		*size = 0;
		return NULL;
	}
}

const char *sinit_event_name(enum txt_event_type type)
{
	switch (type) {
#define X(symbol, number, name) \
	case symbol:            \
		return name;
		TXT_EVENTS(X)
#undef X
	}
	return "unknown";
}
