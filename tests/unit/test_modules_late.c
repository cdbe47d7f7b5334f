/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkmod/modules.c kernel/vmkmod/package.c kernel/vmkmod/manifest.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/keyval.c kernel/lib/hex.c tests/unit/shim/package_bytes.c */
/* sources: kernel/vmkvm/image.c kernel/vmkmod/admission.c kernel/vmkmod/load_policy.c */
/* sources: kernel/trust/security.c kernel/boot/options.c kernel/vmkmod/catalog.c */
/* sources: kernel/vmkmod/drivers.c */
/* Packages that are loaded, and driver modules that are unloaded, while the kernel runs. */
#include "tests/unit/modules_unit.h"

static const char *why_of(unsigned index)
{
	static struct vmk_info_module module;

	memset(&module, 0, sizeof(module));
	assert_true(modules_describe(index, &module));
	return module.why;
}

/* What follows is done in boot()'s process. */
static void load_unload(void)
{
	starting = VMK_OK;
	note("| %d; ", drivers_load(0, "tester"));
	note("| %d %d; ", drivers_load(0, "tester") == VMK_EXISTS,
		drivers_load(7, "tester") == VMK_NOT_FOUND);
	note("| %d; ", drivers_unload(0, "tester"));
	note("| %d; ", drivers_unload(0, "tester") == VMK_BAD_STATE);
	note("| %d; ", drivers_load(0, "tester"));
	stopping = VMK_BUSY;
	note("| %d %s; ", drivers_unload(0, "tester") == VMK_BUSY, why_of(0));
}

/* Verified at boot, measured when it is first loaded, and that once. */
static void test_manual(void **state)
{
	boot_options = " load=manual";
	boot_module("e1000", "driver", "", "ELF");
	later = load_unload;
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; driver e1000; | 0; | 1 1; stop; | 0; "
		"| 1; driver e1000; | 0; stop; | 1 world agent has a port on its network; ");
}

/* What boot has measured is not measured again. */
static void test_load_again(void **state)
{
	boot_module("e1000", "driver", "", "ELF");
	starting = VMK_NOT_FOUND;
	later = load_unload;
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; driver e1000; driver e1000; | 0; "
		"| 1 1; stop; | 0; | 1; driver e1000; | 0; stop; "
		"| 1 world agent has a port on its network; ");
}

static void load_bad(void)
{
	changed = true;
	note("| %d %s; ", drivers_load(0, "tester") == VMK_BAD_SIGNATURE, why_of(0));
	changed = false;
	measuring = VMK_TPM_ERROR;
	note("| %d %s; ", drivers_load(0, "tester") == VMK_TPM_ERROR, why_of(0));
	measuring = VMK_OK;
	starting = VMK_IO_ERROR;
	note("| %d %s; ", drivers_load(0, "tester") == VMK_IO_ERROR, why_of(0));
	note("| %d; ", drivers_load(1, "tester") == VMK_UNSUPPORTED);
	note("| %d; ", drivers_unload(1, "tester") == VMK_UNSUPPORTED);
	note("| %d %s; ", drivers_load(2, "tester") == VMK_DUPLICATE_NAME, why_of(2));
}

/* Nothing starts that is not what was verified, or that could not be measured. */
static void test_load_refused(void **state)
{
	boot_options = " load=manual";
	boot_module("e1000", "driver", "", "ELF");
	boot_options = "";
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	boot_module("e1000", "driver", "", "ELF");
	later = load_bad;
	assert_string_equal(boot(),
		"verify e1000; verify agent; measure 19 package name=agent; verify e1000; "
		"error e1000.pkg refused: duplicate-name: a package of this name is loaded "
		"already; world agent; "
		"| 1 its bytes are not those that were verified; "
		"measure 19 package name=e1000; | 1 it could not be measured; "
		"measure 19 package name=e1000; driver e1000; | 1 the device is ill; | 1; | 1; "
		"| 1 a package of this name is loaded already; ");
}

static void unload_required(void)
{
	struct vmk_info_module module = {0};

	note("| %d %s; ", drivers_unload(0, "tester") == VMK_BUSY, why_of(0));
	modules_describe(0, &module);
	note("%s %s; ", module.used_by, module.requires);
	modules_describe(1, &module);
	note("%s; ", module.requires);
	note("| %d", drivers_unload(1, "tester"));
	note(" %d; ", drivers_unload(0, "tester"));
	note("| %d %s; ", drivers_load(1, "tester") == VMK_BAD_STATE, why_of(1));
}

static void test_requires(void **state)
{
	boot_module("bus", "driver", "", "ELF");
	boot_module("disk", "driver", "requires=bus\n", "ELF");
	boot_module("early", "driver", "requires=bus,none\n", "ELF");
	later = unload_required;
	assert_string_equal(boot(),
		"verify bus; measure 19 package name=bus v; driver bus; "
		"verify disk; measure 19 package name=disk ; driver disk; "
		"verify early; measure 19 package name=early; error early did not start: "
		"bad-state: it requires module none, which is not loaded; "
		"| 1 module disk requires it; disk ; bus; stop; | 0stop;  0; "
		"| 1 it requires module bus, which is not loaded; ");
}

#define PARAMETERS "parameters=speed:1-100:10,depth:0-9:5\n"

static void set_parameters(void)
{
	struct vmk_info_parameter p = {0};

	note("| %u; ", modules_parameter_count());
	note("%d ", modules_describe_parameter(1, &p));
	note("%s %s %u %u-%u %u; ", p.module, p.name, p.value, p.least, p.most, p.usual);
	note("%d %d %d; ", drivers_set_parameter(0, 101, "tester") == VMK_BAD_PARAM,
		drivers_set_parameter(2, 1, "tester") == VMK_NOT_FOUND,
		drivers_set_parameter(0, 100, "tester"));
	assert_string_equal(shim_audit_last,
		"world=tester setting=module parameter module=e1000 parameter=speed value=100");
	note("%d ", drivers_unload(0, "tester"));
	drivers_load(0, "tester");
}

static void test_parameters(void **state)
{
	boot_options = "  depth=7 load=boot";
	boot_module("e1000", "driver", PARAMETERS, "ELF");
	later = set_parameters;
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; driver e1000 10 7; "
		"| 2; 1 e1000 depth 7 0-9 5; 1 1 0; stop; 0 driver e1000 100 7; ");
}

static void test_bad_options(void **state)
{
	static const struct {
		const char *options, *why;
	} bad[] = {
		{" depth=10", "a parameter is not within its limits"},
		{" depth=", "a word is not NAME=NUMBER"},
		{" depth=4294967296", "a word is not NAME=NUMBER"},
		{" quiet", "a word is not NAME=NUMBER"},
		{" width=3", "its manifest declares no such parameter"},
		{" load=never", "load= is neither boot nor manual"},
	};
	char expected[256];

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		reset(state);
		boot_options = bad[i].options;
		boot_module("e1000", "driver", PARAMETERS, "ELF");
		snprintf(expected, sizeof(expected),
			"verify e1000; error e1000.pkg refused: bad-param: its options: %s; ",
			bad[i].why);
		assert_string_equal(boot(), expected);
	}
	reset(state);
	boot_options = " load=manual";
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	assert_string_equal(boot(), "verify agent; error agent.pkg refused: bad-param: its "
				    "options: load=manual is for drivers; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_manual, reset),
		cmocka_unit_test_setup(test_load_again, reset),
		cmocka_unit_test_setup(test_load_refused, reset),
		cmocka_unit_test_setup(test_requires, reset),
		cmocka_unit_test_setup(test_parameters, reset),
		cmocka_unit_test_setup(test_bad_options, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
