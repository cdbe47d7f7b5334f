/* The console, for a world that was given it. */
#include "arch/x86/time.h"
#include "mem/space.h"
#include "trust/audit.h"
#include "vmkdev/tty.h"
#include "vmkuser/call.h"
#include "vmkuser/login.h"

#include <string.h>

#define SESSION_QUIET_NS 900000000000ull

/* Where nobody has to log in, a session begins with the first key after a quiet while. */
static void note_session(const struct uworld *u)
{
	static uint64_t last_ns; /* 0: nobody has typed yet; what is lost in a race is one record */
	uint64_t now = time_ns(), before = __atomic_exchange_n(&last_ns, now, __ATOMIC_RELAXED);

	if (login_required())
		return;
	if (!before || now - before > SESSION_QUIET_NS)
		audit_record(AUDIT_CONSOLE, WORLD_NAME(u), "world", WORLD_NAME(u), "state",
			"opened", NULL);
}

/* (tty, buffer, bytes) -> bytes */
enum vmk_status call_tty_read(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status = call_object(u, args[0], VMK_KIND_TTY, RIGHT_READ, NULL);
	size_t bytes;

	if (status != VMK_OK)
		return status;
	bytes = tty_read((char *)u->scratch, MIN(args[2], SCRATCH_BYTES));
	if (bytes == 0)
		return VMK_WOULD_BLOCK;
	note_session(u);
	login_typed(u);
	*value = bytes;
	status = space_copy_out(u->space, args[1], u->scratch, bytes);
	memset(u->scratch, 0, bytes); /* it may be a password */
	return status;
}

/* (tty, text, bytes) */
enum vmk_status call_tty_write(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status = call_object(u, args[0], VMK_KIND_TTY, RIGHT_WRITE, NULL);

	if (status != VMK_OK)
		return status;
	if (args[2] > SCRATCH_BYTES)
		return VMK_TOO_LARGE;
	status = space_copy_in(u->space, u->scratch, args[1], args[2]);
	if (status == VMK_OK)
		tty_write((const char *)u->scratch, args[2]);
	return status;
}
