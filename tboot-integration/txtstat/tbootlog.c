#include "tboot-integration/txtstat/tbootlog.h"

#include <string.h>

#include "lib/reader.h"

/* X(part of a line, what it means, what to do) */
#define TBOOT_LINES(X)                                                                             \
	X("CPU does not support SMX", "the processor has no SMX, or the firmware hides it",        \
		"use a processor with TXT; enable TXT (or \"Trusted Execution\") in the firmware") \
	X("CPU does not support VMX", "the processor has no VMX, or the firmware hides it",        \
		"enable VT-x in the firmware")                                                     \
	X("IA32_FEATURE_CONTROL_MSR_LOCK is not locked", "the firmware did not lock the features", \
		"enable TXT in the firmware; update it")                                           \
	X("SENTER disabled by feature control MSR", "TXT is off in the firmware",                  \
		"enable TXT in the firmware")                                                      \
	X("TXT-capable chipset not present", "GETSEC[CAPABILITIES] reports no TXT chipset",        \
		"enable TXT in the firmware; the board may have no TXT")                           \
	X("TPM is not available", "no TPM was found", "enable the TPM in the firmware")            \
	X("TPM not ready", "the TPM did not get ready", "power off for a cold start")              \
	X("SINIT not found", "neither the loader nor the firmware brought a SINIT",                \
		"put the SINIT for this processor on the image: image --sinit FILE")               \
	X("SINIT ACM not provided", "neither the loader nor the firmware brought a SINIT",         \
		"put the SINIT for this processor on the image: image --sinit FILE")               \
	X("ACM info_table version mismatch", "the module is older or newer than tboot knows",      \
		"update tboot, or take another release of SINIT")                                  \
	X("chipset id mismatch", "the SINIT is not for this chipset",                              \
		"use the SINIT made for this processor generation (txtstat acm FILE)")             \
	X("DMAR table not found", "there is no DMAR table", "enable VT-d in the firmware")         \
	X("previous measured launch had errors",                                                   \
		"an earlier launch failed: TXT.ERRORCODE says why",                                \
		"txtstat status explains the code; then power off, not only reset")                \
	X("SKIPPING measured launch", "tboot went on without a measured launch",                   \
		"the lines before say why")                                                        \
	X("skipping measured launch", "tboot went on without a measured launch",                   \
		"the lines before say why")                                                        \
	X("failed to read policy from TPM NV, using default",                                      \
		"no Verified Launch Policy in NV index 0x01c10131: module 1 goes to PCR 17, not "  \
		"21",                                                                              \
		"write it: see provisioning")                                                      \
	X("nv index should not be TPMA_NV_PPWRITE",                                                \
		"the policy's index may be written by the firmware",                               \
		"define it again with owner write only")                                           \
	X("verifying module against policy failed", "a module is not what the policy allows",      \
		"compare the image with the policy (tb_polgen --show)")                            \
	X("verification of post-launch failed", "a check after the launch failed",                 \
		"the lines before say which")                                                      \
	X("grow_mb2_tag slack",                                                                    \
		"tboot halts: the loader's information has no room for its memory map",            \
		"lengthen it by padding on the command line of the SINIT module, which tboot "     \
		"takes "                                                                           \
		"out; the lines before say why there was no launch")                               \
	X("executing GETSEC[SENTER]", "the launch was tried", "nothing")                           \
	X("measured launch succeeded", "the launch succeeded", "nothing")

struct line {
	const char *part, *meaning, *remedy;
};
static const struct line lines[] = {
#define X(part, meaning, remedy) {part, meaning, remedy},
	TBOOT_LINES(X)
#undef X
};

/* tboot_log_t of tboot 1.10.5, packed. */
enum { UUID_BYTES = 16, ZIPS = 10, HEADER_BYTES = 61 };
static const uint8_t log_uuid[UUID_BYTES] = {0x26, 0x25, 0x19, 0xc0, 0x30, 0x6b, 0xb4, 0x4d, 0x4c,
	0x84, 0xa3, 0xe9, 0x53, 0xb8, 0x81, 0x74};

struct output {
	char *to;
	size_t room, used;
	bool full;
};

static void put(struct output *o, uint8_t byte)
{
	if (o->used == o->room)
		o->full = true;
	else
		o->to[o->used++] = (char)byte;
}

/* Seven bits a byte, most significant first, the last byte without its top bit. */
static uint32_t variable_number(struct reader *in)
{
	uint32_t value = 0;
	uint8_t byte;

	for (unsigned i = 0; i < 5; i++) {
		byte = reader_u8(in);
		value = value << 7 | (byte & 0x7f);
		if (!(byte & 0x80))
			return value;
	}
	in->failed = true;
	return 0;
}

/*
 * One compressed part: a marker byte, then literals; the marker followed by 0 is itself, else by
 * length and distance of a repetition inside this part.
 */
static enum vmk_status inflate(struct reader in, struct output *out)
{
	size_t start = out->used;
	uint8_t marker = reader_u8(&in);

	while (reader_left(&in) && !out->full) {
		uint8_t byte = reader_u8(&in);
		uint32_t length, distance;

		if (byte != marker) {
			put(out, byte);
			continue;
		}
		if (reader_left(&in) && in.data[in.at] == 0) {
			reader_skip(&in, 1);
			put(out, marker);
			continue;
		}
		length = variable_number(&in);
		distance = variable_number(&in);
		if (in.failed || !distance || distance > out->used - start)
			return VMK_BAD_FORMAT;
		while (length-- && !out->full)
			put(out, (uint8_t)out->to[out->used - distance]);
	}
	return in.failed ? VMK_TRUNCATED : out->full ? VMK_TOO_LARGE : VMK_OK;
}

enum vmk_status tbootlog_text(const void *log, size_t size, char *to, size_t room, size_t *used)
{
	struct reader r = reader_of(log, size), text;
	struct output out = {.to = to, .room = room};
	uint16_t end, position[ZIPS], bytes[ZIPS];
	const uint8_t *uuid = reader_bytes(&r, UUID_BYTES);
	enum vmk_status status = VMK_OK;
	uint8_t zips;

	*used = 0;
	if (!uuid || memcmp(uuid, log_uuid, UUID_BYTES))
		return VMK_NOT_FOUND;
	reader_skip(&r, 2);
	end = reader_le16(&r);
	for (unsigned i = 0; i < ZIPS; i++)
		position[i] = reader_le16(&r);
	for (unsigned i = 0; i < ZIPS; i++)
		bytes[i] = reader_le16(&r);
	zips = reader_u8(&r);
	if (r.failed)
		return VMK_TRUNCATED;
	if (zips >= ZIPS)
		return VMK_BAD_FORMAT;
	for (unsigned i = 0; i < zips && status == VMK_OK; i++) {
		text = r;
		if (!reader_skip(&text, position[i]))
			return VMK_TRUNCATED;
		status = inflate(reader_sub(&text, bytes[i]), &out);
	}
	*used = out.used;
	if (status != VMK_OK)
		return status;
	if (end < position[zips])
		return VMK_BAD_FORMAT;
	reader_skip(&r, position[zips]);
	text = reader_sub(&r, end - position[zips]);
	while (reader_left(&text))
		put(&out, reader_u8(&text));
	*used = out.used;
	return out.full ? VMK_TOO_LARGE : r.failed ? VMK_TRUNCATED : VMK_OK;
}

void tbootlog_report_findings(const struct report *r, const char *text, size_t size)
{
	report_list(r, "findings");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!memmem(text, size, lines[i].part, strlen(lines[i].part)))
			continue;
		report_group(r, NULL);
		report_text(r, "line", lines[i].part);
		report_text(r, "meaning", lines[i].meaning);
		report_text(r, "remedy", lines[i].remedy);
		report_end(r);
	}
	report_end(r);
}
