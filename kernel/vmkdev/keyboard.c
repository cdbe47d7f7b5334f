#include "vmkdev/keyboard.h"

#include <string.h>

#define RELEASED        0x80u
#define EXTENDED        0xe0u
#define PAUSE           0xe1u
#define PAUSE_REST      5u /* e1 1d 45 e1 9d c5 */
#define KEY_CONTROL     0x1du
#define KEY_LEFT_SHIFT  0x2au
#define KEY_RIGHT_SHIFT 0x36u
#define KEY_CAPS        0x3au
#define KEY_SLASH       0x35u
#define KEY_ENTER       0x1cu

/* By scan code; 0 types nothing. Codes 0x47 to 0x53 are the keypad, read as if Num Lock were on. */
static const char plain[] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*"
			    "\0 \0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.";
static const char shifted[] =
	"\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*"
	"\0 \0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.";
_Static_assert(sizeof(plain) == 0x54 + 1 && sizeof(shifted) == sizeof(plain), "codes to 0x53");

/* Keys that send an escape sequence, as a VT220 and xterm send it. */
static const struct {
	uint8_t code;
	const char text[KEYBOARD_TEXT_MAX + 1];
} sequences[] = {
	{0x47, "\x1b[H"},
	{0x48, "\x1b[A"},
	{0x49, "\x1b[5~"},
	{0x4b, "\x1b[D"},
	{0x4d, "\x1b[C"},
	{0x4f, "\x1b[F"},
	{0x50, "\x1b[B"},
	{0x51, "\x1b[6~"},
	{0x52, "\x1b[2~"},
	{0x53, "\x1b[3~"},
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ECMA-48: control with a letter, or with what stands among the letters in ASCII. */
static char with_control(char c)
{
	if (c >= '@' && c <= '~')
		return (char)(c & 0x1f);
	return c == ' ' ? 0 : c;
}

static size_t type(const struct keyboard *k, uint8_t key, char *to)
{
	bool shift = k->left_shift || k->right_shift;
	char c;

	if (key >= sizeof(plain) - 1)
		return 0;
	c = plain[key];
	if (c && shift != (k->caps && is_letter(c)))
		c = shifted[key];
	if (!c)
		return 0;
	*to = k->left_control || k->right_control ? with_control(c) : c;
	return 1;
}

static size_t type_extended(uint8_t key, char *to)
{
	if (key == KEY_ENTER || key == KEY_SLASH) { /* of the keypad */
		*to = plain[key];
		return 1;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(sequences); i++) {
		if (sequences[i].code != key)
			continue;
		memcpy(to, sequences[i].text, KEYBOARD_TEXT_MAX);
		return strlen(sequences[i].text);
	}
	return 0;
}

/* Keys that only change what others mean. With 0xe0 before them, the shifts are none: keyboards
 * put such around other keys. */
static bool modify(struct keyboard *k, uint8_t key, bool pressed, bool extended)
{
	if (key == KEY_CONTROL)
		*(extended ? &k->right_control : &k->left_control) = pressed;
	else if (extended)
		return key == KEY_LEFT_SHIFT || key == KEY_RIGHT_SHIFT;
	else if (key == KEY_LEFT_SHIFT)
		k->left_shift = pressed;
	else if (key == KEY_RIGHT_SHIFT)
		k->right_shift = pressed;
	else if (key == KEY_CAPS) {
		k->caps ^= pressed && !k->caps_is_down;
		k->caps_is_down = pressed;
	} else
		return false;
	return true;
}

size_t keyboard_take(struct keyboard *k, uint8_t code, char to[KEYBOARD_TEXT_MAX])
{
	bool extended = k->extended, pressed = !(code & RELEASED);
	uint8_t key = code & (uint8_t)~RELEASED;

	if (k->skip) {
		k->skip--;
		return 0;
	}
	k->extended = code == EXTENDED;
	if (code == PAUSE)
		k->skip = PAUSE_REST;
	if (code == EXTENDED || code == PAUSE)
		return 0;
	if (modify(k, key, pressed, extended) || !pressed)
		return 0;
	return extended ? type_extended(key, to) : type(k, key, to);
}
