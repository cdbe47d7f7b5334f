/*
 * vmkevlogs DIRECTORY COUNT: event logs that are valid and otherwise anything, each from its
 * number: any bank, any PCR of firmware, any number and size of events. Not EV_NO_ACTION, which
 * tpm2_eventlog 5.4 replays although it is never extended, nor types whose data it reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include "kernel/trust/evlog_write.h"
#include "kernel/trust/tcg_events.h"

#define ROOM 65536u

static uint64_t state;

/* Knuth's LCG, its upper half. */
static uint32_t next(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33);
}

static void fill(uint8_t *to, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)next();
}

/* Types whose data nobody interprets. */
static uint32_t some_type(void)
{
	static const uint32_t types[] = {
		TCG_EV_CPU_MICROCODE, TCG_EV_TABLE_OF_DEVICES, TCG_EV_NONHOST_CODE};

	return types[next() % (sizeof(types) / sizeof(types[0]))];
}

static void make(struct evlog_writer *log, uint8_t *buffer)
{
	const unsigned banks = 2 + next() % 2, events = 1 + next() % 60;

	if (evlog_write_begin(log, buffer, ROOM, banks & 1, banks & 2) != VMK_OK)
		abort();
	for (unsigned i = 0; i < events; i++) {
		uint8_t sha1[20], sha256[32], data[300];
		const size_t bytes = 1 + next() % sizeof(data);

		fill(sha1, sizeof(sha1));
		fill(sha256, sizeof(sha256));
		fill(data, bytes);
		if (evlog_write_event(log, next() % 8, some_type(), sha1, sha256, data, bytes) !=
			VMK_OK)
			return;
	}
}

static int store(const char *directory, unsigned number, const struct evlog_writer *log)
{
	char path[4096];
	FILE *file;
	size_t written;

	snprintf(path, sizeof(path), "%s/%u.log", directory, number);
	file = fopen(path, "wb");
	if (!file) {
		perror(path);
		return -1;
	}
	written = fwrite(log->bytes, 1, log->size, file);
	return fclose(file) == 0 && written == log->size ? 0 : -1;
}

int main(int argc, char **argv)
{
	static uint8_t buffer[ROOM];
	const unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	if (!count) {
		fprintf(stderr, "usage: vmkevlogs DIRECTORY COUNT\n");
		return 2;
	}
	for (unsigned i = 0; i < count; i++) {
		struct evlog_writer log;

		state = i;
		make(&log, buffer);
		if (store(argv[1], i, &log) != 0)
			return 1;
	}
	return 0;
}
