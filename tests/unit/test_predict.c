/* sources: kernel/trust/audit_read.c */
/* sources: policy/predict/vlp.c policy/predict/mle.c policy/predict/buffer.c */
/* sources: policy/predict/sinit.c policy/predict/hex.c policy/predict/prediction.c */
/* sources: policy/predict/error.c */
/* sources: policy/predict/static.c policy/predict/pe.c policy/predict/grubscript.c */
/* sources: policy/predict/platform.c policy/predict/launch.c policy/predict/kernel.c */
/* sources: policy/predict/explain.c policy/predict/document.c */
/* sources: tboot-integration/image/bootcfg.c kernel/trust/evlog_read.c */
/* sources: tboot-integration/txtsim/model/acm.c tboot-integration/txtsim/model/digest.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: policy/predict/owner.c */
/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/lib/keyval.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: tests/unit/shim/package_bytes.c */
/* sources: kernel/trust/security.c kernel/boot/options.c */
/* libs: -lcrypto -ljansson -lz */
#include "policy/predict/document.h"
#include "policy/predict/explain.h"
#include "policy/predict/hex.h"
#include "policy/predict/parts.h"
#include "policy/predict/pe.h"
#include "policy/predict/platform.h"
#include "trust/tcg_events.h"
#include "trust/txt_events.h"
#include "tests/unit/shim/package_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void assert_hex(const uint8_t *digest, const char *start)
{
	char text[65];

	for (unsigned i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_memory_equal(text, start, strlen(start));
}

static void measures_the_policy_that_tboot_falls_back_to(void **state)
{
	const char *why;
	struct vlp vlp;
	uint8_t digest[32], pcrs[2];

	assert_int_equal(vlp_parse(vlp_default, vlp_default_size, &vlp, &why), VMK_OK);
	vlp_digest(&vlp, vlp_default, vlp_default_size, digest);
	assert_hex(digest, "71be5852a14eabef");
	assert_int_equal(vlp_module_pcrs(&vlp, 0, pcrs), 1);
	assert_int_equal(pcrs[0], 17);
	assert_int_equal(vlp_module_pcrs(&vlp, 5, pcrs), 1);
	assert_int_equal(pcrs[0], 17);
}

static void routes_modules_as_the_policy_says(void **state)
{
	static const uint8_t policy[] = {2, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 18, 0, 0, 0, 0,
		0, 0, 1, 21, 0, 0, 0, 0, 0, 0, VLP_MODULE_ANY, 17, 0, 0, 0, 0, 0, 0};
	const char *why;
	struct vlp vlp;
	uint8_t digest[32], zero[36] = {0}, expected[32], pcrs[2];

	assert_int_equal(vlp_parse(policy, sizeof(policy), &vlp, &why), VMK_OK);
	assert_int_equal(vlp_module_pcrs(&vlp, 0, pcrs), 2);
	assert_int_equal(pcrs[1], 18);
	assert_int_equal(vlp_module_pcrs(&vlp, 1, pcrs), 1);
	assert_int_equal(pcrs[0], 21);
	/* Control bit 0 is clear: the policy itself is not part of its measurement. */
	vlp_digest(&vlp, policy, sizeof(policy), digest);
	sha256_of(zero, sizeof(zero), expected);
	assert_memory_equal(digest, expected, 32);
}

static void refuses_malformed_policies(void **state)
{
	uint8_t policy[64];
	const char *why;
	struct vlp vlp;

	for (size_t size = 0; size < vlp_default_size; size++)
		assert_int_not_equal(vlp_parse(vlp_default, size, &vlp, &why), VMK_OK);
	memcpy(policy, vlp_default, vlp_default_size);
	policy[vlp_default_size] = 0;
	assert_int_equal(vlp_parse(policy, vlp_default_size + 1, &vlp, &why), VMK_TRUNCATED);
	policy[13] = 24;
	assert_int_equal(vlp_parse(policy, vlp_default_size, &vlp, &why), VMK_BAD_FORMAT);
	assert_non_null(strstr(why, "PCR"));
	policy[0] = 3;
	assert_int_equal(vlp_parse(policy, vlp_default_size, &vlp, &why), VMK_BAD_FORMAT);
}

static void replays_from_zero(void **state)
{
	static struct prediction p;
	struct prediction_error error;
	uint8_t expected[32] = {0}, digest[32];

	memset(&p, 0, sizeof(p));
	for (unsigned i = 0; i < 2; i++) {
		struct predicted_event *e =
			prediction_add_event(&p, LOG_KERNEL, LAYER_VMKERNEL, 19, 1, -1, &error);

		assert_int_equal(predicted_event_data(e, "abc", 4, &error), VMK_OK);
		sha256_of("abc", 4, digest);
		sha256_of_two(expected, 32, digest, 32, expected);
	}
	prediction_replay(&p);
	assert_memory_equal(p.pcrs[19], expected, 32);
	memset(expected, 0, 32);
	assert_memory_equal(p.pcrs[20], expected, 32);
	assert_int_equal(
		predicted_event_data(&p.events[0], digest, PREDICTION_DATA_MAX + 1, &error),
		VMK_TOO_LARGE);
}

/* --- capture: a log of four events, two of which files explain */

static uint8_t log_bytes[4096];
static size_t log_size;

static void put(const void *bytes, size_t size)
{
	memcpy(log_bytes + log_size, bytes, size);
	log_size += size;
}

static void put_le(uint32_t value, unsigned bytes)
{
	put(&value, bytes);
}

static void put_event(uint32_t pcr, uint32_t type, const void *data, size_t size)
{
	uint8_t digest[32];

	sha256_of(data, size, digest);
	put_le(pcr, 4);
	put_le(type, 4);
	put_le(1, 4);
	put_le(0x0b, 2);
	put(digest, 32);
	put_le((uint32_t)size, 4);
	put(data, size);
}

static void put_header(void)
{
	uint8_t zeroes[20] = {0};

	log_size = 0;
	put_le(0, 4);
	put_le(3, 4);
	put(zeroes, 20);
	put_le(33, 4);
	put("Spec ID Event03", 16);
	put_le(0, 4);
	put_le(0x02000200, 4);
	put_le(1, 4);
	put_le(0x0b, 2);
	put_le(32, 2);
	put_le(0, 1);
}

static void make_log(const uint8_t sinit[32])
{
	uint8_t start[36] = {0};

	put_header();
	memcpy(start, sinit, 32);
	start[32] = 7;
	put_event(17, TXT_EV_HASH_START, start, sizeof(start));
	put_event(17, TXT_EV_BIOSAC_REG_DATA, "firmware", 8);
	put_event(17, TXT_EV_MLE_HASH, "", 0);
	put_event(18, TXT_EV_NV_INFO, "nv", 2);
	put_event(17, TXT_EV_TBOOT_MEASUREMENT, "", 0);
}

static void captures_what_no_file_explains(void **state)
{
	static struct platform platform, again;
	struct sinit_measurements sinit = {.module = {1, 2, 3}};
	struct prediction_error error;
	char path[] = "/tmp/platform-XXXXXX";
	json_t *json;

	make_log(sinit.module);
	assert_int_equal(
		platform_capture(log_bytes, log_size, &sinit, "box", &platform, &error), VMK_OK);
	assert_int_equal(platform.event_count, 4);
	assert_int_equal(platform.events[0].source, FROM_SINIT);
	assert_int_equal(platform.events[0].data_size, 4);
	assert_int_equal(platform.events[0].data[0], 7);
	assert_int_equal(platform.events[1].source, FROM_PLATFORM);
	assert_int_equal(platform.events[2].source, FROM_MLE);

	close(mkstemp(path));
	json = platform_json(&platform);
	assert_int_equal(json_dump_file(json, path, 0), 0);
	json_decref(json);
	assert_int_equal(platform_load(path, &again, &error), VMK_OK);
	assert_memory_equal(&again, &platform, sizeof(again));
	unlink(path);

	/* Another SINIT than the one at hand: its event is kept as it was seen. */
	sinit.module[0] ^= 1;
	assert_int_equal(
		platform_capture(log_bytes, log_size, &sinit, "box", &platform, &error), VMK_OK);
	assert_int_equal(platform.events[0].source, FROM_PLATFORM);
	assert_int_equal(platform.events[0].data_size, 36);
}

static void refuses_a_log_without_tboot(void **state)
{
	static struct platform platform;
	struct prediction_error error;
	uint8_t sinit[32] = {0};

	make_log(sinit);
	assert_int_equal(platform_capture(log_bytes, log_size - 50, NULL, "box", &platform, &error),
		VMK_NOT_FOUND);
	assert_int_not_equal(
		platform_capture(log_bytes, log_size - 51, NULL, "box", &platform, &error), VMK_OK);
}

static void refuses_malformed_platforms(void **state)
{
	static const char *const bad[] = {"", "{}",
		"{\"format\":\"merlon-platform-2\",\"name\":\"\",\"events\":[]}",
		"{\"format\":\"merlon-platform-1\",\"name\":\"\",\"events\":[{}]}",
		"{\"format\":\"merlon-platform-1\",\"name\":\"\",\"events\":[{\"pcr\":19,\"type\":"
		"1,\"name\":\"x\","
		"\"from\":\"platform\",\"data\":\"00\"}]}",
		"{\"format\":\"merlon-platform-1\",\"name\":\"\",\"events\":[{\"pcr\":17,\"type\":"
		"1,\"name\":\"x\","
		"\"from\":\"elsewhere\",\"data\":\"00\"}]}",
		"{\"format\":\"merlon-platform-1\",\"name\":\"\",\"events\":[{\"pcr\":17,\"type\":"
		"1,\"name\":\"x\","
		"\"from\":\"platform\",\"data\":\"0g\"}]}",
		"{\"format\":\"merlon-platform-1\",\"name\":\"\",\"events\":[{\"pcr\":17,\"type\":"
		"1,\"name\":\"x\","
		"\"from\":\"platform\"}]}",
		"{\"format\":\"merlon-platform-1\",\"name\":\"\",\"events\":[{\"pcr\":17,\"type\":"
		"1,\"name\":\"x\","
		"\"from\":\"platform\",\"data\":\"\"}]}"};
	static struct platform platform;
	struct prediction_error error;
	char path[] = "/tmp/platform-XXXXXX";

	close(mkstemp(path));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *file = fopen(path, "w");

		fputs(bad[i], file);
		fclose(file);
		assert_int_equal(platform_load(path, &platform, &error), VMK_BAD_FORMAT);
		assert_true(strlen(error.text) > 0);
	}
	unlink(path);
}

/* --- explain */

static struct difference seen[8];
static unsigned seen_count;

static void remember(const struct difference *difference, void *context)
{
	assert_true(seen_count < 8);
	seen[seen_count++] = *difference;
}

static void write_file(const char *directory, const char *name, const uint8_t *data, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void names_the_bytes_that_differ(void **state)
{
	static struct prediction p;
	static uint8_t data[10000];
	struct prediction_error error;
	char good[] = "/tmp/good-XXXXXX", bad[] = "/tmp/bad-XXXXXX", path[64];
	json_t *policy;
	int index;

	assert_non_null(mkdtemp(good));
	assert_non_null(mkdtemp(bad));
	write_file(good, "f", data, sizeof(data));
	memset(&p, 0, sizeof(p));
	snprintf(path, sizeof(path), "%s/f", good);
	assert_int_equal(prediction_add_file(&p, path, "module 1", "", &index, &error), VMK_OK);
	policy = document_of(&p);
	prediction_free(&p);

	write_file(bad, "f", data, sizeof(data));
	seen_count = 0;
	assert_int_equal(explain(policy, bad, good, remember, NULL, &error), VMK_OK);
	assert_int_equal(seen_count, 0);

	data[5000] ^= 1;
	data[5001] ^= 1;
	data[9999] ^= 1;
	write_file(bad, "f", data, sizeof(data));
	assert_int_equal(explain(policy, bad, NULL, remember, NULL, &error), VMK_OK);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].first, 4096);
	assert_int_equal(seen[0].last, 9999);
	seen_count = 0;
	assert_int_equal(explain(policy, bad, good, remember, NULL, &error), VMK_OK);
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[0].first, 5000);
	assert_int_equal(seen[0].last, 5001);
	assert_int_equal(seen[1].first, 9999);

	data[5000] ^= 1;
	data[5001] ^= 1;
	write_file(bad, "f", data, 9000);
	seen_count = 0;
	assert_int_equal(explain(policy, bad, good, remember, NULL, &error), VMK_OK);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].first, 9000);
	assert_int_equal(seen[0].last, 9999);

	snprintf(path, sizeof(path), "%s/f", bad);
	unlink(path);
	rmdir(bad);
	seen_count = 0;
	assert_int_equal(explain(policy, bad, good, remember, NULL, &error), VMK_OK);
	assert_int_equal(seen_count, 1);
	assert_true(seen[0].missing);
	snprintf(path, sizeof(path), "%s/f", good);
	unlink(path);
	rmdir(good);
	json_decref(policy);
}

/* --- what a launch is asked for, and how UEFI hashes GRUB */

/* What a CPU must have is not predicted, but named, in the words of the kernel. */
static void protections_of_the_cpu_are_demanded_by_name(void **state)
{
	struct prediction *p = calloc(1, sizeof(*p));
	json_t *root, *names;

	assert_non_null(p);
	root = document_of(p);
	assert_null(json_object_get(root, "cpu-required"));
	json_decref(root);
	p->cpu_required = 1u << VMK_CPU_NX | 1u << VMK_CPU_KERNEL_SHADOW;
	root = document_of(p);
	names = json_object_get(root, "cpu-required");
	assert_int_equal(json_array_size(names), 2);
	assert_string_equal(json_string_value(json_array_get(names, 0)), "nx");
	assert_string_equal(json_string_value(json_array_get(names, 1)), "kernel-shadow");
	json_decref(root);
	free(p);
}

/* A host that must guard its memory says so in an event: one that says nothing is not accepted. */
static void dma_protection_that_is_asked_for_must_be_measured(void **state)
{
	struct prediction *p = calloc(1, sizeof(*p));
	struct prediction_error error;
	json_t *root;

	assert_non_null(p);
	p->file_count = 1;
	strcpy(p->files[0].role, "module 0");
	for (unsigned asked = 0; asked < 2; asked++) {
		p->event_count = 0;
		p->dma_protection = asked;
		assert_int_equal(predict_kernel(NULL, p, &error), VMK_OK);
		assert_int_equal(p->event_count, 2 + asked);
		assert_int_equal(p->events[p->event_count - 1].type,
			asked ? VMK_EV_DMA : VMK_EV_BOOT_COMPLETE);
		root = document_of(p);
		assert_int_equal(json_array_size(json_object_get(root, "runtime")),
			asked ? 0 : VMK_DMA_STATE_COUNT);
		json_decref(root);
	}
	free(p);
}

/* A driver that waits is no event of the boot, but may become one afterwards. */
static void a_driver_that_waits_may_come_later(void **state)
{
	static const char manifest[] = "name=e1000\nversion=1\nprovider=merlon\nkind=driver\n"
				       "level=PartnerSupported\nvmkapi=3\n";
	struct prediction *p = calloc(1, sizeof(*p));
	struct prediction_error error;
	struct package_bytes bytes;
	json_t *root, *late;

	assert_non_null(p);
	package_bytes_make(&bytes, manifest, "ELF", 3);
	p->file_count = 2;
	strcpy(p->files[0].role, "module 0");
	strcpy(p->files[1].name, "e1000.pkg");
	p->files[1].content = (struct buffer){bytes.data, bytes.size};
	p->files[1].cmdline = "e1000.pkg speed=1 load=boot";
	assert_int_equal(predict_kernel(NULL, p, &error), VMK_OK);
	assert_int_equal(p->event_count, 3);
	assert_int_equal(p->late_count, 0);

	p->event_count = 0;
	p->files[1].cmdline = "e1000.pkg speed=1 load=manual";
	assert_int_equal(predict_kernel(NULL, p, &error), VMK_OK);
	assert_int_equal(p->event_count, 2);
	root = document_of(p);
	late = json_array_get(json_object_get(root, "runtime"), VMK_DMA_STATE_COUNT);
	assert_string_equal(json_string_value(json_object_get(late, "file")), "e1000.pkg");
	assert_string_equal(
		json_string_value(json_object_get(late, "what")), "driver package e1000 1");
	assert_int_equal(json_integer_value(json_object_get(late, "pcr")), 19);
	json_decref(root);
	free(p);
}

/* The headers of a PE32+ image with one section; nothing of it runs. */
static void make_pe(uint8_t image[0x280])
{
	memset(image, 0, 0x280);
	image[0x3c] = 0x40;
	memcpy(image + 0x40, "PE\0\0\x64\x86\1", 7);
	image[0x54] = 0xf0;
	memcpy(image + 0x58, "\x0b\x02", 2);
	memcpy(image + 0x58 + 60, "\x80\x01", 2);
	image[0x58 + 108] = 16;
	memcpy(image + 0x148 + 16, "\x80\0\0\0\x80\x01", 6);
	memset(image + 0x180, 0x90, 0x80);
	memset(image + 0x200, 0x33, 0x80);
}

static const char *predict_menu(const char *directory, const char *menu)
{
	static char boot_cfg[64], grub[64], grub_cfg[64];
	static struct prediction_error error;
	static struct prediction prediction;
	struct prediction_inputs inputs = {.launch = VMK_LAUNCH_SRTM,
		.boot_cfg = boot_cfg,
		.directory = directory,
		.grub = grub,
		.grub_cfg = grub_cfg,
		.platform = "policy/platforms/unknown-uefi.json"};

	snprintf(boot_cfg, sizeof(boot_cfg), "%s/boot.cfg", directory);
	snprintf(grub, sizeof(grub), "%s/grub.efi", directory);
	snprintf(grub_cfg, sizeof(grub_cfg), "%s/grub.cfg", directory);
	write_file(directory, "grub.cfg", (const uint8_t *)menu, strlen(menu));
	if (prediction_make(&inputs, &prediction, &error) == VMK_OK)
		strcpy(error.text, "predicted");
	prediction_free(&prediction);
	return error.text;
}

/* GRUB takes one kernel, and modules only after it. */
static void a_static_launch_has_one_kernel_and_it_comes_first(void **state)
{
	char directory[] = "/tmp/merlon-predict.XXXXXX";
	uint8_t image[0x280];

	make_pe(image);
	assert_non_null(mkdtemp(directory));
	write_file(directory, "boot.cfg", (const uint8_t *)"kernel=k\n", 9);
	write_file(directory, "grub.efi", image, sizeof(image));
	write_file(directory, "k", image, 1);
	assert_string_equal(
		predict_menu(directory, "menuentry a {\nmultiboot2 /k\n}\n"), "predicted");
	assert_non_null(
		strstr(predict_menu(directory, "menuentry a {\nmultiboot2 /k\nmultiboot2 /k\n}\n"),
			"a second kernel"));
	assert_non_null(
		strstr(predict_menu(directory, "menuentry a {\nmodule2 /k\nmultiboot2 /k\n}\n"),
			"before the kernel"));
	assert_non_null(
		strstr(predict_menu(directory, "menuentry a {\necho a\n}\n"), "loads no kernel"));
	for (const char *const *name =
			(const char *const[]){"boot.cfg", "grub.cfg", "grub.efi", "k", NULL};
		*name; name++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", directory, *name);
		unlink(path);
	}
	assert_int_equal(rmdir(directory), 0);
}

static void hashes_images_as_uefi_does(void **state)
{
	uint8_t image[0x280], first[32], second[32];
	struct buffer file = {image, sizeof(image)};
	const char *why;

	make_pe(image);
	assert_int_equal(pe_digest(&file, first, &why), VMK_OK);
	/* The checksum and the entry for certificates are left out, all else counts. */
	image[0x58 + 64] ^= 1;
	assert_int_equal(pe_digest(&file, second, &why), VMK_OK);
	assert_memory_equal(first, second, 32);
	image[0x200] ^= 1;
	assert_int_equal(pe_digest(&file, second, &why), VMK_OK);
	assert_memory_not_equal(first, second, 32);
	make_pe(image);
	image[0x58 + 112 + 4 * 8 + 4] = 0x80; /* certificates: what follows the section */
	assert_int_equal(pe_digest(&file, first, &why), VMK_OK);
	image[0x200] ^= 1;
	assert_int_equal(pe_digest(&file, second, &why), VMK_OK);
	assert_memory_equal(first, second, 32);
	image[0x148 + 18] = 1; /* a section beyond the end */
	assert_int_equal(pe_digest(&file, second, &why), VMK_BAD_FORMAT);
	for (size_t size = 0; size < 0x200; size++) {
		uint8_t *cut = malloc(size + 1);

		make_pe(image);
		memcpy(cut, image, size);
		file = (struct buffer){cut, size};
		assert_int_equal(pe_digest(&file, second, &why), VMK_BAD_FORMAT);
		free(cut);
	}
}

/* Firmware, GRUB's image, what GRUB measures, firmware again; *grub: the image's digest. */
static void make_static_log(uint8_t grub[32])
{
	put_header();
	put_event(0, TCG_EV_SEPARATOR, "\0\0\0\0", 4);
	put_event(4, TCG_EV_EFI_APPLICATION, "image", 5);
	sha256_of("image", 5, grub);
	put_event(9, TCG_EV_IPL, "menu", 4);
	put_event(8, TCG_EV_IPL, "command", 7);
	put_event(5, TCG_EV_EFI_ACTION, "exit", 4);
}

static void captures_what_firmware_measures(void **state)
{
	static struct platform platform;
	struct prediction_error error;
	uint8_t digest[32];

	make_static_log(digest);
	assert_int_equal(
		platform_capture_static(log_bytes, log_size, digest, "box", &platform, &error),
		VMK_OK);
	assert_int_equal(platform.launch, VMK_LAUNCH_SRTM);
	assert_int_equal(platform.event_count, 4);
	assert_int_equal(platform.events[0].source, FROM_PLATFORM);
	assert_int_equal(platform.events[1].source, FROM_GRUB);
	assert_int_equal(platform.events[2].source, FROM_GRUB_SCRIPT);
	assert_int_equal(platform.events[3].pcr, 5);
	put_event(17, TCG_EV_SEPARATOR, "x", 1);
	assert_int_equal(
		platform_capture_static(log_bytes, log_size, NULL, "box", &platform, &error),
		VMK_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures_the_policy_that_tboot_falls_back_to),
		cmocka_unit_test(routes_modules_as_the_policy_says),
		cmocka_unit_test(refuses_malformed_policies),
		cmocka_unit_test(replays_from_zero),
		cmocka_unit_test(captures_what_no_file_explains),
		cmocka_unit_test(captures_what_firmware_measures),
		cmocka_unit_test(protections_of_the_cpu_are_demanded_by_name),
		cmocka_unit_test(dma_protection_that_is_asked_for_must_be_measured),
		cmocka_unit_test(a_driver_that_waits_may_come_later),
		cmocka_unit_test(a_static_launch_has_one_kernel_and_it_comes_first),
		cmocka_unit_test(hashes_images_as_uefi_does),
		cmocka_unit_test(refuses_a_log_without_tboot),
		cmocka_unit_test(refuses_malformed_platforms),
		cmocka_unit_test(names_the_bytes_that_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
