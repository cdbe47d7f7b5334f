/* sources: kernel/worlds/libvmk/login.c kernel/worlds/libvmk/records.c */
/* Being asked for name and password, key by key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worlds/libvmk/login.h"

static char out[4096];
static size_t out_bytes;
static struct login login;

static void take(void *context, const char *text, size_t bytes)
{
	assert_true(out_bytes + bytes < sizeof(out));
	memcpy(out + out_bytes, text, bytes);
	out_bytes += bytes;
	out[out_bytes] = 0;
}

static int fresh(void **state)
{
	out_bytes = 0;
	login_start(&login, &(struct writer){.write = take});
	return 0;
}

/* How often name and password were there. */
static unsigned type(const char *keys)
{
	unsigned done = 0;

	for (; *keys; keys++)
		done += login_feed(&login, *keys);
	return done;
}

static void name_and_password_are_asked_for(void **state)
{
	assert_string_equal(out, "Merlon console.\nlogin: ");
	assert_int_equal(type("admin\rse cret"), 0);
	assert_int_equal(type("\r"), 1);
	assert_string_equal(login.name, "admin");
	assert_string_equal(login.password, "se cret");
	assert_string_equal(out, "Merlon console.\nlogin: admin\nPassword: \n");
	login_ask(&login);
	for (size_t i = 0; i < sizeof(login.password); i++)
		assert_int_equal(login.password[i], 0);
	/* A terminal that ends lines with both. */
	assert_int_equal(type("\n\nadmin\r\nx\r\n"), 1);
	assert_string_equal(login.name, "admin");
	assert_string_equal(login.password, "x");
}

static void mistakes_are_mended(void **state)
{
	assert_int_equal(type("\x7f\badnim\b\b\x7fmin\rwrong\x15right\b\bht\r"), 1);
	assert_string_equal(login.name, "admin");
	assert_string_equal(login.password, "right");
	login_ask(&login);
	assert_int_equal(type("ad\x03\reve\rsec\x04x\ry\r"), 1);
	assert_string_equal(login.name, "x");
	assert_string_equal(login.password, "y");
	login_ask(&login);
	assert_int_equal(type("x\ra\xc3\xa9\xe2\x82\xac\b\bb\r"), 1);
	assert_string_equal(login.password, "ab");
	login_ask(&login);
	assert_int_equal(type("x\r\x80\x80\b\bc\r"), 1);
	assert_string_equal(login.password, "c");
}

static void no_name_is_no_log_in(void **state)
{
	assert_int_equal(type("\r\r\r"), 0);
	assert_string_equal(out, "Merlon console.\nlogin: \nlogin: \nlogin: \nlogin: ");
}

static void what_is_too_long_is_nobodys(void **state)
{
	char keys[LOGIN_PASSWORD_MAX + 8];

	memset(keys, 'p', sizeof(keys));
	keys[LOGIN_PASSWORD_MAX - 1] = 0;
	type("a\r");
	type(keys);
	assert_int_equal(type("\r"), 1);
	assert_int_equal(strlen(login.password), LOGIN_PASSWORD_MAX - 1);
	login_ask(&login);
	keys[LOGIN_PASSWORD_MAX - 1] = 'p';
	keys[LOGIN_PASSWORD_MAX] = 0;
	type("a\r");
	type(keys);
	assert_int_equal(type("\r"), 1);
	assert_string_equal(login.password, "");
	login_ask(&login);
	assert_int_equal(type("a23456789012345678901234567890123\rpassword\r"), 1);
	assert_string_equal(login.password, "");
}

static void nothing_harmful_is_written(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		login_feed(&login, (char)byte);
		login_feed(&login, (char)(255 - byte));
	}
	for (size_t i = 0; i < out_bytes; i++)
		assert_true((out[i] >= ' ' && out[i] <= '~') || out[i] == '\n' || out[i] == '\b');
	login_ask(&login);
	type("x\r\xc3\xa9\x1b[A\r");
	assert_string_equal(login.password, "\xc3\xa9[A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(name_and_password_are_asked_for, fresh),
		cmocka_unit_test_setup(mistakes_are_mended, fresh),
		cmocka_unit_test_setup(no_name_is_no_log_in, fresh),
		cmocka_unit_test_setup(what_is_too_long_is_nobodys, fresh),
		cmocka_unit_test_setup(nothing_harmful_is_written, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
