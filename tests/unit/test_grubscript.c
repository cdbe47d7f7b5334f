/* sources: policy/predict/grubscript.c */
/* grub.cfg as GRUB runs it: which commands, in which order; what is not understood is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/predict/grubscript.h"

static char executed[2048];

static enum vmk_status note_command(const struct grub_command *command, void *context)
{
	strcat(executed, command->text);
	strcat(executed, "|");
	return VMK_OK;
}

static enum vmk_status run_script(const char *text, struct grub_error *error)
{
	executed[0] = 0;
	return grubscript_run(text, strlen(text), note_command, NULL, error);
}

static void runs_the_menu_as_grub_does(void **state)
{
	struct grub_error error;

	assert_int_equal(run_script("# a comment\nset  timeout=0\n\nmenuentry \"A title\" {\n"
				    "\tmultiboot2 /boot/k  x=1 y\n\tmodule2 /boot/a a\n}\n"
				    "menuentry \"Other\" {\n\techo no\n}\n",
				 &error),
		VMK_OK);
	assert_string_equal(executed,
		"set timeout=0|menuentry A title {\n\tmultiboot2 /boot/k  x=1 y\n"
		"\tmodule2 /boot/a a\n}|menuentry Other {\n\techo no\n}|setparams A title|"
		"multiboot2 /boot/k x=1 y|module2 /boot/a a|");
	assert_int_equal(
		run_script("set default=1\nmenuentry a {\necho b\n}\nmenuentry c {\necho d\n}\n",
			&error),
		VMK_OK);
	assert_non_null(strstr(executed, "|setparams c|echo d|"));
}

static void never_guesses_what_grub_does(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} bad[] = {{"", 1}, {"set a=b\n", 2}, {"set a=$b\n", 1}, {"echo a; b\n", 1},
		{"\nif true\n", 2}, {"menuentry a {\n", 1}, {"echo \"a\n", 1},
		{"menuentry a {\nif x\n}\n", 2}, {"menuentry --id x a {\n}\n", 2},
		{"set default=saved\nmenuentry a {\n}\n", 1}, {"menuentry a {\n}\nsource b\n", 3},
		{"echo a #b\n", 1}, {"echo /boot/*\n", 1}, {"echo a\r\n", 1}, {"\ninsmod x\n", 2},
		{"return\n", 1}, {". x\n", 1}, {"set default=+1\nmenuentry a {\n}\n", 1},
		{"a=b\n", 1}};
	struct grub_error error;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (run_script(bad[i].text, &error) == VMK_OK || error.line != bad[i].line)
			fail_msg("%s: line %u, %s", bad[i].text, error.line, error.what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_the_menu_as_grub_does),
		cmocka_unit_test(never_guesses_what_grub_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
