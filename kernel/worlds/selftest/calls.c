/* Permissions, handles, arguments. */
#include "kernel/worlds/selftest/check.h"

#include <stdlib.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#define WAIT_HANDLES 17
#define FRAME_MIN    14
#define FRAME_MAX    1514
#define TEN_MS       10000000ull

static struct vmk_quote_request request = {.pcr_mask = 1 << 17, .nonce_size = 8};
static struct vmk_quote_reply reply;
static unsigned char buffer[VMK_TRANSFER_MAX];

static void check_permissions(void)
{
	vmk_handle trust = vmku_find("trust", VMK_KIND_TRUST);
	static const char known[] = {
#define X(symbol, name, number, arguments) [number] = 1,
		VMK_SYSCALLS(X)
#undef X
	};

	check_status(vmku_quote(trust, &request, &reply), VMK_DENIED,
		"a call that the package does not grant is denied");
	check_status(vmku_syscall(sizeof(known), 0, 0, 0, 0, 0).status, VMK_UNSUPPORTED,
		"the first number that is no call is refused");
	check_status(vmku_syscall(UINT64_MAX, 0, 0, 0, 0, 0).status, VMK_UNSUPPORTED,
		"the last number is refused");
}

static void check_handles(void)
{
	vmk_handle port = vmku_find("mgmt", VMK_KIND_PORT);
	vmk_handle config = vmku_find("config", VMK_KIND_CONFIG);
	struct vmk_port_info info;
	uint64_t total;

	check(port && config && port != config, "the start handles are there");
	check_status(vmku_port_info(port, &info), VMK_OK, "port-info");
	check_status(vmku_port_info(VMK_NO_HANDLE, &info), VMK_BAD_HANDLE, "handle 0 is refused");
	check_status(
		vmku_port_info(0xdeadbeef, &info), VMK_BAD_HANDLE, "a made-up handle is refused");
	check_status(
		vmku_syscall(VMK_SYS_PORT_INFO, 1ull << 32 | port, (uint64_t)&info, 0, 0, 0).status,
		VMK_BAD_HANDLE, "a handle with high bits is refused");
	check_status(vmku_port_info(config, &info), VMK_BAD_HANDLE,
		"a handle of another kind is refused");
	check_status(vmku_config_read(port, 0, buffer, 16, &total), VMK_BAD_HANDLE,
		"and the other way round");
}

static void check_port(void)
{
	vmk_handle port = vmku_find("mgmt", VMK_KIND_PORT);
	struct vmk_port_address address = {.address = {192, 0, 2, 7}, .prefix = 24};
	size_t bytes;
	enum vmk_status status;

	check_status(vmku_port_address(port, &address), VMK_OK, "port-address");
	check_status(vmku_port_address(port, (void *)0xffff800000000000), VMK_BAD_ADDRESS,
		"an address from kernel memory is refused");
	check_status(vmku_port_send(port, buffer, FRAME_MIN - 1), VMK_BAD_PARAM,
		"a frame without a whole header is refused");
	check_status(vmku_port_send(port, buffer, FRAME_MAX + 1), VMK_TOO_LARGE,
		"an oversized frame is refused");
	check_status(vmku_port_send(port, (void *)0xffff800000000000, FRAME_MIN), VMK_BAD_ADDRESS,
		"a frame from kernel memory is refused");
	status = vmku_port_recv(port, buffer, sizeof(buffer), &bytes);
	check(status == VMK_WOULD_BLOCK || status == VMK_OK, "port-recv does not wait");
}

static void check_logs(void)
{
	vmk_handle trust = vmku_find("trust", VMK_KIND_TRUST);
	vmk_handle config = vmku_find("config", VMK_KIND_CONFIG);
	uint64_t total = 0, again = 0;

	check_status(vmku_config_read(config, 0, buffer, sizeof(buffer), &total), VMK_OK, "config");
	check_status(
		vmku_config_read(config, total, buffer, 16, &again), VMK_OK, "reading at its end");
	check(total == again, "its length is the same");
	check_status(vmku_config_read(config, UINT64_MAX, buffer, 16, &again), VMK_OK,
		"reading far beyond its end");
	check_status(vmku_syscall(VMK_SYS_CONFIG_READ, config, 0, (uint64_t)buffer,
			     VMK_TRANSFER_MAX + 1, 0)
			     .status,
		VMK_TOO_LARGE, "too much at once is refused");
	check_status(vmku_trust_log(trust, 0x7fff, 0, buffer, 16, &total), VMK_BAD_PARAM,
		"a log that is none is refused");
	check_status(
		vmku_log(NULL, 1ull << 40), VMK_TOO_LARGE, "an endless log message is refused");
}

static void check_wait(void)
{
	vmk_handle handles[WAIT_HANDLES] = {vmku_find("mgmt", VMK_KIND_PORT)};
	uint64_t before = 0, after = 0;

	vmku_clock(VMK_CLOCK_MONOTONIC, &before);
	check_status(vmku_wait(NULL, 0, TEN_MS, NULL), VMK_TIMEOUT, "a wait without handles ends");
	vmku_clock(VMK_CLOCK_MONOTONIC, &after);
	check(after - before >= TEN_MS, "and not before its time");
	check_status(vmku_wait(handles, WAIT_HANDLES, 0, NULL), VMK_TOO_LARGE,
		"too many handles are refused");
	check_status(vmku_wait(handles, 2, 0, NULL), VMK_BAD_HANDLE,
		"a wait with a bad handle is refused");
}

void check_calls(void)
{
	check_permissions();
	check_handles();
	check_port();
	check_logs();
	check_wait();
}
