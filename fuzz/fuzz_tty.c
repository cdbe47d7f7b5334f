/* sources: kernel/vmkdev/tty.c */
/* quiet: kernel/lib/lock.c tests/unit/shim/panic.c */
/* coverage: edges */
/*
 * Worlds and the kernel write, people type, in any order: a terminal of 80 columns and an endless
 * one are given nothing but what tty.h promises, no line but the kernel's begins as the kernel's
 * do, the kernel's lines begin in the first column, and keys come out as they went in, or are
 * counted as lost. Input: operations {u8 what and how much, its bytes}.
 */
#include <string.h>

#include "lib/panic.h"
#include "lib/reader.h"
#include "sched/world.h"
#include "vmkdev/tty.h"

#define NARROW      80u /* columns, as the tty counts on */
#define WIDE        100000u
#define REQUIRE(it) ((it) ? (void)0 : panic("tty: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct terminal {
	unsigned width;
	bool wrapped; /* text alone has gone on in the next line: nothing is promised of that */
	unsigned column, sequence, parameter;
	uint64_t bytes;
};
static struct terminal narrow = {.width = NARROW}, wide = {.width = WIDE};
static uint64_t others;      /* bytes that all other sinks were given */
static const char *log_line; /* what the kernel says just now */
static unsigned signals;
static char typed[TTY_INPUT_BYTES];
static unsigned typed_count;
static uint64_t lost;

void event_signal(struct event *event)
{
	REQUIRE(event == tty_event());
	signals++;
}

/* --- terminals */

static void move(struct terminal *t, char final, unsigned n)
{
	REQUIRE(final == 'K' || final == 'C' || final == 'D');
	if (final == 'C')
		t->column = MIN(t->column + n, t->width - 1);
	if (final == 'D')
		t->column -= MIN(n, t->column);
}

/* 1: after ESC; 2 to 5: after [ and that many digits less two. */
static void take_in_sequence(struct terminal *t, char c)
{
	if (t->sequence == 1) {
		REQUIRE(c == '[');
		t->sequence = 2;
		t->parameter = 0;
	} else if (c >= '0' && c <= '9') {
		REQUIRE(++t->sequence <= 5);
		t->parameter = t->parameter * 10 + (unsigned)(c - '0');
	} else {
		REQUIRE(c != 'K' || t->sequence == 2);
		move(t, c, MAX(t->parameter, 1u));
		t->sequence = 0;
	}
}

static void take_visible(struct terminal *t, char c, bool kernel)
{
	REQUIRE(c >= ' ' && c <= '~');
	if (t->column == t->width) {
		t->column = 0;
		t->wrapped = true;
	}
	REQUIRE(kernel || t->column || t->wrapped || ((c < '0' || c > '9') && c != '+'));
	t->column++;
}

static void take(struct terminal *t, char c, bool kernel)
{
	if (t->sequence) {
		take_in_sequence(t, c);
	} else if (c == '\x1b') {
		t->sequence = 1;
	} else if (c == '\n' || c == '\r') {
		t->column = 0;
		t->wrapped = false;
	} else if (c == '\b') {
		t->column -= t->column > 0;
	} else {
		take_visible(t, c, kernel);
	}
}

static void show(struct terminal *t, const char *text, size_t bytes)
{
	const bool kernel = text == log_line;

	REQUIRE(!kernel || (!t->column && !t->sequence));
	for (size_t i = 0; i < bytes; i++)
		take(t, text[i], kernel);
	t->bytes += bytes;
}

static void show_narrow(const char *text, size_t bytes)
{
	show(&narrow, text, bytes);
}

static void show_wide(const char *text, size_t bytes)
{
	show(&wide, text, bytes);
}

static void show_other(const char *text, size_t bytes)
{
	others += bytes;
}

/* --- what is said and typed */

static void log_something(const char *text, size_t bytes)
{
	static char line[260];

	line[0] = bytes & 4 ? '+' : '0';
	for (size_t i = 0; i < bytes; i++)
		line[i + 1] = (char)(' ' + (uint8_t)text[i] % 95);
	line[bytes + 1] = '\n';
	log_line = line;
	tty_log(line, bytes + 2);
	log_line = NULL;
}

static void type(const char *text, size_t bytes)
{
	const size_t fit = MIN(bytes, TTY_INPUT_BYTES - typed_count);
	const unsigned before = signals;

	tty_input(text, bytes);
	for (size_t i = 0; i < fit; i++)
		typed[typed_count++] = text[i];
	lost += bytes - fit;
	REQUIRE(tty_input_lost() == lost && signals == before + (bytes > 0));
}

static void read_keys(size_t size)
{
	char keys[256];
	const size_t bytes = tty_read(keys, size);

	REQUIRE(bytes == MIN(size, (size_t)typed_count) && !memcmp(keys, typed, bytes));
	typed_count -= (unsigned)bytes;
	memmove(typed, typed + bytes, typed_count);
	REQUIRE(tty_readable() == (typed_count > 0));
}

static void step(struct reader *r, uint8_t what)
{
	const size_t bytes = MIN((size_t)(what & ~3u), reader_left(r));
	const char *text = (const char *)reader_bytes(r, bytes);

	if ((what & 3) == 0)
		log_something(text, bytes);
	else if ((what & 3) == 1)
		type(text, bytes);
	else if ((what & 3) == 2)
		read_keys(what);
	else
		tty_write(text, bytes);
}

/* The tty goes on from input to input: what was begun is ended, what was typed is read. */
static void start(void)
{
	static bool registered;

	for (unsigned i = 0; i < TTY_SINKS_MAX && !registered; i++)
		REQUIRE(tty_register_sink(i > 1 ? show_other
					  : i   ? show_wide
						: show_narrow) == VMK_OK);
	registered = true;
	REQUIRE(tty_register_sink(show_other) == VMK_NO_RESOURCES);
	tty_write("\n\n", 2);
	while (typed_count)
		read_keys(256);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);

	start();
	while (reader_left(&r))
		step(&r, reader_u8(&r));
	REQUIRE(narrow.bytes == wide.bytes && others == (TTY_SINKS_MAX - 2) * wide.bytes);
	return 0;
}
