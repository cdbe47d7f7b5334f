#include "worlds/console/console.h"

#include <string.h>
#include <vmkuser/libvmkuser.h>

#define CTRL_C  3
#define STEP_NS 500000000ull /* so often the network is looked after */

static struct {
	vmk_handle tty;
	char out[1024];
	size_t out_bytes;
	char in[256]; /* typed ahead */
	size_t in_bytes;
} terminal;

enum vmk_status terminal_start(void)
{
	terminal.tty = vmku_find("tty", VMK_KIND_TTY);
	return terminal.tty == VMK_NO_HANDLE ? VMK_BAD_HANDLE : VMK_OK;
}

void terminal_flush(void)
{
	vmku_tty_write(terminal.tty, terminal.out, terminal.out_bytes);
	terminal.out_bytes = 0;
}

void terminal_write(const char *text, size_t bytes)
{
	for (size_t done = 0, part; done < bytes; done += part) {
		part = sizeof(terminal.out) - terminal.out_bytes;
		if (part > bytes - done)
			part = bytes - done;
		memcpy(terminal.out + terminal.out_bytes, text + done, part);
		terminal.out_bytes += part;
		if (terminal.out_bytes == sizeof(terminal.out))
			terminal_flush();
	}
}

static uint64_t now_ns(void)
{
	uint64_t now = 0;

	vmku_clock(VMK_CLOCK_MONOTONIC, &now);
	return now;
}

/* What is there, as far as there is room; false if ctrl-c is among it. */
static bool collect(void)
{
	size_t bytes;
	const char *interrupt = NULL;

	if (vmku_tty_read(terminal.tty, terminal.in + terminal.in_bytes,
		    sizeof(terminal.in) - terminal.in_bytes, &bytes) != VMK_OK)
		return true;
	terminal.in_bytes += bytes;
	for (const char *at = terminal.in; at < terminal.in + terminal.in_bytes; at++)
		if (*at == CTRL_C)
			interrupt = at;
	if (!interrupt)
		return true;
	terminal.in_bytes -= (size_t)(interrupt + 1 - terminal.in);
	memmove(terminal.in, interrupt + 1, terminal.in_bytes);
	return false;
}

static enum vmk_status take_typed(void)
{
	enum vmk_status status =
		vmku_tty_read(terminal.tty, terminal.in, sizeof(terminal.in), &terminal.in_bytes);

	if (status == VMK_WOULD_BLOCK)
		terminal.in_bytes = 0;
	return status == VMK_WOULD_BLOCK ? VMK_OK : status;
}

static void give(char *to, size_t size, size_t *bytes)
{
	*bytes = terminal.in_bytes < size ? terminal.in_bytes : size;
	memcpy(to, terminal.in, *bytes);
	terminal.in_bytes -= *bytes;
	memmove(terminal.in, terminal.in + *bytes, terminal.in_bytes);
	explicit_bzero(terminal.in + terminal.in_bytes, *bytes); /* it may be of a password */
}

enum vmk_status terminal_read(char *to, size_t size, size_t *bytes)
{
	enum vmk_status status = VMK_OK;

	terminal_flush();
	while (!terminal.in_bytes) {
		status = network_wait(terminal.tty, VMKU_FOREVER);
		if (status == VMK_OK || status == VMK_TIMEOUT)
			status = take_typed();
		if (status != VMK_OK)
			return status;
	}
	give(to, size, bytes);
	return VMK_OK;
}

enum vmk_status terminal_read_or(vmk_handle other, char *to, size_t size, size_t *bytes)
{
	const vmk_handle handles[] = {terminal.tty, other};
	enum vmk_status status = VMK_OK;

	terminal_flush();
	network_wait(VMK_NO_HANDLE, 0);
	if (!terminal.in_bytes)
		status = vmku_wait(handles, 2, STEP_NS, NULL);
	if (!terminal.in_bytes && (status == VMK_OK || status == VMK_TIMEOUT))
		status = take_typed();
	give(to, size, bytes);
	return status;
}

bool terminal_pause(uint64_t nanoseconds)
{
	uint64_t until = now_ns() + nanoseconds;
	bool full = terminal.in_bytes == sizeof(terminal.in);

	terminal_flush();
	for (uint64_t now = now_ns(); now < until; now = now_ns()) {
		enum vmk_status status =
			network_wait(full ? VMK_NO_HANDLE : terminal.tty, until - now);

		if (status != VMK_OK && status != VMK_TIMEOUT)
			return false;
		if (!collect())
			return false;
		full = terminal.in_bytes == sizeof(terminal.in);
	}
	return true;
}
