/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkmod/modules.c kernel/vmkmod/package.c kernel/vmkmod/manifest.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/keyval.c kernel/lib/hex.c tests/unit/shim/package_bytes.c */
/* sources: kernel/vmkvm/image.c kernel/vmkmod/admission.c kernel/vmkmod/load_policy.c */
/* sources: kernel/trust/security.c kernel/boot/options.c kernel/vmkmod/catalog.c */
/* sources: kernel/vmkmod/drivers.c */
/* Boot packages: order, refusals, and that nothing starts which was not verified and measured. */
#include "tests/unit/modules_unit.h"

static void boot_vm(const char *name, const char *autostart)
{
	struct {
		struct vm_image_header header;
		struct vm_image_entry entry;
		char content[4];
	} image = {{VM_IMAGE_MAGIC, VM_IMAGE_VERSION, 1}, {"flat", 64, 4}, "code"};
	char manifest[64];

	snprintf(manifest, sizeof(manifest), "vcpus=2\nmemory-kib=4096\nautostart=%s\n", autostart);
	boot_module_bytes(name, "vm", manifest, &image, 68);
}

static void test_order(void **state)
{
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	boot_module("config", "config", "", "hostname=h\n");
	boot_module("e1000", "driver", "", "ELF");
	assert_string_equal(boot(),
		"verify config; measure 21 config name=config; "
		"verify agent; measure 19 package name=agent; "
		"verify e1000; measure 19 package name=e1000; driver e1000; world agent; "
		"config hostname=h\n");
}

static void test_not_a_package(void **state)
{
	boot_module("first", "driver", "", "ELF");
	boot_module("second", "driver", "", "ELF");
	files[0].data[0] = 'X';
	info.modules[1].bytes = 10;
	assert_string_equal(boot(),
		"error first.pkg refused: bad-format: not a package: magic; "
		"error second.pkg refused: truncated: file is shorter than a package header; ");
}

static void test_not_verified(void **state)
{
	verdict = VMK_BAD_SIGNATURE;
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	boot_module("config", "config", "", "a=b\n");
	assert_string_equal(boot(),
		"verify config; error config.pkg refused: bad-signature: the reason; "
		"verify agent; error agent.pkg refused: bad-signature: the reason; ");
}

static void test_level(void **state)
{
	char *level;

	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	level = strstr((char *)files[0].data + 64, "PartnerSupported");
	memcpy(level, "CommunitySupporte", 16);
	assert_string_equal(boot(),
		"error agent.pkg refused: bad-format: manifest: level is none of "
		"CommunitySupported PartnerSupported Accepted Certified; ");

	reset(state);
	info.module_count = 1;
	package_bytes_make(&files[0],
		"name=agent\nversion=1\nprovider=m\nkind=driver\nlevel=CommunitySupported\nvmkapi="
		"3\n",
		"ELF", 3);
	info.modules[0] = (struct boot_module){
		.start = hpa((uintptr_t)files[0].data), .bytes = files[0].size, .cmdline = "agent"};
	assert_string_equal(boot(), "verify agent; error agent refused: level-too-low: its "
				    "acceptance level is below the host's; ");
}

/* The option is the command line's; a name that is none lets nothing in by mistake. */
static void test_host_level(void **state)
{
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	strcpy(info.cmdline, "cpus=2 acceptanceLevel=Accepted");
	assert_string_equal(boot(), "verify agent; error agent.pkg refused: level-too-low: its "
				    "acceptance level is below the host's; ");
	reset(state);
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	strcpy(info.cmdline, "acceptanceLevel=accepted");
	assert_string_equal(boot(),
		"error acceptanceLevel=: expected the name of an acceptance level: Certified is "
		"taken, so that no package loads by mistake; verify agent; error agent.pkg "
		"refused: "
		"level-too-low: its acceptance level is below the host's; ");
}

static void count_records(void)
{
	note("| audit: policy %u, refused %u", shim_audit_counts[AUDIT_POLICY],
		shim_audit_counts[AUDIT_PACKAGE_REFUSED]);
}

/* Before everything else, whatever its place among the modules. */
static void test_policy_first(void **state)
{
	boot_module("agent", "world", "syscalls=exit\nsecurity-version=2\n", "ELF");
	boot_module("config", "config", "", "a=b\n");
	boot_module("policy", "policy", "", "floor.agent=3\nfloor.config=1\n");
	boot_module("second", "policy", "", "floor.agent=1\n");
	later = count_records;
	assert_string_equal(boot(),
		"verify policy; measure 19 package name=polic; "
		"verify second; error second.pkg refused: exists: there is a policy already; "
		"verify config; error config.pkg refused: rolled-back: its security-version is "
		"below the policy's floor; verify agent; error agent.pkg refused: rolled-back: "
		"its security-version is below the policy's floor; | audit: policy 1, refused 3");
}

static void test_twice(void **state)
{
	boot_module("config", "config", "", "a=b\n");
	boot_module("other", "config", "", "a=c\n");
	boot_module("e1000", "driver", "", "ELF");
	boot_module("e1000", "driver", "", "OTHER");
	assert_string_equal(boot(),
		"verify config; measure 21 config name=config; "
		"verify other; error other.pkg refused: exists: there is a configuration already; "
		"verify e1000; measure 19 package name=e1000; driver e1000; "
		"verify e1000; error e1000.pkg refused: duplicate-name: a package of this name is "
		"loaded "
		"already; config a=b\n");
}

static void test_bad_configuration(void **state)
{
	boot_module("config", "config", "", "hostname\n");
	assert_string_equal(boot(),
		"verify config; error config.pkg refused: bad-format: no '=' in the line; ");
	reset(state);
	boot_module("config", "config", "", "a=b\na=c\n");
	assert_string_equal(
		boot(), "verify config; error config.pkg refused: exists: key stands twice; ");
}

static void test_virtual_machine(void **state)
{
	boot_vm("guest", "yes");
	boot_vm("later", "no");
	boot_module("vmx", "world", "syscalls=exit\nvm=yes\nvm-calls=3\n", "elf");
	assert_string_equal(boot(),
		"verify guest; measure 20 vm name=guest vers; machine guest 2; verify later; "
		"measure 20 vm name=later vers; machine later 2; verify vmx; "
		"measure 19 package name=vmx v; devices vmx; find guest; start 7; ");
}

static void test_virtual_machine_refused(void **state)
{
	boot_module("guest", "vm", "vcpus=2\nmemory-kib=4096\n", "image");
	assert_string_equal(boot(), "verify guest; error guest.pkg refused: truncated: VM image: "
				    "shorter than its header; ");
}

static void test_virtual_machine_without_room(void **state)
{
	creating = VMK_NO_MEMORY;
	boot_vm("guest", "yes");
	assert_string_equal(boot(), "verify guest; measure 20 vm name=guest vers; machine guest 2; "
				    "error guest did not start: no-memory: no memory for its "
				    "record; find guest; start 7; ");
}

static void test_not_measured(void **state)
{
	measuring = VMK_TPM_ERROR;
	boot_module("e1000", "driver", "", "ELF");
	assert_string_equal(boot(), "verify e1000; measure 19 package name=e1000; "
				    "error e1000.pkg refused: "
				    "tpm-error: it could not be measured; ");
	/* Without a measured launch nothing can be measured, and the verdict says so. */
	reset(state);
	measuring = VMK_NOT_MEASURED;
	starting = VMK_IO_ERROR;
	boot_module("e1000", "driver", "", "ELF");
	assert_string_equal(boot(),
		"verify e1000; measure 19 package name=e1000; "
		"driver e1000; error e1000 did not start: io-error: the device is ill; ");
	/* That a machine has none of a driver's devices is no error. */
	starting = VMK_NOT_FOUND;
	assert_string_equal(boot(), "verify e1000; measure 19 package name=e1000; driver e1000; ");
}

/* The whole texts: they are the protocol (attest/PROTOCOL.md). */
static void test_event_texts(void **state)
{
#define AB "abababababababab"
	whole_events = true;
	boot_module("config", "config", "", "a=b\n");
	boot_module("agent", "world", "syscalls=exit\n", "ELF");
	assert_string_equal(boot(),
		"verify config; measure 21 config name=config version=1 provider=merlon "
		"sha256=" AB AB AB AB "; verify agent; "
		"measure 19 package name=agent version=1 kind=world provider=merlon "
		"level=PartnerSupported sha256=" AB AB AB AB "; world agent; config a=b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, reset),
		cmocka_unit_test_setup(test_event_texts, reset),
		cmocka_unit_test_setup(test_not_a_package, reset),
		cmocka_unit_test_setup(test_not_verified, reset),
		cmocka_unit_test_setup(test_level, reset),
		cmocka_unit_test_setup(test_host_level, reset),
		cmocka_unit_test_setup(test_policy_first, reset),
		cmocka_unit_test_setup(test_twice, reset),
		cmocka_unit_test_setup(test_bad_configuration, reset),
		cmocka_unit_test_setup(test_virtual_machine, reset),
		cmocka_unit_test_setup(test_virtual_machine_refused, reset),
		cmocka_unit_test_setup(test_virtual_machine_without_room, reset),
		cmocka_unit_test_setup(test_not_measured, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
