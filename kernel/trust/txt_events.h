/*
 * Event types of a dynamic launch: TXT software development guide, table of TPM 2.0 event types,
 * and tboot's. X(symbol, type, name).
 */
#ifndef TRUST_TXT_EVENTS_H
#define TRUST_TXT_EVENTS_H

#define TXT_EVENTS(X)                                            \
	X(TXT_EV_PCRMAPPING, 0x401, "PCRMAPPING")                \
	X(TXT_EV_HASH_START, 0x402, "HASH_START")                \
	X(TXT_EV_COMBINED_HASH, 0x403, "COMBINED_HASH")          \
	X(TXT_EV_MLE_HASH, 0x404, "MLE_HASH")                    \
	X(TXT_EV_BIOSAC_REG_DATA, 0x40a, "BIOSAC_REG_DATA")      \
	X(TXT_EV_CPU_SCRTM_STAT, 0x40b, "CPU_SCRTM_STAT")        \
	X(TXT_EV_LCP_CONTROL, 0x40c, "LCP_CONTROL_HASH")         \
	X(TXT_EV_ELEMENTS, 0x40d, "ELEMENTS_HASH")               \
	X(TXT_EV_STM, 0x40e, "STM_HASH")                         \
	X(TXT_EV_OSSINITDATA_CAP, 0x40f, "OSSINITDATA_CAP_HASH") \
	X(TXT_EV_SINIT_PUBKEY, 0x410, "SINIT_PUBKEY_HASH")       \
	X(TXT_EV_LCP, 0x411, "LCP_HASH")                         \
	X(TXT_EV_LCP_DETAILS, 0x412, "LCP_DETAILS_HASH")         \
	X(TXT_EV_LCP_AUTHORITIES, 0x413, "LCP_AUTHORITIES_HASH") \
	X(TXT_EV_NV_INFO, 0x414, "NV_INFO_HASH")                 \
	X(TXT_EV_COLD_BOOT_BIOS, 0x415, "COLD_BOOT_BIOS_HASH")   \
	X(TXT_EV_KM, 0x416, "KM_HASH")                           \
	X(TXT_EV_BPM, 0x417, "BPM_HASH")                         \
	X(TXT_EV_KM_INFO, 0x418, "KM_INFO_HASH")                 \
	X(TXT_EV_BPM_INFO, 0x419, "BPM_INFO_HASH")               \
	X(TXT_EV_BOOT_POL, 0x41a, "BOOT_POL_HASH")               \
	X(TXT_EV_RANDOM, 0x4fe, "RANDOM_VALUE")                  \
	X(TXT_EV_CAP, 0x4ff, "CAP_VALUE")                        \
	X(TXT_EV_TBOOT_MEASUREMENT, 0x501, "TB_MEASUREMENT")     \
	X(TXT_EV_SLAUNCH, 0x502, "SLAUNCH")

enum txt_event_type {
#define X(symbol, type, name) symbol = type,
	TXT_EVENTS(X)
#undef X
};

#endif
