/* sources: kernel/vmkuser/login.c kernel/vmkuser/grant.c kernel/vmkuser/accounts.c */
/* sources: kernel/lib/keyval.c kernel/trust/hash.c kernel/worlds/console/derive.c */
/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c tests/unit/shim/audit.c */
/* sources: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* Logging in, as a world asks the kernel for it: what it has before and after, and what is
 * recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/audit.h"
#include "tests/unit/shim/world_kernel.h"
#include "vmkuser/login.h"
#include "worlds/console/derive.h"

#define SECOND 1000000000ull
/* Of "secret". */
#define KEYS                                            \
	"SCRAM-SHA-256$10000:hGl0J+KZ2SWL7ETPJZ8fWQ==$" \
	"WzqBGdm8RgQ9RXSmAzB4XH3Xj9Se3mOLmFzNwPmBRYE=:" \
	"PclEQg8yuJcj/LXOHH9ouVk8xSJZ9u7ODaqgLw2IY68=\n"

static struct uworld world;
static uint64_t value;
static struct vmk_login login;

static enum vmk_status call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	const uint64_t args[6] = {a, b, c, d, 0, 0};

	value = 0;
	return call_make(&world, number, args, &value);
}

/* What a kernel keeps for as long as it runs. */
static int forget(void **state)
{
	size_t bytes;

	free((void *)(uintptr_t)login_config(&bytes));
	return 0;
}

/* A world that starts with that configuration. */
static void start(const char *config)
{
	forget(NULL);
	sim_reset();
	sim.now_ns = 100 * SECOND;
	sim.console = VMK_CONSOLE_CONTROL;
	sim.config = config;
	login_init();
	sim_world(&world);
	world.grants.tty = RIGHTS_ALL;
	world.grants.info = world.grants.control = world.grants.logs = ~0ull;
	world.grants.config = RIGHT_READ;
	handle_table_init(&world.handles, DOMAIN_HANDLES);
	world.account = NULL;
	assert_int_equal(grant_handles(&world), VMK_OK);
}

static vmk_handle have(uint32_t kind)
{
	return handle_first(&world.handles, kind);
}

static enum vmk_status step(enum vmk_login_step which)
{
	static uintptr_t buffer;
	enum vmk_status status;

	assert_int_equal(
		call(VMK_SYS_MAP, PAGE_SIZE, VMK_PROT_READ | VMK_PROT_WRITE, 0, 0), VMK_OK);
	buffer = value;
	space_write(world.space, buffer, &login, sizeof(login));
	status = call(VMK_SYS_LOGIN, have(VMK_KIND_TTY), which, buffer, 0);
	memcpy(&login, sim_page_at(world.space, buffer)->data, sizeof(login));
	call(VMK_SYS_UNMAP, buffer, PAGE_SIZE, 0, 0);
	return status;
}

static enum vmk_status try(const char *name, const char *password)
{
	memset(&login, 0, sizeof(login));
	strcpy(login.name, name);
	assert_int_equal(step(VMK_LOGIN_CHALLENGE), VMK_OK);
	assert_true(derive_key(&login, password));
	return step(VMK_LOGIN_PROVE);
}

static void without_accounts_nobody_is_asked(void **state)
{
	start(NULL); /* only before any other */
	assert_false(login_required());
	start("hostname=h\n");
	assert_false(login_required());
	assert_int_equal(login_count(), 0);
	assert_int_not_equal(have(VMK_KIND_SYSTEM), VMK_NO_HANDLE);
	assert_int_equal(step(VMK_LOGIN_CHALLENGE), VMK_UNSUPPORTED);
	assert_int_equal(step(VMK_LOGIN_PROVE), VMK_UNSUPPORTED);
}

static void bad_accounts_let_nobody_in(void **state)
{
	start("account.admin=control x\n");
	assert_true(login_required());
	assert_true(login_impossible());
	assert_non_null(strstr(sim.log, "line 1"));
	assert_int_equal(have(VMK_KIND_SYSTEM), VMK_NO_HANDLE);
	assert_int_equal(step(VMK_LOGIN_PROVE), VMK_UNSUPPORTED);
}

static void handles_come_with_the_password(void **state)
{
	static const uint32_t withheld[] = {VMK_KIND_SYSTEM, VMK_KIND_TRUST, VMK_KIND_CONFIG};

	start("account.admin=control " KEYS);
	assert_true(login_required());
	for (unsigned i = 0; i < ARRAY_SIZE(withheld); i++)
		assert_int_equal(have(withheld[i]), VMK_NO_HANDLE);
	memset(shim_audit_counts, 0, sizeof(shim_audit_counts));
	assert_int_equal(try("admin", "Secret"), VMK_BAD_SIGNATURE);
	assert_int_equal(shim_audit_counts[AUDIT_LOGIN_REFUSED], 1);
	assert_string_equal(shim_audit_last, "world=test account=admin known=yes");
	assert_int_equal(have(VMK_KIND_SYSTEM), VMK_NO_HANDLE);
	sim.now_ns += SECOND;
	/* What nobody is called may be a password. */
	assert_int_equal(try("secret", ""), VMK_BAD_SIGNATURE);
	assert_string_equal(shim_audit_last, "world=test account=unknown known=no");
	sim.now_ns += 2 * SECOND;
	assert_int_equal(try("admin", "secret"), VMK_OK);
	assert_int_equal(shim_audit_counts[AUDIT_LOGIN], 1);
	assert_string_equal(shim_audit_last, "world=test account=admin role=control");
	assert_int_equal(login.start.count, 4); /* trust, configuration, terminal, system */
	assert_int_equal(login.start.size, sizeof(login.start));
	assert_int_not_equal(have(VMK_KIND_SYSTEM), VMK_NO_HANDLE);
	assert_int_equal(handle_get(&world.handles, have(VMK_KIND_SYSTEM), VMK_KIND_SYSTEM,
				 RIGHT_WRITE, NULL),
		VMK_OK);
	for (unsigned i = 0; i < sizeof(login.key); i++)
		assert_int_equal(login.key[i], 0);
	assert_int_equal(step(VMK_LOGIN_CHALLENGE), VMK_BAD_STATE);
	assert_int_equal(step(VMK_LOGIN_PROVE), VMK_BAD_STATE);
}

static void a_role_is_the_kernels_business(void **state)
{
	start("account.eve=read " KEYS);
	assert_int_equal(try("eve", "secret"), VMK_OK);
	assert_int_equal(
		call(VMK_SYS_CONTROL, have(VMK_KIND_SYSTEM), VMK_CONTROL_ENABLE_TBOOT, 1, 0),
		VMK_DENIED);
	assert_int_equal(
		call(VMK_SYS_HANDLE_COPY, have(VMK_KIND_SYSTEM), RIGHT_WRITE, 0, 0), VMK_DENIED);
	assert_int_equal(call(VMK_SYS_VM_ATTACH, have(VMK_KIND_SYSTEM), 1, 0, 0), VMK_DENIED);
	/* An account has no more than the configuration leaves of the console. */
	start("account.admin=control " KEYS);
	sim.console = VMK_CONSOLE_READ;
	assert_int_equal(try("admin", "secret"), VMK_OK);
	assert_int_equal(
		call(VMK_SYS_CONTROL, have(VMK_KIND_SYSTEM), VMK_CONTROL_ENABLE_TBOOT, 1, 0),
		VMK_DENIED);
}

static void failures_cost_time(void **state)
{
	uint64_t waits = SECOND;

	start("account.admin=control " KEYS);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(try(i % 2 ? "admin" : "nobody", "x"), VMK_BAD_SIGNATURE);
		assert_int_equal(login.wait_ns, waits);
		/* Even the right key is not looked at now, in whatever life of whatever world. */
		assert_int_equal(try("admin", "secret"), VMK_BUSY);
		assert_int_equal(have(VMK_KIND_SYSTEM), VMK_NO_HANDLE);
		sim.now_ns += waits - 1;
		assert_int_equal(try("admin", "secret"), VMK_BUSY);
		assert_int_equal(login.wait_ns, 1);
		sim.now_ns += 1;
		waits = MIN(2 * waits, 60 * SECOND);
	}
	assert_int_equal(try("admin", "secret"), VMK_OK);
	assert_int_equal(login.wait_ns, 0);
}

static void a_session_ends_with_the_world(void **state)
{
	start("account.admin=control " KEYS);
	login_end(&world);
	assert_false(world.session_over);
	assert_int_equal(try("admin", "secret"), VMK_OK);
	login_end(&world);
	assert_string_equal(shim_audit_last, "world=test account=admin why=the world ended");
	assert_true(world.session_over);
	assert_null(world.account);
}

static bool is_idle_after(uint64_t ns, uint64_t next_ns)
{
	uint64_t when;
	const bool is = login_idles(&world, sim.now_ns + ns, &when);

	assert_int_equal(when, next_ns);
	return is;
}

static void type_a_key(void)
{
	uintptr_t at;

	sim.typed = 1;
	assert_int_equal(
		call(VMK_SYS_MAP, PAGE_SIZE, VMK_PROT_READ | VMK_PROT_WRITE, 0, 0), VMK_OK);
	at = value;
	assert_int_equal(call(VMK_SYS_TTY_READ, have(VMK_KIND_TTY), at, 16, 0), VMK_OK);
	assert_int_equal(call(VMK_SYS_TTY_READ, have(VMK_KIND_TTY), at, 16, 0), VMK_WOULD_BLOCK);
	call(VMK_SYS_UNMAP, at, PAGE_SIZE, 0, 0);
}

/* Whatever its world does, a session in which nobody types is over. */
static void a_session_ends_when_nobody_types(void **state)
{
	uint64_t began;

	start("account.admin=control " KEYS "console.timeout=6\n");
	type_a_key();
	assert_false(is_idle_after(1000 * SECOND, 0)); /* nobody has logged in */
	assert_int_equal(try("admin", "secret"), VMK_OK);
	assert_int_equal(sim.looks, 1);
	began = sim.now_ns;
	assert_false(is_idle_after(6 * SECOND - 1, began + 6 * SECOND));
	/* A look at the keyboard is no key; and one that came after the look began counts. */
	sim.now_ns += 5 * SECOND;
	sim.typed = 0;
	assert_int_equal(call(VMK_SYS_TTY_READ, have(VMK_KIND_TTY), 0, 0, 0), VMK_WOULD_BLOCK);
	assert_false(is_idle_after(0, began + 6 * SECOND));
	type_a_key();
	assert_false(is_idle_after(6 * SECOND - 1, began + 11 * SECOND));
	assert_false(is_idle_after(0 - SECOND, began + 11 * SECOND));
	assert_true(is_idle_after(6 * SECOND, 0));
	assert_false(is_idle_after(9 * SECOND, 0)); /* once */
	world.exited = true;
	login_end(&world);
	assert_string_equal(shim_audit_last, "world=test account=admin why=idle");
	assert_true(world.session_over);
	/* The next who logs in has all of it, though the supervisor looked while that one ended. */
	world.idled = true;
	began = sim.now_ns;
	assert_int_equal(try("admin", "secret"), VMK_OK);
	assert_false(is_idle_after(1 * SECOND, began + 6 * SECOND));
	login_end(&world);
	assert_string_equal(shim_audit_last, "world=test account=admin why=asked");
	assert_false(is_idle_after(100 * SECOND, 0));
}

static void the_timeout_is_seconds_or_the_usual(void **state)
{
	static const struct {
		const char *line;
		uint64_t seconds;
	} cases[] = {{"", 900}, {"console.timeout=\n", 900}, {"console.timeout=7s\n", 900},
		{"console.timeout=-1\n", 900}, {"console.timeout=99999999\n", 900},
		{"console.timeout=1\n", 1}, {"console.timeout=9999999\n", 9999999},
		{"console.timeout=0\n", 0}};
	char text[512];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "account.admin=control %s%s", KEYS, cases[i].line);
		start(text);
		assert_int_equal(try("admin", "secret"), VMK_OK);
		assert_false(is_idle_after(
			0, cases[i].seconds ? sim.now_ns + cases[i].seconds * SECOND : 0));
		login_end(&world);
	}
}

static void hostile_calls_do_nothing(void **state)
{
	start("account.admin=control " KEYS);
	assert_int_equal(call(VMK_SYS_LOGIN, VMK_NO_HANDLE, VMK_LOGIN_PROVE, 0, 0), VMK_BAD_HANDLE);
	assert_int_equal(
		call(VMK_SYS_LOGIN, have(VMK_KIND_TTY), VMK_LOGIN_PROVE, 0, 0), VMK_BAD_ADDRESS);
	assert_int_equal(step((enum vmk_login_step)0), VMK_BAD_PARAM);
	assert_int_equal(step((enum vmk_login_step)3), VMK_BAD_PARAM);
	memset(&login, 0xff, sizeof(login));
	assert_int_equal(step(VMK_LOGIN_PROVE), VMK_BAD_SIGNATURE);
	assert_int_equal(have(VMK_KIND_SYSTEM), VMK_NO_HANDLE);
}

static void accounts_are_listed_and_keys_are_not_read(void **state)
{
	struct vmk_info_account info = {0};
	size_t bytes;
	const char *text;

	start("account.admin=control " KEYS "account.eve=read " KEYS);
	assert_int_equal(login_count(), 2);
	assert_true(login_describe(1, &info));
	assert_string_equal(info.name, "eve");
	assert_false(info.control);
	assert_false(login_describe(2, &info));
	text = login_config(&bytes);
	assert_int_equal(bytes, strlen(sim.config));
	assert_null(memmem(text, bytes, "WzqB", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_accounts_nobody_is_asked),
		cmocka_unit_test(bad_accounts_let_nobody_in),
		cmocka_unit_test(handles_come_with_the_password),
		cmocka_unit_test(a_role_is_the_kernels_business),
		cmocka_unit_test(failures_cost_time),
		cmocka_unit_test(a_session_ends_with_the_world),
		cmocka_unit_test(a_session_ends_when_nobody_types),
		cmocka_unit_test(the_timeout_is_seconds_or_the_usual),
		cmocka_unit_test(hostile_calls_do_nothing),
		cmocka_unit_test(accounts_are_listed_and_keys_are_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, forget);
}
