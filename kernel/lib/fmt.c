/*
 * Bounded formatting for the freestanding kernel, declared in port/libc/stdio.h: %s %c %d %i %u %x
 * %X %% with flags "0-+ #", width, precision (both may be *) and hh h l ll z t j. Of a %p only that
 * there is a pointer: no text of the kernel says where anything lies. Anything else is printed as
 * it stands, since an argument of unknown size cannot be skipped.
 */
#include <stdbool.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct output {
	char *to;
	size_t size, length; /* length of the whole text, also of what did not fit */
};

struct conversion {
	bool left, zero, plus, space, alternate;
	int width, precision; /* precision < 0: none */
	int longness;         /* -2 hh, -1 h, 0, 1 l, z, t and j, 2 ll */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->to[out->length] = c;
	out->length++;
}

static void pad(struct output *out, char c, int count)
{
	while (count-- > 0)
		put(out, c);
}

static void put_text(
	struct output *out, const struct conversion *conv, const char *text, int length)
{
	if (!conv->left)
		pad(out, ' ', conv->width - length);
	for (int i = 0; i < length; i++)
		put(out, text[i]);
	if (conv->left)
		pad(out, ' ', conv->width - length);
}

static void put_number(struct output *out, const struct conversion *conv, uint64_t value,
	unsigned base, bool upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char reversed[24];
	int count = 0, zeroes, prefix_length = (int)strlen(prefix);

	for (; value; value /= base)
		reversed[count++] = digits[value % base];
	if (!count && conv->precision != 0)
		reversed[count++] = '0';
	zeroes = conv->precision > count ? conv->precision - count : 0;
	if (conv->zero && !conv->left && conv->precision < 0 && conv->width > count + prefix_length)
		zeroes = conv->width - count - prefix_length;

	if (!conv->left)
		pad(out, ' ', conv->width - count - zeroes - prefix_length);
	while (*prefix)
		put(out, *prefix++);
	pad(out, '0', zeroes);
	for (int i = count; i > 0; i--)
		put(out, reversed[i - 1]);
	if (conv->left)
		pad(out, ' ', conv->width - count - zeroes - prefix_length);
}

static int parse_count(const char **format, va_list *args)
{
	int count = 0;

	if (**format == '*') {
		(*format)++;
		return va_arg(*args, int);
	}
	for (; **format >= '0' && **format <= '9'; (*format)++) {
		if (count < 100000)
			count = count * 10 + (**format - '0');
	}
	return count;
}

static void parse_flags(const char **format, struct conversion *conv)
{
	for (;; (*format)++) {
		switch (**format) {
		case '-':
			conv->left = true;
			break;
		case '0':
			conv->zero = true;
			break;
		case '+':
			conv->plus = true;
			break;
		case ' ':
			conv->space = true;
			break;
		case '#':
			conv->alternate = true;
			break;
		default:
			return;
		}
	}
}

static int parse_length(const char **format)
{
	int longness = 0;

	for (;; (*format)++) {
		switch (**format) {
		case 'h':
			longness--;
			break;
		case 'l':
			longness++;
			break;
		case 'z':
		case 't':
		case 'j':
			longness = 1;
			break;
		default:
			return longness;
		}
	}
}

static struct conversion parse_conversion(const char **format, va_list *args)
{
	struct conversion conv = {.precision = -1};

	parse_flags(format, &conv);
	conv.width = parse_count(format, args);
	if (conv.width < 0) {
		conv.left = true;
		conv.width = conv.width == INT_MIN ? 0 : -conv.width;
	}
	if (**format == '.') {
		(*format)++;
		conv.precision = parse_count(format, args);
	}
	conv.longness = parse_length(format);
	return conv;
}

static int64_t signed_argument(int longness, va_list *args)
{
	if (longness >= 1)
		return va_arg(*args, long);
	if (longness == -1)
		return (short)va_arg(*args, int);
	if (longness <= -2)
		return (signed char)va_arg(*args, int);
	return va_arg(*args, int);
}

static uint64_t unsigned_argument(int longness, va_list *args)
{
	if (longness >= 1)
		return va_arg(*args, unsigned long);
	if (longness == -1)
		return (unsigned short)va_arg(*args, unsigned);
	if (longness <= -2)
		return (unsigned char)va_arg(*args, unsigned);
	return va_arg(*args, unsigned);
}

static void put_signed(struct output *out, const struct conversion *conv, int64_t value)
{
	const char *sign = value < 0 ? "-" : conv->plus ? "+" : conv->space ? " " : "";

	put_number(out, conv, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, false, sign);
}

static void put_string(struct output *out, const struct conversion *conv, const char *text)
{
	size_t limit = conv->precision < 0 ? INT_MAX : (size_t)conv->precision;

	if (!text)
		text = "(null)";
	put_text(out, conv, text, (int)strnlen(text, limit));
}

/* One conversion; false if the kernel does not know it. */
static bool convert(struct output *out, char kind, struct conversion *conv, va_list *args)
{
	uint64_t value;
	char c;

	switch (kind) {
	case '%':
		put(out, '%');
		return true;
	case 'c':
		c = (char)va_arg(*args, int);
		put_text(out, conv, &c, 1);
		return true;
	case 's':
		put_string(out, conv, va_arg(*args, const char *));
		return true;
	case 'd':
	case 'i':
		put_signed(out, conv, signed_argument(conv->longness, args));
		return true;
	case 'u':
		put_number(out, conv, unsigned_argument(conv->longness, args), 10, false, "");
		return true;
	case 'x':
	case 'X':
		value = unsigned_argument(conv->longness, args);
		put_number(out, conv, value, 16, kind == 'X',
			conv->alternate && value ? (kind == 'X' ? "0X" : "0x") : "");
		return true;
	case 'p':
		(void)va_arg(*args, void *);
		put_string(out, conv, "(pointer)");
		return true;
	default:
		return false;
	}
}

int vsnprintf(char *to, size_t size, const char *format, va_list args)
{
	struct output out = {.to = to, .size = size};
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		const char *start = format;
		struct conversion conv;

		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format++;
		conv = parse_conversion(&format, &rest);
		if (convert(&out, *format, &conv, &rest)) {
			format++;
			continue;
		}
		while (start < format)
			put(&out, *start++);
	}
	va_end(rest);
	if (size)
		to[out.length < size ? out.length : size - 1] = 0;
	return out.length > INT_MAX ? INT_MAX : (int)out.length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(to, size, format, args);
	va_end(args);
	return length;
}
