#include "tests/unit/shim/vmk_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/vmk_host.h"

static struct records records;

int fresh(void **state)
{
	fake_reset();
	return 0;
}

int run(const char *line)
{
	struct words words;

	fake.out_bytes = 0;
	fake.out[0] = 0;
	assert_true(words_split(&words, line));
	return vmk_run(&fake_ops, NULL, &records, words.word, words.count);
}

void shows(const char *line, int status, const char *expected)
{
	assert_int_equal(run(line), status);
	assert_string_equal(fake.out, expected);
}

void says(const char *line, int status, const char *part)
{
	assert_int_equal(run(line), status);
	if (!strstr(fake.out, part))
		fail_msg("'%s' does not say '%s' but: %s", line, part, fake.out);
}
