/* Between the parts of the console's world. */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "worlds/libvmk/host.h"

/* The value of a key of the host's configuration: as keyval_get(). */
enum vmk_status config_get(const char *key, char *value, size_t size);

/* Asks until somebody has logged in; false when there is no terminal any more. */
bool login_run(void);

/* The terminal: output is gathered, input is queued. */
enum vmk_status terminal_start(void);
void terminal_write(const char *text, size_t bytes);
void terminal_flush(void);
/* Waits until something was typed; takes up to `size` bytes of it. */
enum vmk_status terminal_read(char *to, size_t size, size_t *bytes);
/* The same, but also for `other` to be readable, and not for long: *bytes may be 0. */
enum vmk_status terminal_read_or(vmk_handle other, char *to, size_t size, size_t *bytes);
/*
 * Waits at most so long for something typed, and for the network where it is up. False if that was
 * ctrl-c: it is taken, with all that was typed before it.
 */
bool terminal_pause(uint64_t nanoseconds);

/* struct vmk_host's vm_console. */
enum vmk_status guest_console(vmk_handle system, uint32_t id);

/* struct vmk_host's ping, over this world's own interface, which comes up when it is first asked.
 */
enum vmk_status network_ping(
	void *context, const struct ping_request *request, struct ping_reply *reply);
/* As vmku_wait() for the terminal's handle; the network, where it is up, is served meanwhile. */
enum vmk_status network_wait(vmk_handle tty, uint64_t nanoseconds);

#endif
