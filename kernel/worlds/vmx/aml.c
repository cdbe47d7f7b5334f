#include "worlds/vmx/aml.h"
#include <string.h>

#define OP_NAME    0x08u
#define OP_BYTE    0x0au
#define OP_WORD    0x0bu
#define OP_DWORD   0x0cu
#define OP_QWORD   0x0eu
#define OP_SCOPE   0x10u
#define OP_BUFFER  0x11u
#define OP_PACKAGE 0x12u
#define OP_EXT     0x5bu
#define EXT_DEVICE 0x82u
#define LENGTH_MAX 0xfffu /* of the two-byte form of PkgLength (20.2.4), the only one used here */

void aml_bytes(struct aml *aml, const void *from, size_t count)
{
	if (count > aml->size - aml->at) {
		aml->full = true;
		return;
	}
	memcpy(aml->bytes + aml->at, from, count);
	aml->at += count;
}

static void byte(struct aml *aml, unsigned value)
{
	const uint8_t b = (uint8_t)value;

	aml_bytes(aml, &b, 1);
}

void aml_integer(struct aml *aml, uint64_t value)
{
	if (value <= 1) {
		byte(aml, (unsigned)value); /* ZeroOp, OneOp */
	} else if (value <= UINT8_MAX) {
		byte(aml, OP_BYTE);
		aml_bytes(aml, &value, 1);
	} else if (value <= UINT16_MAX) {
		byte(aml, OP_WORD);
		aml_bytes(aml, &value, 2);
	} else if (value <= UINT32_MAX) {
		byte(aml, OP_DWORD);
		aml_bytes(aml, &value, 4);
	} else {
		byte(aml, OP_QWORD);
		aml_bytes(aml, &value, 8);
	}
}

static void open(struct aml *aml)
{
	if (aml->depth == AML_DEPTH) {
		aml->full = true;
		return;
	}
	aml->open[aml->depth++] = aml->at;
	byte(aml, 0);
	byte(aml, 0);
}

void aml_close(struct aml *aml)
{
	size_t start, length;

	if (!aml->depth || aml->full)
		return;
	start = aml->open[--aml->depth];
	length = aml->at - start;
	if (length > LENGTH_MAX) {
		aml->full = true;
		return;
	}
	aml->bytes[start] = (uint8_t)(0x40 | (length & 0xf));
	aml->bytes[start + 1] = (uint8_t)(length >> 4);
}

void aml_name(struct aml *aml, const char *name)
{
	byte(aml, OP_NAME);
	aml_bytes(aml, name, strlen(name));
}

void aml_open_scope(struct aml *aml, const char *name)
{
	byte(aml, OP_SCOPE);
	open(aml);
	aml_bytes(aml, name, strlen(name));
}

void aml_open_device(struct aml *aml, const char *name)
{
	byte(aml, OP_EXT);
	byte(aml, EXT_DEVICE);
	open(aml);
	aml_bytes(aml, name, strlen(name));
}

void aml_open_package(struct aml *aml, uint8_t elements)
{
	byte(aml, OP_PACKAGE);
	open(aml);
	byte(aml, elements);
}

/* PkgLength (2 bytes), then the size as a ByteConst, then the bytes. */
void aml_open_buffer(struct aml *aml)
{
	byte(aml, OP_BUFFER);
	open(aml);
	byte(aml, OP_BYTE);
	byte(aml, 0);
}

void aml_close_buffer(struct aml *aml)
{
	size_t start, count;

	if (!aml->depth || aml->full)
		return;
	start = aml->open[aml->depth - 1];
	count = aml->at - start - 4;
	if (count > UINT8_MAX)
		aml->full = true;
	else
		aml->bytes[start + 3] = (uint8_t)count;
	aml_close(aml);
}

static unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

uint32_t aml_eisa_id(const char text[8])
{
	const unsigned letters =
		(unsigned)((text[0] - '@') << 10 | (text[1] - '@') << 5 | (text[2] - '@'));
	const unsigned product = hex_digit(text[3]) << 12 | hex_digit(text[4]) << 8 |
				 hex_digit(text[5]) << 4 | hex_digit(text[6]);

	/* Stored with the high byte first. */
	return __builtin_bswap32(letters << 16 | product);
}
