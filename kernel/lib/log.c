#include <stdio.h>
#include <string.h>
#include "lib/log.h"
#include "lib/types.h"

#define RING_BYTES    (64u << 10)
#define MESSAGE_BYTES 1024
#define LINE_BYTES    (MESSAGE_BYTES + 192)

static const struct log_ops *edge;
/* Guarded by edge->lock, as everything below. */
static char ring[RING_BYTES];
static uint64_t ring_end; /* stream offset of the next byte; its place is modulo RING_BYTES */
static char message[MESSAGE_BYTES];
static char line_text[LINE_BYTES];

void log_init(const struct log_ops *ops)
{
	edge = ops;
}

struct date {
	unsigned year, month, day, hour, minute, second, millisecond;
};

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar, in eras of 400 years that
 * begin on 1 March, so that the leap day is the last one. */
static struct date date_of(uint64_t wall_ns)
{
	uint64_t milliseconds = wall_ns / 1000000, seconds = milliseconds / 1000;
	uint64_t days = seconds / 86400 + 719468;
	uint64_t era = days / 146097, day_of_era = days % 146097;
	uint64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t shifted_month = (5 * day_of_year + 2) / 153;
	unsigned month = (unsigned)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);

	return (struct date){
		.year = (unsigned)(era * 400 + year_of_era + (month <= 2)),
		.month = month,
		.day = (unsigned)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
		.hour = (unsigned)(seconds % 86400 / 3600),
		.minute = (unsigned)(seconds % 3600 / 60),
		.second = (unsigned)(seconds % 60),
		.millisecond = (unsigned)(milliseconds % 1000),
	};
}

static int write_prefix(char *to, size_t size, enum log_severity severity)
{
	static const char names[][3] = {"Em", "Al", "Cr", "Er", "Wa", "No", "In", "Db"};
	struct date d = date_of(edge ? edge->wall_ns() : 0);

	return snprintf(to, size,
		"%04u-%02u-%02uT%02u:%02u:%02u.%03uZ %s(%u) vmkernel: cpu%u:%llu)", d.year, d.month,
		d.day, d.hour, d.minute, d.second, d.millisecond, names[severity & 7],
		22 * 8 + (unsigned)(severity & 7), edge ? edge->cpu() : 0,
		(unsigned long long)(edge ? edge->world() : 0));
}

static void put_line(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		ring[ring_end++ % RING_BYTES] = text[i];
	if (edge)
		edge->emit(text, bytes);
}

/* No escape sequence and no second line can come from inside a message: above ASCII, too, there are
 * control characters (ECMA-48, 5.3: 9Bh is ESC [). */
static size_t append_visible(char *to, size_t at, size_t size, const char *from, size_t bytes)
{
	for (size_t i = 0; i < bytes && at < size; i++) {
		unsigned char c = (unsigned char)from[i];

		to[at++] = c == '\t' ? ' ' : c < ' ' || c > '~' ? '?' : (char)c;
	}
	return at;
}

/* Writes `message` as one line and, for each newline inside, a "+" line. */
static void put_message(size_t prefix, size_t length)
{
	size_t at = prefix;

	if (length && message[length - 1] == '\n')
		length--;
	for (size_t from = 0; from <= length;) {
		const char *newline = memchr(message + from, '\n', length - from);
		size_t part = newline ? (size_t)(newline - message) - from : length - from;

		at = append_visible(line_text, at, LINE_BYTES - 1, message + from, part);
		line_text[at++] = '\n';
		put_line(line_text, at);
		from += part + 1;
		line_text[0] = '+';
		at = 1;
	}
}

void log_vprintf(
	enum log_severity severity, const char *module, int line, const char *format, va_list args)
{
	uint64_t saved = edge ? edge->lock() : 0;
	int prefix, length;

	prefix = write_prefix(line_text, LINE_BYTES, severity);
	prefix += snprintf(line_text + prefix, LINE_BYTES - (size_t)prefix,
		"%s%.32s: %d: ", severity == LOG_WA ? "WARNING: " : "", module, line);
	length = vsnprintf(message, MESSAGE_BYTES, format, args);
	length = MAX(length, 0);
	put_message((size_t)prefix, MIN((size_t)length, MESSAGE_BYTES - 1));
	if (edge)
		edge->unlock(saved);
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vprintf(severity, module, line, format, args);
	va_end(args);
}

size_t log_read(uint64_t *offset, char *to, size_t size)
{
	uint64_t saved = edge ? edge->lock() : 0;
	uint64_t oldest = ring_end > RING_BYTES ? ring_end - RING_BYTES : 0;
	uint64_t from = MIN(MAX(*offset, oldest), ring_end);
	size_t bytes = (size_t)MIN((uint64_t)size, ring_end - from);

	for (size_t i = 0; i < bytes; i++)
		to[i] = ring[(from + i) % RING_BYTES];
	*offset = from + bytes;
	if (edge)
		edge->unlock(saved);
	return bytes;
}
