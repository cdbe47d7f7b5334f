/*
 * TXT.ERRORCODE as this platform writes it.
 *
 * Bit 31: valid. Bit 30 clear: from the processor, with the TXT reset codes of the SDM (volume 2D,
 * chapter 7, "Safer Mode Extensions"). Bit 30 set: from an authenticated code module; bits 3:0 = 1
 * for SINIT, 9:4 the class, 14:10 the major code within it, numbered as Intel publishes them for
 * its modules since 2013 (tboot-integration/txtstat/errorcodes.h says what each means).
 */
#ifndef TXTSIM_ERRORCODE_H
#define TXTSIM_ERRORCODE_H

#include <stdint.h>

#define TXT_ERROR_CPU(code)           (0x80000000u | (code))
#define TXT_ERROR_SINIT(class, major) (0xc0000001u | (class) << 4 | (major) << 10)

/* X(symbol, value, what was wrong) */
#define TXT_ERRORS(X)                                                                       \
	X(TXT_ERR_ACM_FORMAT, TXT_ERROR_CPU(6u), "unrecognized AC module format")           \
	X(TXT_ERR_ACM_AUTHENTICATION, TXT_ERROR_CPU(7u), "failure to authenticate SINIT")   \
	X(TXT_ERR_ACM_PLACE, TXT_ERROR_CPU(8u), "AC module is not inside the SINIT region") \
	X(TXT_ERR_JOIN_FORMAT, TXT_ERROR_CPU(0xbu), "invalid MLE JOIN data")                \
	X(TXT_ERR_HEAP_BLOBS, TXT_ERROR_SINIT(0x30u, 1u), "the heap's blobs do not fit")    \
	X(TXT_ERR_OS_SINIT_VERSION, TXT_ERROR_SINIT(0x30u, 2u), "OsSinitData version")      \
	X(TXT_ERR_OS_SINIT_ELEMENTS, TXT_ERROR_SINIT(0x30u, 9u), "OsSinitData elements")    \
	X(TXT_ERR_EVENT_LOG, TXT_ERROR_SINIT(0x14u, 4u), "no room for the event log")       \
	X(TXT_ERR_MLE_SIZE, TXT_ERROR_SINIT(0x2au, 5u), "MLE size")                         \
	X(TXT_ERR_MLE_PAGE_TABLE, TXT_ERROR_SINIT(0x2au, 4u), "MLE page table entry")       \
	X(TXT_ERR_MLE_PAGE_ORDER, TXT_ERROR_SINIT(0x2au, 2u), "MLE pages are not in order") \
	X(TXT_ERR_MLE_PAGE_PLACE, TXT_ERROR_SINIT(0x2au, 1u), "MLE page outside RAM")       \
	X(TXT_ERR_MLE_PAGE_PMR, TXT_ERROR_SINIT(3u, 4u), "MLE page outside the PMRs")       \
	X(TXT_ERR_MLE_HEADER, TXT_ERROR_SINIT(0x28u, 2u), "MLE header")                     \
	X(TXT_ERR_MLE_ENTRY, TXT_ERROR_SINIT(0x28u, 6u), "MLE entry point outside the MLE") \
	X(TXT_ERR_TPM_HASH, TXT_ERROR_SINIT(4u, 0x15u), "TPM hash sequence at locality 4")  \
	X(TXT_ERR_TPM_COMMAND, TXT_ERROR_SINIT(4u, 1u), "TPM command at locality 3")        \
	X(TXT_ERR_LCP_INDEX, TXT_ERROR_SINIT(4u, 7u), "the owner's policy index")           \
	X(TXT_ERR_LCP_SINIT, TXT_ERROR_SINIT(0x2eu, 2u), "policy: SINIT is revoked")        \
	X(TXT_ERR_LCP_MATCH, TXT_ERROR_SINIT(0x2eu, 4u), "policy: no element matches")      \
	X(TXT_ERR_LCP_DATA, TXT_ERROR_SINIT(0x2eu, 7u), "policy data are not the policy's")

enum txt_error {
	TXT_ERR_NONE = 0,
#define X(symbol, value, text) symbol = (int)(value),
	TXT_ERRORS(X)
#undef X
};

/* The text of the table, or "unknown". */
const char *txt_error_text(enum txt_error error);

#endif
