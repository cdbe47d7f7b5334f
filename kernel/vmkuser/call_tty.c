/* The console, for a world that was given it. */
#include "mem/space.h"
#include "vmkdev/tty.h"
#include "vmkuser/call.h"

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
	*value = bytes;
	return space_copy_out(u->space, args[1], u->scratch, bytes);
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
