/* A world's port on the virtual switch: whole Ethernet frames, copied. */
#include "arch/x86/time.h"
#include "mem/space.h"
#include "vmknet/switch.h"
#include "vmkuser/call.h"

#include <string.h>

#define FRAME_MIN 14 /* an Ethernet header */
_Static_assert(NET_FRAME_MAX <= SCRATCH_BYTES, "a frame must fit the scratch buffer");

static enum vmk_status get_port(
	struct uworld *u, uint64_t handle, uint32_t rights, struct port **port)
{
	return call_object(u, handle, VMK_KIND_PORT, rights, (void **)port);
}

/* (port, struct vmk_port_info *) */
enum vmk_status call_port_info(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct vmk_port_info info = {0};
	struct port *port;
	enum vmk_status status = get_port(u, args[0], 0, &port);

	if (status != VMK_OK)
		return status;
	port_info(port, &info);
	return space_copy_out(u->space, args[1], &info, sizeof(info));
}

/* (port, const struct vmk_port_address *) */
enum vmk_status call_port_address(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	static const uint8_t reserved[sizeof(((struct vmk_port_address *)0)->reserved)];
	struct vmk_port_address address;
	struct port *port;
	enum vmk_status status = get_port(u, args[0], RIGHT_WRITE, &port);

	if (status == VMK_OK)
		status = space_copy_in(u->space, &address, args[1], sizeof(address));
	if (status != VMK_OK)
		return status;
	if (address.prefix > 32 || address.dhcp > 1 ||
		memcmp(address.reserved, reserved, sizeof(reserved)) != 0)
		return VMK_BAD_PARAM;
	port_set_address(port, &address);
	return VMK_OK;
}

/* (port, frame, bytes) */
enum vmk_status call_port_send(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct port *port;
	enum vmk_status status = get_port(u, args[0], RIGHT_WRITE, &port);

	if (status != VMK_OK)
		return status;
	if (args[2] < FRAME_MIN)
		return VMK_BAD_PARAM;
	if (args[2] > NET_FRAME_MAX)
		return VMK_TOO_LARGE;
	/* A guest has the network that it is given; a world of the system must leave it to others.
	 */
	if (!u->vm && !budget_take(&u->port_budget, time_ns()))
		return VMK_NO_RESOURCES;
	status = space_copy_in(u->space, u->scratch, args[1], args[2]);
	if (status == VMK_OK)
		status = port_send(port, u->scratch, args[2]);
	return status == VMK_DENIED ? call_deny(u, VMK_ACTION_SOURCE) : status;
}

/* (port, buffer, bytes) -> bytes */
enum vmk_status call_port_recv(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct port *port;
	size_t bytes;
	enum vmk_status status = get_port(u, args[0], RIGHT_READ, &port);

	if (status != VMK_OK)
		return status;
	status = port_receive(port, u->scratch, MIN(args[2], NET_FRAME_MAX), &bytes);
	if (status != VMK_OK)
		return status;
	*value = bytes;
	return space_copy_out(u->space, args[1], u->scratch, bytes);
}
