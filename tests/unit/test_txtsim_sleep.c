/* sources: tboot-integration/txtsim/model/platform.c tboot-integration/txtsim/model/heap.c */
/* sources: tboot-integration/txtsim/model/digest.c tboot-integration/txtsim/model/acm.c */
/* sources: tboot-integration/txtsim/model/events.c tboot-integration/txtsim/model/evlog.c */
/* sources: tboot-integration/txtsim/model/tpmcmd.c tboot-integration/txtsim/model/mle.c */
/* sources: tboot-integration/txtsim/model/getsec.c tboot-integration/txtsim/model/sinit.c */
/* sources: tboot-integration/txtsim/model/tis.c tboot-integration/txtsim/model/acpi.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/ownerpolicy.c */
/* sources: tboot-integration/txtsim/sinit/acmwrite.c */
/* sources: kernel/lib/hex.c */
/* libs: -lcrypto */
/* The platform's way out of sleep (S3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/txtsim_machine.h"

static void memory_outlives_sleep(void **state)
{
	struct machine *m = machine_new(2048);
	struct getsec_state s;

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	assert_int_equal(machine_getsec(m, GETSEC_SEXIT, 0, 0, &s), GETSEC_DONE);
	txt_platform_wake(&m->txt);
	assert_int_equal(m->scrubs, 0);
	assert_false(txt_launched(&m->txt));
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	machine_free(m);
}

static void a_reset_forgets_the_heap(void **state)
{
	struct machine *m = machine_new(2048);
	struct getsec_state s;

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	assert_int_equal(machine_getsec(m, GETSEC_SEXIT, 0, 0, &s), GETSEC_DONE);
	txt_platform_reset(&m->txt);
	assert_int_equal(machine_launch(m), GETSEC_RESET);
	machine_free(m);
}

static void sleep_with_secrets_is_a_reset(void **state)
{
	struct machine *m = machine_new(2048);

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	txt_write(&m->txt, TXT_PRIVATE_BASE + 0x8e0, 1, 8);
	txt_platform_wake(&m->txt);
	assert_int_equal(m->scrubs, 1);
	assert_int_equal(machine_launch(m), GETSEC_RESET);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_outlives_sleep),
		cmocka_unit_test(a_reset_forgets_the_heap),
		cmocka_unit_test(sleep_with_secrets_is_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
