#include "vmkvm/console.h"

void vm_console_init(struct vm_console *c)
{
	*c = (struct vm_console){.lock = SPINLOCK(LOCK_VM), .closed = true};
}

bool vm_console_attach(struct vm_console *c)
{
	uint64_t saved = spin_lock(&c->lock);
	const bool free = !c->attached;

	if (free) {
		c->attached = true;
		c->out_tail = c->out_head;
		c->in_tail = c->in_head;
	}
	spin_unlock(&c->lock, saved);
	return free;
}

void vm_console_detach(struct vm_console *c)
{
	uint64_t saved = spin_lock(&c->lock);

	c->attached = false;
	spin_unlock(&c->lock, saved);
}

static size_t put(
	char *ring, uint32_t size, uint32_t *head, uint32_t tail, const char *from, size_t bytes)
{
	const size_t count = MIN(bytes, (size_t)(size - (*head - tail)));

	for (size_t i = 0; i < count; i++)
		ring[(*head)++ % size] = from[i];
	return count;
}

static size_t get(
	const char *ring, uint32_t size, uint32_t head, uint32_t *tail, char *to, size_t room)
{
	const size_t count = MIN(room, (size_t)(head - *tail));

	for (size_t i = 0; i < count; i++)
		to[i] = ring[(*tail)++ % size];
	return count;
}

enum vmk_status vm_console_say(struct vm_console *c, const char *text, size_t bytes, size_t *taken)
{
	uint64_t saved = spin_lock(&c->lock);
	const bool attached = c->attached;

	if (attached) {
		*taken = put(c->out, VM_CONSOLE_OUT, &c->out_head, c->out_tail, text, bytes);
		c->no_room = c->out_head - c->out_tail == VM_CONSOLE_OUT;
	}
	spin_unlock(&c->lock, saved);
	if (!attached)
		return VMK_NOT_PRESENT;
	event_signal(&c->event);
	return VMK_OK;
}

enum vmk_status vm_console_hear(struct vm_console *c, char *to, size_t size, size_t *bytes)
{
	uint64_t saved = spin_lock(&c->lock);
	const bool attached = c->attached;

	*bytes = attached ? get(c->in, VM_CONSOLE_IN, c->in_head, &c->in_tail, to, size) : 0;
	spin_unlock(&c->lock, saved);
	if (!attached)
		return VMK_NOT_PRESENT;
	return *bytes ? VMK_OK : VMK_WOULD_BLOCK;
}

void vm_console_close(struct vm_console *c, bool closed)
{
	uint64_t saved = spin_lock(&c->lock);

	c->closed = closed;
	spin_unlock(&c->lock, saved);
	event_signal(&c->event);
}

enum vmk_status vm_console_read(struct vm_console *c, char *to, size_t size, size_t *bytes)
{
	uint64_t saved = spin_lock(&c->lock);
	const bool closed = c->closed;

	*bytes = get(c->out, VM_CONSOLE_OUT, c->out_head, &c->out_tail, to, size);
	spin_unlock(&c->lock, saved);
	if (*bytes)
		return VMK_OK;
	return closed ? VMK_NOT_PRESENT : VMK_WOULD_BLOCK;
}

size_t vm_console_type(struct vm_console *c, const char *text, size_t bytes)
{
	uint64_t saved = spin_lock(&c->lock);
	const size_t taken = put(c->in, VM_CONSOLE_IN, &c->in_head, c->in_tail, text, bytes);

	spin_unlock(&c->lock, saved);
	return taken;
}

bool vm_console_readable(struct vm_console *c)
{
	uint64_t saved = spin_lock(&c->lock);
	const bool readable = c->closed || c->out_head != c->out_tail;

	spin_unlock(&c->lock, saved);
	return readable;
}

bool vm_console_has_room_again(struct vm_console *c)
{
	uint64_t saved = spin_lock(&c->lock);
	const bool again = c->no_room && c->out_head - c->out_tail < VM_CONSOLE_OUT;

	if (again)
		c->no_room = false;
	spin_unlock(&c->lock, saved);
	return again;
}
