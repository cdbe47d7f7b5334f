#include "fuzz/models/tpm_model.h"
#include "lib/reader.h"
#include "trust/hash.h"
#include <string.h>

#define SESSIONS    0x8002u
#define NO_SESSIONS 0x8001u
#define RC_HANDLE   0x18bu
#define RC_COMMAND  0x143u
#define TRANSIENT   0x80000000u
#define PERSISTENT  0x81000000u
#define KEYS        4u
#define PUBLIC_MAX  512u
#define CERTIFICATE 700u /* bytes behind its header: more than one NV_Read gives */

static struct key {
	uint32_t handle; /* 0: none */
	size_t bytes;
	uint8_t public[PUBLIC_MAX]; /* TPM2B_PUBLIC, as its template */
} keys[KEYS], kept[KEYS];
static uint8_t *out;
static size_t at;

static void put(uint64_t value, unsigned bytes)
{
	while (bytes--)
		out[at++] = (uint8_t)(bytes < 8 ? value >> 8 * bytes : 0);
}

static void put_sized(const void *from, size_t bytes)
{
	put(bytes, 2);
	memcpy(out + at, from, bytes);
	at += bytes;
}

static void put_filled(size_t bytes, uint8_t with)
{
	put(bytes, 2);
	memset(out + at, with, bytes);
	at += bytes;
}

static void put_name(uint8_t name[34])
{
	memset(name, 'n', 34);
	name[0] = 0;
	name[1] = 0x0b;
	put_sized(name, 34);
}

/* Part 1, section 16: a primary key of the endorsement hierarchy. */
static void put_qualified(const uint8_t name[34])
{
	uint8_t joined[38] = {0x40, 0, 0, 0x0b}, qualified[34] = {0, 0x0b};

	memcpy(joined + 4, name, 34);
	hash_sha256(joined, sizeof(joined), qualified + 2);
	put_sized(qualified, sizeof(qualified));
}

static int key_at(uint32_t handle)
{
	for (int i = 0; i < (int)KEYS; i++) {
		if (keys[i].handle == handle)
			return i;
	}
	return -1;
}

/* --- commands: what stands in the answer behind its header; 0 or a response code */

static uint32_t get_capability(struct reader *r)
{
	const uint32_t capability = reader_be32(r), property = reader_be32(r);

	put(0, 1);
	put(capability, 4);
	if (capability == 5) { /* TPM_CAP_PCRS: SHA-1 and SHA-256, all of them */
		put(2, 4);
		put(0x000403ffffffull, 6);
		put(0x000b03ffffffull, 6);
		return 0;
	}
	put(3, 4);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t offsets[] = {0, 6, 7};

		put(property + offsets[i], 4);
		put(property == 0x201 ? 0x7 : 0x54455354 + i, 4); /* "TEST" */
	}
	return 0;
}

static uint32_t pcr_read(struct reader *r)
{
	uint32_t asked = 0, told = 0;
	unsigned count = 0;

	reader_skip(r, 4 + 2 + 1);
	for (unsigned i = 0; i < 3; i++)
		asked |= (uint32_t)reader_u8(r) << 8 * i;
	for (unsigned i = 0; i < 24 && count < 8; i++) {
		told |= asked & 1u << i;
		count += asked >> i & 1;
	}
	put(1, 4);
	put(1, 4);
	put(0x000b03, 3);
	for (unsigned i = 0; i < 3; i++)
		put(told >> 8 * i & 0xff, 1);
	put(count, 4);
	while (count--)
		put_filled(32, 'p');
	return 0;
}

static uint32_t read_public(struct reader *r)
{
	const int i = key_at(reader_be32(r));
	uint8_t name[34];

	if (i < 0)
		return RC_HANDLE;
	memcpy(out + at, keys[i].public, keys[i].bytes);
	at += keys[i].bytes;
	put_name(name);
	put_qualified(name);
	return 0;
}

/* Behind handle and authorization. The handle goes before the parameters' size: answer(). */
static uint32_t create_primary(struct reader *r)
{
	uint8_t name[34];
	struct reader template;
	size_t bytes;
	const int i = key_at(0);

	reader_skip(r, reader_be16(r));
	template = *r;
	bytes = reader_be16(r) + 2u;
	if (i < 0 || bytes > PUBLIC_MAX || !reader_copy(&template, keys[i].public, bytes))
		return RC_COMMAND;
	keys[i].handle = TRANSIENT;
	keys[i].bytes = bytes;
	memcpy(out + at, keys[i].public, bytes);
	at += bytes;
	put(15, 2); /* TPM2B_CREATION_DATA: no PCRs, digest, locality, parent, outside data */
	put(0, 15);
	put(0, 2);
	put(0x8021, 2);
	put(0x4000000b, 4);
	put(0, 2);
	put_name(name);
	return 0;
}

static uint32_t evict_control(uint32_t object, uint32_t persistent)
{
	const int i = key_at(object), spare = key_at(0);

	if (i < 0)
		return RC_HANDLE;
	if (object == persistent) {
		keys[i].handle = 0;
		return 0;
	}
	if (spare < 0)
		return RC_COMMAND;
	keys[spare] = keys[i];
	keys[spare].handle = persistent;
	return 0;
}

static uint32_t nv_read(struct reader *r)
{
	const uint16_t bytes = reader_be16(r), offset = reader_be16(r);
	uint8_t data[CERTIFICATE + 4] = {0x30, 0x82, CERTIFICATE >> 8, CERTIFICATE & 0xff};

	if (bytes > sizeof(data) || offset > sizeof(data) - bytes)
		return RC_COMMAND;
	put_sized(data + offset, bytes);
	return 0;
}

static void nv_read_public(void)
{
	uint8_t name[34];

	put(14, 2);
	put(0x01c00002, 4);
	put(0x000b, 2);
	put(0x00040000, 4); /* TPMA_NV_AUTHREAD */
	put(0, 2);
	put(CERTIFICATE + 4, 2);
	put_name(name);
}

static void quote(void)
{
	put_filled(100, 'q');
	put(0x0018, 2); /* ECDSA with SHA-256 */
	put(0x000b, 2);
	put_filled(32, 'r');
	put_filled(32, 's');
}

static uint32_t run(uint32_t code, struct reader *handles, struct reader *r)
{
	uint32_t first;

	switch (code) {
	case 0x17a:
		return get_capability(handles);
	case 0x17e:
		return pcr_read(handles);
	case 0x17b:
		put_filled(reader_be16(handles), 'z');
		return 0;
	case 0x169:
		nv_read_public();
		return 0;
	case 0x14e:
		return nv_read(r);
	case 0x173:
		return read_public(handles);
	case 0x131:
		return create_primary(r);
	case 0x120:
		reader_skip(handles, 4);
		first = reader_be32(handles);
		return evict_control(first, reader_be32(r));
	case 0x176: /* StartAuthSession */
		put(0x03000000, 4);
		put_filled(16, 'w');
		return 0;
	case 0x151: /* PolicySecret */
		put(0, 2);
		put(0x8023, 2);
		put(0x40000007, 4);
		put(0, 2);
		return 0;
	case 0x147: /* ActivateCredential */
		put_filled(16, 'a');
		return 0;
	case 0x158:
		quote();
		return 0;
	case 0x165: { /* FlushContext */
		const int i = key_at(reader_be32(handles));

		if (i >= 0 && keys[i].handle < PERSISTENT)
			keys[i].handle = 0;
		return 0;
	}
	case 0x182: /* PCR_Extend */
	case 0x145: /* Shutdown */
		return 0;
	default:
		return RC_COMMAND;
	}
}

/* How many handles stand before the authorizations. */
static unsigned handles_of(uint32_t code)
{
	switch (code) {
	case 0x14e:
	case 0x120:
	case 0x151:
	case 0x147:
		return 2;
	default:
		return 1;
	}
}

/* Returns how many sessions there are; `r` then stands at the parameters. */
static unsigned skip_sessions(struct reader *r)
{
	struct reader area = reader_sub(r, reader_be32(r));
	unsigned count = 0;

	while (reader_left(&area)) {
		reader_skip(&area, 4);
		reader_skip(&area, reader_be16(&area));
		reader_skip(&area, 1);
		reader_skip(&area, reader_be16(&area));
		count++;
	}
	return count;
}

void tpm_model_reset(void)
{
	memcpy(keys, kept, sizeof(keys));
}

void tpm_model_keep(void)
{
	memcpy(kept, keys, sizeof(kept));
}

void tpm_model_hold(uint32_t handle)
{
	/* TPM_ALG_KEYEDHASH without a scheme. */
	static const uint8_t public[16] = {0, 14, 0, 8, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0};
	const int i = key_at(0);

	keys[i].handle = handle;
	keys[i].bytes = sizeof(public);
	memcpy(keys[i].public, public, sizeof(public));
}

static void set_be32(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

size_t tpm_model_answer(const uint8_t *command, size_t bytes, uint8_t answer[TPM_MODEL_ROOM])
{
	struct reader r = reader_of(command, bytes), handles;
	const bool sessions = reader_be16(&r) == SESSIONS;
	const uint32_t size = reader_be32(&r), code = reader_be32(&r);
	unsigned count = 0;
	size_t parameters;
	uint32_t result;

	(void)size;
	handles = r;
	if (sessions) {
		reader_skip(&r, 4 * handles_of(code));
		count = skip_sessions(&r);
	}
	out = answer;
	at = 10;
	if (code == 0x131)
		put(TRANSIENT, 4);
	parameters = at;
	at += sessions ? 4 : 0;
	result = run(code, &handles, &r);
	if (result) {
		at = 10;
	} else if (sessions) {
		set_be32(answer + parameters, (uint32_t)(at - parameters - 4));
		for (; count; count--)
			put(0x0000010000, 5);
	}
	answer[0] = 0x80;
	answer[1] = sessions && !result ? 2 : 1;
	set_be32(answer + 2, (uint32_t)at);
	set_be32(answer + 6, result);
	return at;
}
