/* The console before anybody has logged in: asks, proves it to the kernel, and has its handles. */
#include "worlds/libvmk/login.h"

#include <string.h>
#include <vmkuser/libvmkuser.h>

#include "worlds/console/console.h"
#include "worlds/console/derive.h"

static void write_out(void *context, const char *text, size_t bytes)
{
	terminal_write(text, bytes);
}

/* The kernel looks at no key sooner; what is typed meanwhile is kept. */
static void wait_for_turn(uint64_t nanoseconds)
{
	terminal_flush();
	if (nanoseconds)
		vmku_wait(NULL, 0, nanoseconds, NULL);
}

static enum vmk_status prove(vmk_handle tty, const struct login *typed)
{
	static struct vmk_login login;
	enum vmk_status status;

	memcpy(login.name, typed->name, sizeof(login.name));
	do {
		status = vmku_login(tty, VMK_LOGIN_CHALLENGE, &login);
		if (status != VMK_OK)
			break;
		wait_for_turn(login.wait_ns);
		status = derive_key(&login, typed->password)
				 ? vmku_login(tty, VMK_LOGIN_PROVE, &login)
				 : VMK_NO_MEMORY;
	} while (status == VMK_BUSY);
	explicit_bzero(&login, sizeof(login));
	return status;
}

static bool log_in(vmk_handle tty, const struct login *typed, const struct writer *out)
{
	enum vmk_status status = prove(tty, typed);

	if (status == VMK_OK)
		return true;
	if (status == VMK_BAD_SIGNATURE)
		writer_text(out, "Login incorrect.\n");
	else
		writer_format(out, "The VMkernel takes no log-in: %s.\n", vmk_status_name(status));
	return false;
}

bool login_run(void)
{
	static struct login login;
	const struct writer out = {write_out, NULL};
	vmk_handle tty = vmku_find("tty", VMK_KIND_TTY);
	char byte;
	size_t count;

	login_start(&login, &out);
	while (terminal_read(&byte, 1, &count) == VMK_OK) {
		bool done = login_feed(&login, byte), in;

		if (!done)
			continue;
		in = log_in(tty, &login, &out);
		explicit_bzero(login.password, sizeof(login.password));
		if (in)
			return true;
		login_ask(&login);
	}
	return false;
}
