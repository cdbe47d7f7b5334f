/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
#include "arch/x86/power.h"
#include "tests/unit/shim/audit.h"
#include "tests/unit/syscall_unit.h"

static const char numbers[] = {
#define X(symbol, name, number, args) [number] = 1,
	VMK_SYSCALLS(X)
#undef X
};
#define CALLS ARRAY_SIZE(numbers)

static void test_numbers_and_permissions(void **state)
{
	assert_int_equal(call(CALLS, 0, 0, 0, 0, 0), VMK_UNSUPPORTED);
	assert_int_equal(call(UINT64_MAX, 0, 0, 0, 0, 0), VMK_UNSUPPORTED);
	assert_int_equal(call((1ull << 32) + VMK_SYS_CLOCK, 0, 0, 0, 0, 0), VMK_UNSUPPORTED);
	for (unsigned number = 1; number < CALLS; number++) {
		if (!numbers[number])
			continue;
		world.grants.syscalls = ~(1ull << number);
		assert_int_equal(call(number, 0, 0, 0, 0, 0), VMK_DENIED);
		world.grants.syscalls = 0;
		assert_int_equal(call(number, 0, 0, 0, 0, 0), VMK_DENIED);
	}
	assert_int_equal(sim.log_lines, 8); /* then the budget for complaints is used up */
	assert_string_equal(sim.log, "World test: system call map is not granted by its package");
}

static void test_log(void **state)
{
	const char text[] = "a\x1b[31m\nb\n\n";

	space_write(&sim.space, buffer, text, sizeof(text));
	assert_int_equal(call(VMK_SYS_LOG, buffer, sizeof(text) - 1, 0, 0, 0), VMK_OK);
	assert_string_equal(sim.log, "World test: a?[31m\nb");
	assert_int_equal(call(VMK_SYS_LOG, buffer, LOG_TEXT_MAX + 1, 0, 0, 0), VMK_TOO_LARGE);
	assert_int_equal(call(VMK_SYS_LOG, UINT64_MAX - 2, 16, 0, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(
		call(VMK_SYS_LOG, buffer + 2 * PAGE_SIZE - 4, 5, 0, 0, 0), VMK_BAD_ADDRESS);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(call(VMK_SYS_LOG, buffer, 1, 0, 0, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_LOG, buffer, 1, 0, 0, 0), VMK_NO_RESOURCES);
	sim.now_ns += 1000;
	sim.log_lines = 0;
	assert_int_equal(call(VMK_SYS_LOG, buffer, 1, 0, 0, 0), VMK_OK);
	assert_int_equal(sim.log_lines, 2); /* one of them says how many were dropped */
	/* What is long costs more: it keeps the serial port for longer. */
	sim.now_ns += 4000;
	assert_int_equal(call(VMK_SYS_LOG, buffer, 256, 0, 0, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_LOG, buffer, 128, 0, 0, 0), VMK_NO_RESOURCES);
	assert_int_equal(call(VMK_SYS_LOG, buffer, 127, 0, 0, 0), VMK_OK);
}

static void test_clock_and_tls(void **state)
{
	assert_int_equal(call(VMK_SYS_CLOCK, VMK_CLOCK_MONOTONIC, 0, 0, 0, 0), VMK_OK);
	assert_int_equal(value, sim.now_ns);
	assert_int_equal(call(VMK_SYS_CLOCK, 2, 0, 0, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_SET_TLS, buffer, 0, 0, 0, 0), VMK_OK);
	assert_int_equal(sim.tls, buffer);
	assert_int_equal(call(VMK_SYS_SET_TLS, USER_TOP, 0, 0, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(call(VMK_SYS_SET_TLS, 0xffff800000000000, 0, 0, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(sim.tls, buffer);
}

static void test_send_rate(void **state)
{
	const vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 60, 0, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 60, 0, 0), VMK_NO_RESOURCES);
	assert_int_equal(sim.frames_sent, 4);
	sim.now_ns += 1000;
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 60, 0, 0), VMK_OK);
}

static void test_random(void **state)
{
	assert_int_equal(call(VMK_SYS_RANDOM, buffer, 5000, 0, 0, 0), VMK_OK);
	assert_int_equal(sim_page_at(&sim.space, buffer + 4999)->data[4999 - PAGE_SIZE], 0x5a);
	assert_int_equal(sim_page_at(&sim.space, buffer + 5000)->data[5000 - PAGE_SIZE], 0);
	assert_int_equal(
		call(VMK_SYS_RANDOM, buffer, VMK_TRANSFER_MAX + 1, 0, 0, 0), VMK_TOO_LARGE);
	assert_int_equal(call(VMK_SYS_RANDOM, buffer, 2 * PAGE_SIZE + 1, 0, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(call(VMK_SYS_RANDOM, UINT64_MAX, 2, 0, 0, 0), VMK_BAD_ADDRESS);
}

static void put_handles(const vmk_handle *handles, unsigned count)
{
	space_write(&sim.space, buffer, handles, count * sizeof(*handles));
}

static void test_handles(void **state)
{
	const vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);
	vmk_handle copy;

	assert_int_equal(call(VMK_SYS_HANDLE_COPY, port, VMK_RIGHT_READ, 0, 0, 0), VMK_OK);
	copy = (vmk_handle)value;
	assert_int_equal(call(VMK_SYS_PORT_SEND, copy, buffer, 60, 0, 0), VMK_DENIED);
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 60, 0, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_HANDLE_COPY, copy, RIGHTS_ALL, 0, 0, 0), VMK_DENIED);
	assert_int_equal(
		call(VMK_SYS_HANDLE_RESTRICT, port, VMK_RIGHT_READ | VMK_RIGHT_WAIT, 0, 0, 0),
		VMK_OK);
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 60, 0, 0), VMK_DENIED);
	assert_int_equal(call(VMK_SYS_HANDLE_RESTRICT, copy, 0, 0, 0, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_PORT_RECV, copy, buffer, 60, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(call(VMK_SYS_HANDLE_COPY, 1ull << 32 | port, 1, 0, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(call(VMK_SYS_HANDLE_RESTRICT, port, 1ull << 32, 0, 0, 0), VMK_BAD_PARAM);
}

static void test_wait(void **state)
{
	vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);
	vmk_handle config = handle_first(&world.handles, VMK_KIND_CONFIG);

	put_handles(&port, 1);
	assert_int_equal(call(VMK_SYS_WAIT, buffer, 1, 0, 0, 0), VMK_TIMEOUT);
	assert_int_equal(sim.waits, 0);
	assert_int_equal(call(VMK_SYS_WAIT, buffer, 1, UINT64_MAX, 0, 0), VMK_TIMEOUT);
	assert_int_equal(sim.waits, 1);
	sim.wait_result = VMK_KILLED;
	assert_int_equal(call(VMK_SYS_WAIT, 0, 0, 5, 0, 0), VMK_KILLED);
	sim.wait_result = VMK_OK;
	assert_int_equal(call(VMK_SYS_WAIT, buffer, 1, 5, 0, 0), VMK_OK);
	assert_int_equal(value, 0);
	assert_int_equal(call(VMK_SYS_WAIT, buffer, WAIT_MAX + 1, 5, 0, 0), VMK_TOO_LARGE);
	assert_int_equal(call(VMK_SYS_WAIT, buffer, 2, 5, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(
		call(VMK_SYS_WAIT, buffer + 2 * PAGE_SIZE - 2, 1, 5, 0, 0), VMK_BAD_ADDRESS);
	put_handles(&config, 1);
	assert_int_equal(call(VMK_SYS_WAIT, buffer, 1, 5, 0, 0), VMK_BAD_HANDLE);
}

static void test_port(void **state)
{
	vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);

	assert_int_equal(call(VMK_SYS_PORT_INFO, port, buffer, 0, 0, 0), VMK_OK);
	assert_int_equal(
		call(VMK_SYS_PORT_INFO, port | 1ull << 32, buffer, 0, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 13, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 1515, 0, 0), VMK_TOO_LARGE);
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, 0, 100, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(sim.frames_sent, 0);
	assert_int_equal(call(VMK_SYS_PORT_SEND, port, buffer, 1514, 0, 0), VMK_OK);
	assert_int_equal(sim.frames_sent, 1);
	assert_int_equal(call(VMK_SYS_PORT_RECV, port, buffer, 100, 0, 0), VMK_WOULD_BLOCK);
	sim.frames_waiting = 1;
	sim.frame_bytes = 100;
	assert_int_equal(call(VMK_SYS_PORT_RECV, port, buffer, 99, 0, 0), VMK_TOO_LARGE);
	assert_int_equal(call(VMK_SYS_PORT_RECV, port, buffer, UINT64_MAX, 0, 0), VMK_OK);
	assert_int_equal(value, 100);
	assert_int_equal(sim_page_at(&sim.space, buffer)->data[99], 0xee);
	assert_int_equal(sim_page_at(&sim.space, buffer)->data[100], 0);
}

static enum vmk_status tell(unsigned byte, uint8_t value_of_it)
{
	vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);
	uint8_t *at = sim_page_at(&sim.space, buffer)->data;
	const struct vmk_port_address address = {
		.address = {192, 0, 2, 7}, .gateway = {192, 0, 2, 1}, .prefix = 24, .dhcp = 1};

	memcpy(at, &address, sizeof(address));
	at[byte] = value_of_it;
	return call(VMK_SYS_PORT_ADDRESS, port, buffer, 0, 0, 0);
}

static void test_port_address(void **state)
{
	vmk_handle port = handle_first(&world.handles, VMK_KIND_PORT);

	assert_int_equal(tell(0, 192), VMK_OK);
	assert_int_equal(sim.port_address.address[3], 7);
	assert_int_equal(sim.port_address.gateway[3], 1);
	assert_int_equal(sim.port_address.prefix, 24);
	assert_int_equal(tell(offsetof(struct vmk_port_address, prefix), 33), VMK_BAD_PARAM);
	assert_int_equal(tell(offsetof(struct vmk_port_address, dhcp), 2), VMK_BAD_PARAM);
	assert_int_equal(tell(sizeof(struct vmk_port_address) - 1, 1), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_PORT_ADDRESS, port, 0, 0, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(
		call(VMK_SYS_PORT_ADDRESS, port | 1ull << 32, buffer, 0, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(sim.port_address.prefix, 24);
}

static void test_trust_log(void **state)
{
	vmk_handle trust = handle_first(&world.handles, VMK_KIND_TRUST);

	assert_int_equal(
		call(VMK_SYS_TRUST_LOG, trust, VMK_LOG_VMK, 5, buffer, 2 * PAGE_SIZE), VMK_OK);
	assert_int_equal(value, 10000);
	assert_int_equal(sim_page_at(&sim.space, buffer)->data[0], 5);
	assert_int_equal(
		sim_page_at(&sim.space, buffer + PAGE_SIZE)->data[10], (uint8_t)(5 + 4096 + 10));
	assert_int_equal(call(VMK_SYS_TRUST_LOG, trust, VMK_LOG_VMK, 0, 0, 0), VMK_OK);
	assert_int_equal(value, 10000);
	assert_int_equal(call(VMK_SYS_TRUST_LOG, trust, 0, 0, buffer, 1), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_TRUST_LOG, trust, VMK_LOG_END, 0, buffer, 1), VMK_BAD_PARAM);
	assert_int_equal(
		call(VMK_SYS_TRUST_LOG, trust, VMK_LOG_VMK, UINT64_MAX, buffer, 1), VMK_BAD_PARAM);
	assert_int_equal(
		call(VMK_SYS_TRUST_LOG, trust, VMK_LOG_VMK, 0, buffer, 10000), VMK_BAD_ADDRESS);
	assert_int_equal(
		call(VMK_SYS_TRUST_LOG, trust, VMK_LOG_VMK, 0, buffer, VMK_TRANSFER_MAX + 1),
		VMK_TOO_LARGE);
}

static void test_config(void **state)
{
	vmk_handle config = handle_first(&world.handles, VMK_KIND_CONFIG);

	assert_int_equal(call(VMK_SYS_CONFIG_READ, config, 4, buffer, 100, 0), VMK_OK);
	assert_int_equal(value, 14);
	assert_memory_equal(sim_page_at(&sim.space, buffer)->data, "name=test\n\0", 11);
	assert_int_equal(call(VMK_SYS_CONFIG_READ, config, UINT64_MAX, buffer, 100, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_CONFIG_READ, config, 0, 0, 1, 0), VMK_BAD_ADDRESS);
	sim.config = NULL;
	assert_int_equal(call(VMK_SYS_CONFIG_READ, config, 0, buffer, 100, 0), VMK_OK);
	assert_int_equal(value, 0);
}

static void test_quote(void **state)
{
	static struct vmk_quote_request request;
	vmk_handle trust = handle_first(&world.handles, VMK_KIND_TRUST);
	uintptr_t reply = buffer + PAGE_SIZE;

	request = (struct vmk_quote_request){.nonce_size = 20, .pcr_mask = 1};
	space_write(&sim.space, buffer, &request, sizeof(request));
	assert_int_equal(call(VMK_SYS_TRUST_QUOTE, trust, buffer, reply, 0, 0), VMK_OK);
	assert_int_equal(sim_page_at(&sim.space, reply)->data[0], 20);
	assert_int_equal(call(VMK_SYS_TRUST_QUOTE, trust, 0, reply, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(call(VMK_SYS_TRUST_QUOTE, trust, buffer, 0, 0, 0), VMK_BAD_ADDRESS);
	request.nonce_size = VMK_NONCE_MAX + 1;
	space_write(&sim.space, buffer, &request, sizeof(request));
	assert_int_equal(call(VMK_SYS_TRUST_QUOTE, trust, buffer, reply, 0, 0), VMK_BAD_PARAM);
	request = (struct vmk_quote_request){.secret_size = UINT32_MAX};
	space_write(&sim.space, buffer, &request, sizeof(request));
	assert_int_equal(call(VMK_SYS_TRUST_QUOTE, trust, buffer, reply, 0, 0), VMK_BAD_PARAM);
}

static void test_tty(void **state)
{
	vmk_handle tty = handle_first(&world.handles, VMK_KIND_TTY);
	vmk_handle handles[2] = {handle_first(&world.handles, VMK_KIND_PORT), tty};

	assert_int_equal(call(VMK_SYS_TTY_READ, tty, buffer, 10, 0, 0), VMK_WOULD_BLOCK);
	sim.typed = 5;
	assert_int_equal(call(VMK_SYS_TTY_READ, tty, buffer, 3, 0, 0), VMK_OK);
	assert_int_equal(value, 3);
	space_copy_out(world.space, buffer, handles, sizeof(handles));
	assert_int_equal(call(VMK_SYS_WAIT, buffer, 2, 0, 0, 0), VMK_OK);
	assert_int_equal(value, 1);
	assert_int_equal(call(VMK_SYS_TTY_READ, tty, buffer + 64, UINT64_MAX, 0, 0), VMK_OK);
	assert_int_equal(value, 2);
	assert_int_equal(call(VMK_SYS_WAIT, buffer, 2, 0, 0, 0), VMK_TIMEOUT);
	sim.typed = 1;
	assert_int_equal(call(VMK_SYS_TTY_READ, tty, 8, 1, 0, 0), VMK_BAD_ADDRESS);

	assert_int_equal(call(VMK_SYS_TTY_WRITE, tty, buffer, 100, 0, 0), VMK_OK);
	assert_int_equal(sim.written, 100);
	assert_int_equal(
		call(VMK_SYS_TTY_WRITE, tty, buffer, SCRATCH_BYTES + 1, 0, 0), VMK_TOO_LARGE);
	assert_int_equal(call(VMK_SYS_TTY_WRITE, tty, 8, 1, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(call(VMK_SYS_TTY_WRITE, handles[0], buffer, 1, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(call(VMK_SYS_TTY_READ, 1ull << 32 | tty, buffer, 1, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(sim.written, 100);
}

static void test_info(void **state)
{
	vmk_handle system = handle_first(&world.handles, VMK_KIND_SYSTEM);
	uint8_t record[24];

	assert_int_equal(call(VMK_SYS_INFO, system, 1, 2, buffer, 24), VMK_OK);
	assert_int_equal(value, 24);
	assert_int_equal(space_copy_in(world.space, record, buffer, 24), VMK_OK);
	assert_int_equal(record[23], 2);
	/* Whoever knows a shorter record is given its beginning, and not a byte more. */
	assert_int_equal(call(VMK_SYS_INFO, system, 1, 1, buffer, 23), VMK_OK);
	assert_int_equal(value, 24);
	space_copy_in(world.space, record, buffer, 24);
	assert_int_equal(record[22], 1);
	assert_int_equal(record[23], 2);
	assert_int_equal(call(VMK_SYS_INFO, system, 1, 0, 0, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_INFO, system, 1, 3, buffer, 24), VMK_NOT_FOUND);
	assert_int_equal(call(VMK_SYS_INFO, system, 9, 0, buffer, 24), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_INFO, system, 1, 0, 8, 24), VMK_BAD_ADDRESS);
	assert_int_equal(call(VMK_SYS_INFO, 0, 1, 0, buffer, 24), VMK_BAD_HANDLE);
}

static void test_control(void **state)
{
	vmk_handle system = handle_first(&world.handles, VMK_KIND_SYSTEM), reader;
	unsigned settings = shim_audit_counts[AUDIT_SETTING];

	world.log_budget.burst = 100;
	assert_int_equal(
		call(VMK_SYS_CONTROL, system, VMK_CONTROL_ENABLE_TBOOT, VMK_STORED_FALSE, 0, 0),
		VMK_OK);
	assert_int_equal(sim.enable_tboot, VMK_STORED_FALSE);
	assert_int_equal(shim_audit_counts[AUDIT_SETTING], settings + 1);
	assert_string_equal(shim_audit_last, "world=test setting=enableTboot value=false");
	assert_int_equal(
		call(VMK_SYS_CONTROL, system, VMK_CONTROL_ENABLE_TBOOT, 3, 0, 0), VMK_BAD_PARAM);
	assert_int_equal(call(VMK_SYS_CONTROL, system, 0, 0, 0, 0), VMK_BAD_PARAM);
	handle_remove(&world.handles, system);
	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ, NULL, &reader);
	if (!setjmp(sim.leaving))
		assert_int_equal(
			call(VMK_SYS_CONTROL, reader, VMK_CONTROL_REBOOT, 0, 0, 0), VMK_DENIED);
	assert_int_equal(sim.left, 0);
	handle_remove(&world.handles, reader);
	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ | RIGHT_WRITE, NULL, &system);
	if (!setjmp(sim.leaving))
		call(VMK_SYS_CONTROL, system, VMK_CONTROL_REBOOT, 0, 0, 0);
	assert_int_equal(sim.left, POWER_REBOOT + 1);
}

/* Each says something in the log, which keeps all waiting as long as the serial port takes. */
static void test_controls_are_limited(void **state)
{
	vmk_handle system = handle_first(&world.handles, VMK_KIND_SYSTEM);
	unsigned made = 0;

	sim.log_lines = 0;
	for (unsigned i = 0; i < 100; i++)
		made += call(VMK_SYS_CONTROL, system, VMK_CONTROL_ENABLE_TBOOT, VMK_STORED_TRUE, 0,
				0) == VMK_OK;
	assert_int_equal(made, 1);
	assert_int_equal(sim.log_lines, 1);
	assert_int_equal(
		call(VMK_SYS_CONTROL, system, VMK_CONTROL_VM_PAUSE, 7, 0, 0), VMK_NO_RESOURCES);
	sim.now_ns += 3000;
	assert_int_equal(
		call(VMK_SYS_CONTROL, system, VMK_CONTROL_ENABLE_TBOOT, VMK_STORED_TRUE, 0, 0),
		VMK_OK);
}

static void test_described_addresses(void **state)
{
	char text[40];
	const struct {
		uint64_t address;
		const char *text;
	} cases[] = {
		{8, "null+0x8"},
		{0x5000, "image+0x0"},
		{0x5fff, "image+0xfff"},
		{0x6000, "user memory"},
		{0x8fff, "the stack's guard page"},
		{0x9010, "stack+0x10"},
		{0xffff800000000000, "kernel memory"},
		{UINT64_MAX, "kernel memory"},
	};

	world.image = (struct user_range){0x5000, PAGE_SIZE};
	world.stack = (struct user_range){0x9000, PAGE_SIZE};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		user_describe_address(&world, cases[i].address, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_numbers_and_permissions, setup),
		cmocka_unit_test_setup(test_log, setup),
		cmocka_unit_test_setup(test_clock_and_tls, setup),
		cmocka_unit_test_setup(test_send_rate, setup),
		cmocka_unit_test_setup(test_random, setup),
		cmocka_unit_test_setup(test_handles, setup),
		cmocka_unit_test_setup(test_wait, setup),
		cmocka_unit_test_setup(test_port, setup),
		cmocka_unit_test_setup(test_port_address, setup),
		cmocka_unit_test_setup(test_trust_log, setup),
		cmocka_unit_test_setup(test_config, setup),
		cmocka_unit_test_setup(test_quote, setup),
		cmocka_unit_test_setup(test_tty, setup),
		cmocka_unit_test_setup(test_info, setup),
		cmocka_unit_test_setup(test_control, setup),
		cmocka_unit_test_setup(test_controls_are_limited, setup),
		cmocka_unit_test_setup(test_described_addresses, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
