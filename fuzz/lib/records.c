#include "fuzz/lib/records.h"

#include <stdbool.h>
#include <string.h>

uint32_t records_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static size_t below(uint32_t *state, size_t end)
{
	return records_random(state) % end;
}

/* Room for `bytes` at `at`; what lies there moves up. */
static uint8_t *open_gap(uint8_t *data, size_t size, size_t at, size_t bytes)
{
	memmove(data + at + bytes, data + at, size - at);
	return data + at;
}

static size_t insert_new(uint8_t *data, size_t size, size_t record, uint32_t *state)
{
	uint8_t *at = open_gap(data, size, below(state, size / record + 1) * record, record);

	for (size_t i = 0; i < record; i++)
		at[i] = (uint8_t)records_random(state);
	return size + record;
}

/* One to four records from anywhere to anywhere, as many as there is room for. */
static size_t insert_copy(uint8_t *data, size_t size, size_t room, size_t record, uint32_t *state)
{
	uint8_t copy[256];
	const size_t from = below(state, size / record) * record;
	size_t bytes = (1 + below(state, 4)) * record;

	if (bytes > size - from)
		bytes = size - from;
	if (bytes > sizeof(copy) || size + bytes > room)
		return size;
	memcpy(copy, data + from, bytes);
	memcpy(open_gap(data, size, below(state, size / record + 1) * record, bytes), copy, bytes);
	return size + bytes;
}

static size_t take_out(uint8_t *data, size_t size, size_t record, uint32_t *state)
{
	const size_t at = below(state, size / record) * record;

	memmove(data + at, data + at + record, size - at - record);
	return size - record;
}

static void swap(uint8_t *data, size_t size, size_t record, uint32_t *state)
{
	uint8_t *a = data + below(state, size / record) * record;
	uint8_t *b = data + below(state, size / record) * record;

	for (size_t i = 0; i < record; i++) {
		const uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

static void change_byte(uint8_t *data, size_t size, uint32_t *state)
{
	uint8_t *byte = data + below(state, size);

	switch (below(state, 3)) {
	case 0:
		*byte ^= (uint8_t)(1u << below(state, 8));
		break;
	case 1:
		*byte = (uint8_t)(*byte + 1 + below(state, 4) - (below(state, 2) ? 4 : 0));
		break;
	default:
		*byte = (uint8_t)records_random(state);
	}
}

size_t records_change(uint8_t *data, size_t size, size_t room, size_t record, uint32_t *state)
{
	const bool has_room = size - size % record + record <= room;

	size -= size % record;
	if (!size)
		return has_room ? insert_new(data, size, record, state) : 0;
	switch (below(state, 8)) {
	case 0:
		return has_room ? insert_new(data, size, record, state) : size;
	case 1:
	case 2:
		return insert_copy(data, size, room, record, state);
	case 3:
		return size > record ? take_out(data, size, record, state) : size;
	case 4:
		swap(data, size, record, state);
		return size;
	default:
		change_byte(data, size, state);
		return size;
	}
}
