/* sources: kernel/trust/crb.c */
/* The CRB driver against a model of the registers, well-behaved and not. */
#include "trust/crb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum fault {
	FAULT_NONE,
	FAULT_ABSENT,
	FAULT_FIFO,
	FAULT_NO_GRANT,
	FAULT_WRONG_LOCALITY, /* another one than asked for becomes active */
	FAULT_NEVER_READY,
	FAULT_STAYS_IDLE,
	FAULT_NEVER_DONE,
	FAULT_ERROR,
	FAULT_ABSURD, /* the response's length */
	FAULT_SHORT_LENGTH,
	FAULT_SMALL_BUFFER,
	FAULT_NO_SIZE,
	FAULT_WILD_BUFFER, /* in somebody's RAM */
	FAULT_OVER_REGISTERS,
	FAULT_WRAPS,
	FAULT_OVERLAP,
	FAULT_SPLIT, /* two buffers in firmware's memory */
};

#define FIRMWARE 0x1f000000u

static struct {
	enum fault fault;
	unsigned open, active, cancels, idles;
	bool capable, idle, started;
	uint8_t page[TPM_PAGE], far[2][TPM_COMMAND_MAX];
	uint64_t now;
} d;

static uint32_t read_buffer_register(uint32_t reg)
{
	bool split = d.fault == FAULT_SPLIT || d.fault == FAULT_OVERLAP;
	uint64_t page = TPM_BASE + (d.active < TPM_LOCALITIES ? d.active : 0) * TPM_PAGE;
	uint64_t command = split ? FIRMWARE : page + 0x80, response = command;

	if (d.fault == FAULT_SPLIT)
		response = FIRMWARE + TPM_COMMAND_MAX;
	if (d.fault == FAULT_OVERLAP)
		response = FIRMWARE + 16;
	if (d.fault == FAULT_WILD_BUFFER)
		command = 0x100000;
	if (d.fault == FAULT_OVER_REGISTERS)
		command = page + 0x40;
	if (d.fault == FAULT_WRAPS)
		command = UINT64_MAX - 8;
	switch (reg) {
	case 0x58:
	case 0x64:
		if (d.fault == FAULT_NO_SIZE)
			return 0;
		return d.fault == FAULT_SMALL_BUFFER ? 12 : split ? TPM_COMMAND_MAX : 0xf80;
	case 0x5c:
		return (uint32_t)command;
	case 0x60:
		return (uint32_t)(command >> 32);
	case 0x68:
		return (uint32_t)response;
	case 0x6c:
		return (uint32_t)(response >> 32);
	default:
		return 0;
	}
}

static uint32_t read32(void *device, uint32_t offset)
{
	unsigned locality = offset / TPM_PAGE, active = d.active;

	if (d.fault == FAULT_ABSENT || !(d.open >> locality & 1))
		return UINT32_MAX;
	if (d.fault == FAULT_WRONG_LOCALITY && active < TPM_LOCALITIES)
		active = 3;
	switch (offset % TPM_PAGE) {
	case 0x00:
		return 0x80 | (active < TPM_LOCALITIES ? 2u | active << 2 : 0);
	case 0x0c:
		return d.active == locality;
	case 0x30:
		return (d.fault == FAULT_FIFO ? 0 : 1) | (d.capable ? 1u << 8 : 0) | 7u << 24;
	case 0x34:
		return 0x00011014;
	case 0x40:
		return d.fault == FAULT_NEVER_READY;
	case 0x44:
		return (d.fault == FAULT_ERROR) | (d.idle || d.fault == FAULT_STAYS_IDLE) << 1;
	case 0x4c:
		return d.started;
	default:
		return read_buffer_register(offset % TPM_PAGE);
	}
}

static volatile uint8_t *map(void *device, uint64_t address, size_t bytes)
{
	uint64_t page = TPM_BASE + d.active * TPM_PAGE;

	if (address >= page && address + bytes <= page + TPM_PAGE)
		return d.page + (address - page);
	if (address == FIRMWARE || address == FIRMWARE + 16)
		return d.far[0] + (address - FIRMWARE);
	return address == FIRMWARE + TPM_COMMAND_MAX ? d.far[1] : NULL;
}

/* Answers with the command itself. */
static void run(void)
{
	uint8_t *from = d.fault == FAULT_SPLIT ? d.far[0] : d.page + 0x80;
	uint8_t *to = d.fault == FAULT_SPLIT ? d.far[1] : from;

	memmove(to, from, TPM_COMMAND_MAX - 0x80);
	if (d.fault == FAULT_ABSURD)
		to[2] = 0x7f;
	if (d.fault == FAULT_SHORT_LENGTH)
		to[4] = 0, to[5] = 9;
	d.started = d.fault == FAULT_NEVER_DONE;
}

static void write32(void *device, uint32_t offset, uint32_t value)
{
	unsigned locality = offset / TPM_PAGE;

	switch (offset % TPM_PAGE) {
	case 0x08:
		if (value == 1 && d.fault != FAULT_NO_GRANT)
			d.active = locality;
		if (value == 2 && d.active == locality)
			d.active = TPM_LOCALITIES;
		break;
	case 0x40:
		d.idle = value == 2;
		d.idles += value == 2;
		break;
	case 0x48:
		d.cancels += value;
		break;
	case 0x4c:
		assert_int_equal(d.active, locality);
		d.started = true;
		run();
		break;
	default:
		fail_msg("a write to register 0x%x", offset);
	}
}

static uint64_t now_ms(void *device)
{
	return d.now;
}

static void delay(void *device)
{
	d.now += 5;
}

static const struct crb_ops ops = {read32, write32, map, now_ms, delay};
static struct crb crb;

static uint32_t start_method = CRB_START_CRB;

static enum vmk_status start(enum fault fault)
{
	memset(&d, 0, sizeof(d));
	d.fault = fault;
	d.open = 0x1f;
	d.active = TPM_LOCALITIES;
	d.capable = true;
	d.idle = true;
	return crb_probe(&crb, &ops, NULL, start_method);
}

static enum vmk_status exchange(size_t bytes, size_t room, size_t *got)
{
	static uint8_t command[TPM_COMMAND_MAX], response[TPM_COMMAND_MAX];
	enum vmk_status status;

	for (size_t i = 0; i < bytes; i++)
		command[i] = (uint8_t)(i * 7);
	command[2] = command[3] = 0;
	command[4] = (uint8_t)(bytes >> 8);
	command[5] = (uint8_t)bytes;
	*got = 0;
	status = crb_send(&crb, command, bytes);
	if (status == VMK_OK)
		status = crb_receive(&crb, response, room, got, 1000);
	if (status == VMK_OK)
		assert_memory_equal(response, command, bytes);
	return status;
}

static void test_exchanges(void **state)
{
	static const size_t sizes[] = {10, 11, 100, 1000, 0xf80};
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	assert_int_equal(crb.vendor, 0x1014);
	assert_int_equal(crb.device_id, 1);
	assert_int_equal(crb.revision, 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(exchange(sizes[i], TPM_COMMAND_MAX, &got), VMK_OK);
		assert_int_equal(got, sizes[i]);
		assert_int_equal(d.idles, i + 1);
	}
	assert_int_equal(exchange(0xf81, TPM_COMMAND_MAX, &got), VMK_TOO_LARGE);
	assert_int_equal(exchange(9, TPM_COMMAND_MAX, &got), VMK_BAD_PARAM);
	assert_int_equal(exchange(20, 19, &got), VMK_IO_ERROR);
	assert_int_equal(start(FAULT_SPLIT), VMK_OK);
	assert_int_equal(exchange(300, TPM_COMMAND_MAX, &got), VMK_OK);
}

static void test_localities(void **state)
{
	size_t got;

	assert_int_equal(start(FAULT_NONE), VMK_OK);
	assert_int_equal(crb_request(&crb, 2), VMK_OK);
	assert_int_equal(d.active, 2);
	assert_int_equal(exchange(40, 40, &got), VMK_OK);
	assert_int_equal(crb_request(&crb, 0), VMK_OK);
	assert_int_equal(d.active, 0);
	assert_int_equal(crb_request(&crb, TPM_LOCALITIES), VMK_BAD_PARAM);
	d.open = 1;
	assert_int_equal(crb_request(&crb, 2), VMK_DENIED);
	assert_int_equal(exchange(40, 40, &got), VMK_BAD_PARAM);
	/* QEMU's has locality 0 alone. */
	assert_int_equal(start(FAULT_NONE), VMK_OK);
	crb.localities = false;
	assert_int_equal(crb_request(&crb, 2), VMK_DENIED);
	assert_int_equal(d.active, 0);
	crb_release(&crb);
	assert_int_equal(d.active, TPM_LOCALITIES);
}

static void expect_probe(enum fault fault, enum vmk_status status, const char *why)
{
	enum vmk_status found = start(fault);

	if (found != status || !strstr(crb.why, why))
		fail_msg("fault %d: %s (%s), expected %s (%s)", fault, vmk_status_name(found),
			crb.why, vmk_status_name(status), why);
}

static void test_probe_names_the_cause(void **state)
{
	expect_probe(FAULT_ABSENT, VMK_NOT_PRESENT, "absent");
	expect_probe(FAULT_FIFO, VMK_UNSUPPORTED, "not active");
	expect_probe(FAULT_NO_GRANT, VMK_TIMEOUT, "not granted");
	expect_probe(FAULT_WRONG_LOCALITY, VMK_TIMEOUT, "not granted");
	expect_probe(FAULT_NO_SIZE, VMK_BAD_FORMAT, "size is absurd");
	expect_probe(FAULT_WILD_BUFFER, VMK_BAD_FORMAT, "where none may be");
	expect_probe(FAULT_OVER_REGISTERS, VMK_BAD_FORMAT, "address is absurd");
	expect_probe(FAULT_WRAPS, VMK_BAD_FORMAT, "address is absurd");
	expect_probe(FAULT_OVERLAP, VMK_BAD_FORMAT, "overlap");
}

/* Where a command is started by a method of ACPI's, writing to Start would only be waited for. */
static void test_start_methods(void **state)
{
	static const struct {
		uint32_t method;
		enum vmk_status status;
		const char *why;
	} methods[] = {
		{0, VMK_OK, "no error"},
		{2, VMK_UNSUPPORTED, "start method 2 (ACPI)"},
		{6, VMK_OK, "no error"},
		{7, VMK_OK, "no error"},
		{8, VMK_UNSUPPORTED, "start method 8 (CRB with ACPI)"},
		{11, VMK_UNSUPPORTED, "start method is unknown"},
		{UINT32_MAX, VMK_UNSUPPORTED, "start method is unknown"},
	};

	for (unsigned i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		start_method = methods[i].method;
		expect_probe(FAULT_NONE, methods[i].status, methods[i].why);
		/* Nobody was asked for anything in vain. */
		assert_int_equal(d.active, methods[i].status == VMK_OK ? 0 : TPM_LOCALITIES);
		assert_true(strlen(crb.why) < 96);
	}
	start_method = CRB_START_CRB;
	expect_probe(FAULT_ABSENT, VMK_NOT_PRESENT, "absent");
}

static void expect_exchange(enum fault fault, enum vmk_status status, const char *why)
{
	enum vmk_status found;
	size_t got;

	assert_int_equal(start(fault), VMK_OK);
	found = exchange(100, TPM_COMMAND_MAX, &got);
	if (found != status || !strstr(crb.why, why))
		fail_msg("fault %d: %s (%s), expected %s (%s)", fault, vmk_status_name(found),
			crb.why, vmk_status_name(status), why);
	assert_true(d.now < 10000);
	assert_int_equal(got, 0);
}

static void test_faults_end(void **state)
{
	expect_exchange(FAULT_NEVER_READY, VMK_TIMEOUT, "become ready");
	expect_exchange(FAULT_STAYS_IDLE, VMK_TIMEOUT, "become ready");
	expect_exchange(FAULT_NEVER_DONE, VMK_TIMEOUT, "did not end");
	assert_int_equal(d.cancels, 1);
	expect_exchange(FAULT_ERROR, VMK_IO_ERROR, "error of its own");
	expect_exchange(FAULT_ABSURD, VMK_IO_ERROR, "absurd length");
	expect_exchange(FAULT_SHORT_LENGTH, VMK_IO_ERROR, "absurd length");
	expect_exchange(FAULT_SMALL_BUFFER, VMK_TOO_LARGE, "too small");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_localities),
		cmocka_unit_test(test_probe_names_the_cause),
		cmocka_unit_test(test_start_methods),
		cmocka_unit_test(test_faults_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
