/* sources: kernel/trust/tis.c */
/* The FIFO driver against a model of the registers, well-behaved and not. */
#include "tests/unit/test_tis_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct tis_device device;
static struct tis tis;

/* Answers with the command itself, as a response of the same length. */
static void echo(struct tis_device *d)
{
	memcpy(d->response, d->command, d->command_bytes);
	d->response_bytes = d->command_bytes;
}

static enum vmk_status start(enum tis_fault fault)
{
	device_reset(&device, fault);
	device.run = echo;
	return tis_probe(&tis, &device_ops, &device);
}

static void make_command(uint8_t *command, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		command[i] = (uint8_t)(i * 7);
	command[2] = command[3] = 0;
	command[4] = (uint8_t)(bytes >> 8);
	command[5] = (uint8_t)bytes;
}

static enum vmk_status exchange(size_t bytes, size_t room, size_t *got)
{
	static uint8_t command[TPM_COMMAND_MAX], response[TPM_COMMAND_MAX];
	enum vmk_status status;

	make_command(command, bytes);
	*got = 0;
	status = tis_send(&tis, command, bytes);
	if (status != VMK_OK)
		return status;
	status = tis_receive(&tis, response, room, got, 1000);
	if (status == VMK_OK) {
		assert_int_equal(*got, bytes);
		assert_memory_equal(response, command, bytes);
	}
	return status;
}

static void test_exchanges(void **state)
{
	static const size_t sizes[] = {10, 11, 24, 25, 48, 49, 1000, 4096};
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	assert_int_equal(tis.vendor, 0x1014);
	assert_int_equal(tis.device_id, 1);
	assert_int_equal(tis.revision, 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(exchange(sizes[i], TPM_COMMAND_MAX, &got), VMK_OK);
	assert_int_equal(device.retries, 0);
	assert_int_equal(device.cancels, 0);
}

static void expect_probe(enum tis_fault fault, enum vmk_status status, const char *why)
{
	enum vmk_status found = start(fault);

	if (found != status || !strstr(tis.why, why))
		fail_msg("fault %d: %s (%s), expected %s (%s)", fault, vmk_status_name(found),
			tis.why, vmk_status_name(status), why);
}

static void test_probe_names_the_cause(void **state)
{
	expect_probe(FAULT_ABSENT, VMK_NOT_PRESENT, "absent");
	expect_probe(FAULT_ACCESS_INVALID, VMK_TIMEOUT, "time-out");
	expect_probe(FAULT_NO_GRANT, VMK_TIMEOUT, "time-out");
	expect_probe(FAULT_TPM12, VMK_UNSUPPORTED, "TPM 1.2");
	expect_probe(FAULT_CRB, VMK_UNSUPPORTED, "CRB");
}

static void expect_exchange(enum tis_fault fault, enum vmk_status status, const char *why)
{
	enum vmk_status found;
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	device.fault = fault;
	found = exchange(60, TPM_COMMAND_MAX, &got);
	if (found != status || !strstr(tis.why, why))
		fail_msg("fault %d: %s (%s), expected %s (%s)", fault, vmk_status_name(found),
			tis.why, vmk_status_name(status), why);
	/* Bounded: minutes, not for ever; and afterwards the device can be used again. */
	assert_true(device.now < 60000);
	device.fault = FAULT_NONE;
	assert_int_equal(exchange(60, TPM_COMMAND_MAX, &got), VMK_OK);
}

static void test_hostile_devices(void **state)
{
	expect_exchange(FAULT_NEVER_READY, VMK_TIMEOUT, "did not become ready");
	expect_exchange(FAULT_NOT_VALID, VMK_TIMEOUT, "did not become ready");
	expect_exchange(FAULT_NO_BURST, VMK_TIMEOUT, "stopped taking");
	expect_exchange(FAULT_EXPECT_EARLY, VMK_IO_ERROR, "for shorter");
	expect_exchange(FAULT_EXPECT_STAYS, VMK_IO_ERROR, "for longer");
	expect_exchange(FAULT_NEVER_DONE, VMK_TIMEOUT, "did not end");
	expect_exchange(FAULT_SHORT, VMK_IO_ERROR, "ends before");
	expect_exchange(FAULT_LONG, VMK_IO_ERROR, "goes on after");
	expect_exchange(FAULT_ABSURD, VMK_IO_ERROR, "absurd length");
}

static void test_retry_recovers(void **state)
{
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	device.fault = FAULT_ABSURD_ONCE;
	assert_int_equal(exchange(60, TPM_COMMAND_MAX, &got), VMK_OK);
	assert_int_equal(device.retries, 1);
}

static void test_dribble(void **state)
{
	size_t got;

	/* 60 bytes at 30 ms each are slow but within bounds; 1000 bytes are not. */
	assert_int_equal(start(FAULT_NONE), VMK_OK);
	device.fault = FAULT_DRIBBLE;
	assert_int_equal(exchange(60, TPM_COMMAND_MAX, &got), VMK_OK);
	assert_int_equal(exchange(1000, TPM_COMMAND_MAX, &got), VMK_TIMEOUT);
	assert_non_null(strstr(tis.why, "stopped giving"));
}

/* What was read once is used once: with room for exactly the command and the response. */
static void test_jumping_burst(void **state)
{
	uint8_t *command = malloc(31), *response = malloc(31);
	size_t got;

	make_command(command, 31);
	assert_int_equal(start(FAULT_NONE), VMK_OK);
	device.fault = FAULT_BURST_JUMPS;
	for (int i = 0; i < 8; i++) {
		device.status_reads = (unsigned)i;
		assert_int_equal(tis_send(&tis, command, 31), VMK_OK);
		assert_int_equal(tis_receive(&tis, response, 31, &got, 1000), VMK_OK);
		assert_memory_equal(response, command, 31);
	}
	free(command);
	free(response);
}

static void test_cancel(void **state)
{
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	device.fault = FAULT_NEVER_DONE;
	assert_int_equal(exchange(20, TPM_COMMAND_MAX, &got), VMK_TIMEOUT);
	assert_int_equal(device.cancels, 1);
	assert_int_equal(device.state, READY);
}

static void test_room(void **state)
{
	uint8_t byte[TPM_HEADER];
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	assert_int_equal(exchange(60, 59, &got), VMK_IO_ERROR);
	assert_int_equal(got, 0);
	assert_int_equal(exchange(60, 60, &got), VMK_OK);
	assert_int_equal(tis_receive(&tis, byte, 9, &got, 10), VMK_BAD_PARAM);
	assert_int_equal(tis_send(&tis, byte, 9), VMK_BAD_PARAM);
	assert_int_equal(tis_send(&tis, byte, TPM_COMMAND_MAX + 1), VMK_BAD_PARAM);
}

static void test_localities(void **state)
{
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	assert_int_equal(device.active, 0);
	assert_int_equal(tis_request(&tis, 2), VMK_DENIED);
	assert_int_equal(tis_request(&tis, TPM_LOCALITIES), VMK_BAD_PARAM);
	device.open = 7;
	assert_int_equal(tis_request(&tis, 2), VMK_OK);
	assert_int_equal(device.active, 2);
	assert_int_equal(exchange(30, TPM_COMMAND_MAX, &got), VMK_OK);
	assert_int_equal(tis_request(&tis, 2), VMK_OK);
	assert_int_equal(tis_request(&tis, 0), VMK_OK);
	assert_int_equal(device.active, 0);
	tis_release(&tis);
	assert_int_equal(device.active, TPM_LOCALITIES);
	assert_int_equal(exchange(30, TPM_COMMAND_MAX, &got), VMK_BAD_PARAM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_probe_names_the_cause),
		cmocka_unit_test(test_hostile_devices),
		cmocka_unit_test(test_retry_recovers),
		cmocka_unit_test(test_dribble),
		cmocka_unit_test(test_jumping_burst),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_localities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
