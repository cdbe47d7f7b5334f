#include "vmkdev/tty.h"

#include "lib/lock.h"
#include "sched/world.h"

#include <string.h>

#define ESCAPE         '\x1b'
#define OPEN_LINE_MAX  512u
#define TAKE_LINE_AWAY "\r\x1b[K"
#define COLUMNS_LEAST  80u /* of a terminal */

/* Where a control sequence stands that a world has begun. */
enum sequence { PLAIN, AFTER_ESCAPE, IN_PARAMETER };

static struct {
	struct spinlock lock;
	tty_sink sinks[TTY_SINKS_MAX];
	unsigned sink_count;

	/* What worlds have written since the last "\n" or "\r": it is written again below log
	 * lines. */
	char open[OPEN_LINE_MAX];
	size_t open_bytes;
	bool open_lost; /* it did not fit */
	/* Of the cursor: as far to the right as it is at least, however wide the terminal is. Not
	 * where text alone has gone past the least width: of rows made by wrapping nothing is
	 * promised (tty.h). */
	unsigned column;
	enum sequence sequence;
	unsigned parameter, digits;

	char input[TTY_INPUT_BYTES];
	unsigned input_head, input_count;
	uint64_t input_lost;
} tty = {.lock = SPINLOCK(LOCK_TTY)};

/* Outside the lock, whose level is above that of events. */
static struct event typed;

enum vmk_status tty_register_sink(tty_sink sink)
{
	uint64_t saved = spin_lock(&tty.lock);
	bool fits = tty.sink_count < TTY_SINKS_MAX;

	if (fits)
		tty.sinks[tty.sink_count++] = sink;
	spin_unlock(&tty.lock, saved);
	return fits ? VMK_OK : VMK_NO_RESOURCES;
}

static void put(const char *text, size_t bytes)
{
	for (unsigned i = 0; i < tty.sink_count; i++)
		tty.sinks[i](text, bytes);
}

/* --- the kernel's lines */

static void forget_open_line(void)
{
	tty.open_bytes = 0;
	tty.open_lost = false;
}

void tty_log(const char *text, size_t bytes)
{
	uint64_t saved = spin_lock(&tty.lock);
	bool is_open = tty.open_bytes || tty.column;

	if (tty.open_lost) {
		put("\n", 1);
		forget_open_line();
		tty.column = 0;
		is_open = false;
	}
	if (is_open)
		put(TAKE_LINE_AWAY, sizeof(TAKE_LINE_AWAY) - 1);
	put(text, bytes);
	if (is_open)
		put(tty.open, tty.open_bytes);
	spin_unlock(&tty.lock, saved);
}

/* --- what worlds write */

/* Filtered text on its way out. */
struct part {
	char text[2 * TTY_PART_BYTES + 8]; /* each character and the blank before it; a sequence */
	size_t bytes;
};

static void emit(struct part *part, char c)
{
	part->text[part->bytes++] = c;
	if (c == '\n' || c == '\r')
		forget_open_line();
	else if (tty.open_bytes < OPEN_LINE_MAX)
		tty.open[tty.open_bytes++] = c;
	else
		tty.open_lost = true;
}

static void emit_visible(struct part *part, char c)
{
	/* Only the kernel's lines begin like this (tty.h). */
	if (tty.column == 0 && ((c >= '0' && c <= '9') || c == '+')) {
		emit(part, ' ');
		tty.column++;
	}
	emit(part, c);
	tty.column++;
}

/* A terminal stops at its last column. */
static void move_right(unsigned n)
{
	if (tty.column < COLUMNS_LEAST)
		tty.column = MIN(tty.column + n, COLUMNS_LEAST - 1);
}

/* Beyond the least width it may have gone on in the next line, and be near its beginning. */
static void move_left(unsigned n)
{
	tty.column = tty.column < COLUMNS_LEAST ? tty.column - MIN(n, tty.column) : 0;
}

static void emit_control(struct part *part, char c)
{
	emit(part, c);
	if (c == '\b')
		move_left(1);
	else
		tty.column = 0;
}

static void emit_sequence(struct part *part, char final)
{
	unsigned n = tty.digits ? tty.parameter : 1;
	char digits[3];
	unsigned count = 0;

	for (unsigned rest = n; rest || !count; rest /= 10)
		digits[count++] = (char)('0' + rest % 10);
	emit(part, ESCAPE);
	emit(part, '[');
	while (final != 'K' && count)
		emit(part, digits[--count]);
	emit(part, final);
	if (final == 'C')
		move_right(MAX(n, 1u));
	if (final == 'D')
		move_left(MAX(n, 1u));
}

/* False: the sequence is none that is allowed. */
static bool take_in_sequence(struct part *part, char c)
{
	if (tty.sequence == AFTER_ESCAPE) {
		tty.sequence = IN_PARAMETER;
		tty.parameter = tty.digits = 0;
		return c == '[';
	}
	if (c >= '0' && c <= '9' && tty.digits < 3) {
		tty.parameter = tty.parameter * 10 + (unsigned)(c - '0');
		tty.digits++;
		return true;
	}
	tty.sequence = PLAIN;
	if (c != 'C' && c != 'D' && !(c == 'K' && tty.parameter == 0))
		return false;
	emit_sequence(part, c);
	return true;
}

static void take(struct part *part, char c)
{
	if (tty.sequence != PLAIN) {
		if (take_in_sequence(part, c))
			return;
		tty.sequence = PLAIN;
		c = '?';
	}
	if (c == ESCAPE)
		tty.sequence = AFTER_ESCAPE;
	else if (c == '\n' || c == '\r' || c == '\b')
		emit_control(part, c);
	else
		emit_visible(part, c >= ' ' && c <= '~' ? c : '?');
}

static void write_part(const char *text, size_t bytes)
{
	struct part part = {.bytes = 0};
	uint64_t saved = spin_lock(&tty.lock);

	for (size_t i = 0; i < bytes; i++)
		take(&part, text[i]);
	put(part.text, part.bytes);
	spin_unlock(&tty.lock, saved);
}

void tty_write(const char *text, size_t bytes)
{
	for (size_t done = 0, part; done < bytes; done += part) {
		part = MIN(bytes - done, (size_t)TTY_PART_BYTES);
		write_part(text + done, part);
	}
}

/* --- what people type */

void tty_input(const char *bytes, size_t count)
{
	uint64_t saved = spin_lock(&tty.lock);

	for (size_t i = 0; i < count; i++) {
		if (tty.input_count == TTY_INPUT_BYTES) {
			tty.input_lost += count - i;
			break;
		}
		tty.input[(tty.input_head + tty.input_count++) % TTY_INPUT_BYTES] = bytes[i];
	}
	spin_unlock(&tty.lock, saved);
	if (count)
		event_signal(&typed);
}

size_t tty_read(char *to, size_t size)
{
	uint64_t saved = spin_lock(&tty.lock);
	size_t bytes = MIN(size, (size_t)tty.input_count);

	for (size_t i = 0; i < bytes; i++) {
		char *one = &tty.input[(tty.input_head + i) % TTY_INPUT_BYTES];

		to[i] = *one;
		*one = 0; /* it may be of a password */
	}
	tty.input_head = (tty.input_head + (unsigned)bytes) % TTY_INPUT_BYTES;
	tty.input_count -= (unsigned)bytes;
	spin_unlock(&tty.lock, saved);
	return bytes;
}

bool tty_readable(void)
{
	uint64_t saved = spin_lock(&tty.lock);
	bool readable = tty.input_count > 0;

	spin_unlock(&tty.lock, saved);
	return readable;
}

struct event *tty_event(void)
{
	return &typed;
}

uint64_t tty_input_lost(void)
{
	uint64_t saved = spin_lock(&tty.lock), lost = tty.input_lost;

	spin_unlock(&tty.lock, saved);
	return lost;
}
