/* sources: kernel/worlds/libvmk/cmd_secpolicy.c */
/* sources: kernel/vmkmod/domain.c */
/* sources: kernel/trust/audit_log.c kernel/trust/audit_limit.c kernel/trust/hash.c */
/* sources: kernel/trust/evlog_write.c */
/* sources: kernel/worlds/libvmk/cmd_module.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* sources: kernel/worlds/libvmk/cmd_audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: kernel/worlds/libvmk/command.c kernel/worlds/libvmk/commands.c */
/* sources: kernel/worlds/libvmk/options.c kernel/worlds/libvmk/help.c */
/* sources: kernel/worlds/libvmk/records.c kernel/worlds/libvmk/words.c */
/* sources: kernel/worlds/libvmk/common.c kernel/worlds/libvmk/cmd_system.c */
/* sources: kernel/worlds/libvmk/cmd_hardware.c kernel/worlds/libvmk/cmd_network.c */
/* sources: kernel/worlds/libvmk/cmd_health.c kernel/worlds/libvmk/cmd_selftest.c */
/* sources: kernel/trust/evlog_read.c */
/* sources: kernel/worlds/libvmk/cmd_txt.c kernel/worlds/libvmk/cmd_world.c */
/* sources: kernel/worlds/libvmk/cmd_sched.c */
/* sources: kernel/worlds/libvmk/cmd_vm.c */
/* sources: kernel/trust/txtheap.c kernel/sched/stats.c */
/* sources: tboot-integration/txtstat/errorcode.c tboot-integration/txtstat/registers.c */
/* sources: tboot-integration/txtstat/heap.c tboot-integration/txtstat/status.c */
/* sources: tboot-integration/txtstat/tbootlog.c */
/* sources: tests/unit/shim/vmk_host.c tests/unit/shim/vmk_line.c */
/* vmk system auditrecords ...: the audit log at the console. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/vmk_host.h"
#include "tests/unit/shim/vmk_line.h"
#include "trust/audit_log.h"
#include "trust/evlog_write.h"
#include <vmkapi/events.h>

static struct audit_log writer;
static uint8_t chunks[4][AUDIT_CHUNK_BYTES], bytes[4 * AUDIT_CHUNK_BYTES];

/* `count` records, the first half of them anchored. */
static void have_records(unsigned count)
{
	char number[12], subject[12];
	struct audit_field fields[] = {{"number", number}, {"why", "it has to"}};

	memset(&writer, 0, sizeof(writer));
	audit_log_init(&writer, chunks[0]);
	for (unsigned i = 1; i < 4; i++)
		audit_log_give_chunk(&writer, chunks[i]);
	for (unsigned i = 0; i < count; i++) {
		snprintf(number, sizeof(number), "%u", i);
		snprintf(subject, sizeof(subject), "w%u", i / 32);
		audit_log_add(&writer, i * 1000000000ull, AUDIT_DENIAL, subject, fields, 2);
	}
	fake.audit.records = writer.records;
	fake.audit.anchored = count / 2;
	fake.audit.checkpoints = 1;
	fake.audit.bytes = audit_log_read(&writer, 0, bytes, sizeof(bytes));
	fake.audit_log = bytes;
	memcpy(fake.audit.digest, writer.head, sizeof(fake.audit.digest));
	fake.system.wall_ns = 0;
}

static void lists_records(void **state)
{
	have_records(2);
	shows("system auditrecords list", 0,
		"Index  Time         Kind    Anchored  Record\n"
		"-----  -----------  ------  --------  ------------------------\n"
		"0      boot+0.000s  denial  true      number=0 why='it has to'\n"
		"1      boot+1.000s  denial  false     number=1 why='it has to'\n");
}

/* More than is read at a time: no record is lost between two parts. */
static void lists_long_logs(void **state)
{
	have_records(500);
	assert_int_equal(writer.records, 500);
	assert_true(fake.audit.bytes > 2 * AUDIT_CHUNK_BYTES);
	assert_int_equal(run("system auditrecords list -n 500"), 0);
	for (unsigned i = 0; i < 500; i++) {
		char text[24];

		snprintf(text, sizeof(text), " number=%u ", i);
		assert_non_null(strstr(fake.out, text));
	}
	says("system auditrecords list --json -n 1", 0, "\"Index\": 499");
	assert_null(strstr(fake.out, "498"));
}

static void says_how_it_stands(void **state)
{
	have_records(6);
	says("system auditrecords get", 0, "Records: 6");
	says("system auditrecords get", 0, "Anchored Records: 3");
	says("system auditrecords get", 0, "Is Full: false");
}

static void says_what_is_wrong(void **state)
{
	have_records(3);
	bytes[AUDIT_MAGIC_BYTES + 5] = 9;
	says("system auditrecords list", 1, "damaged");
	bytes[0] ^= 1;
	says("system auditrecords list", 1, "cannot be read");
}

static void an_empty_log_is_an_answer(void **state)
{
	says("system auditrecords list", 0, "");
	fake.audit_log = bytes;
	says("system auditrecords get", 0, "Records: 0");
}

/* Checkpoints make a long event log: what does not fit is said, and is no damage. */
static void a_long_event_log_is_not_damaged(void **state)
{
	static uint8_t log[80000];
	static const uint8_t digest[SHA256_BYTES];
	static const char text[] = "audit records=1 head=0";
	struct evlog_writer w;

	assert_int_equal(evlog_write_begin(&w, log, sizeof(log), true, true), VMK_OK);
	while (evlog_write_event(&w, 22, VMK_EV_AUDIT, digest, digest, text, sizeof(text)) ==
		VMK_OK)
		;
	fake.events = log;
	fake.events_bytes = w.size;
	says("hardware trustedboot log", 1, "the answer is not complete");
	assert_null(strstr(fake.out, "damaged"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lists_records, fresh),
		cmocka_unit_test_setup(lists_long_logs, fresh),
		cmocka_unit_test_setup(says_how_it_stands, fresh),
		cmocka_unit_test_setup(says_what_is_wrong, fresh),
		cmocka_unit_test_setup(an_empty_log_is_an_answer, fresh),
		cmocka_unit_test_setup(a_long_event_log_is_not_damaged, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
