#include "worlds/libvmk/login.h"

#include <string.h>

#define CTRL(c) ((c) & 0x1f)
#define DELETE  0x7f

void login_start(struct login *login, const struct writer *out)
{
	*login = (struct login){.out = *out};
	writer_text(out, "Merlon console.\n");
	login_ask(login);
}

void login_ask(struct login *login)
{
	explicit_bzero(login->name, sizeof(login->name));
	explicit_bzero(login->password, sizeof(login->password));
	login->length = 0;
	login->in_password = login->too_long = false;
	writer_text(&login->out, "login: ");
}

/* One character, of UTF-8 as many bytes as it has (RFC 3629, section 3). */
static void erase_one(struct login *login)
{
	char *text = login->in_password ? login->password : login->name, byte;

	if (!login->length)
		return;
	do {
		byte = text[--login->length];
		text[login->length] = 0;
	} while (login->length && ((unsigned char)byte & 0xc0) == 0x80);
	if (!login->in_password)
		writer_text(&login->out, "\b \b");
}

static void erase_all(struct login *login)
{
	while (login->length)
		erase_one(login);
	login->too_long = false;
}

static void append(struct login *login, char byte)
{
	const size_t room = login->in_password ? sizeof(login->password) : sizeof(login->name);

	if (login->length + 1 >= room) {
		login->too_long = true;
		return;
	}
	(login->in_password ? login->password : login->name)[login->length++] = byte;
	if (!login->in_password)
		login->out.write(login->out.context, &byte, 1);
}

/* True when both are there. */
static bool end_field(struct login *login)
{
	writer_text(&login->out, "\n");
	if (login->in_password && login->too_long)
		explicit_bzero(login->password, sizeof(login->password));
	if (login->in_password)
		return true;
	if (!login->length) {
		login_ask(login);
		return false;
	}
	login->in_password = true;
	login->length = 0;
	writer_text(&login->out, "Password: ");
	return false;
}

/* A password may have any byte that is no control character, and so UTF-8; a name is ASCII. */
static bool is_text(const struct login *login, char byte)
{
	return (byte >= ' ' && byte != DELETE) ||
	       (login->in_password && (unsigned char)byte >= 0x80);
}

bool login_feed(struct login *login, char byte)
{
	const bool after_return = login->after_return;

	login->after_return = byte == '\r';
	if (byte == '\r' || (byte == '\n' && !after_return))
		return end_field(login);
	if (byte == CTRL('c') || byte == CTRL('d')) {
		writer_text(&login->out, "\n");
		login_ask(login);
	} else if (byte == CTRL('h') || byte == DELETE) {
		erase_one(login);
	} else if (byte == CTRL('u')) {
		erase_all(login);
	} else if (is_text(login, byte)) {
		append(login, byte);
	}
	return false;
}
