/* sources: tboot-integration/txtsim/qemu/gdb.c tboot-integration/txtsim/qemu/qmp.c */
/* sources: tboot-integration/txtsim/qemu/pciproxy.c tboot-integration/txtsim/qemu/mleimage.c */
/* sources: tboot-integration/txtsim/run/buildid.c kernel/lib/hex.c tests/unit/shim/launcher.c */
/* libs: -ljansson -lz */
/* The QEMU edge's readers: what others send, and what they must not get away with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/qemu/gdb.h"
#include "tboot-integration/txtsim/qemu/mleimage.h"
#include "tboot-integration/txtsim/qemu/pciproxy.h"
#include "tboot-integration/txtsim/qemu/qmp.h"
#include "tboot-integration/txtsim/run/emulators.h"

static void test_packets(void **state)
{
	char packet[16];

	assert_int_equal(gdb_take_packet("+$OK#9a$x", 9, packet, sizeof(packet)), 7);
	assert_string_equal(packet, "OK");
	assert_int_equal(gdb_take_packet("$OK#9", 5, packet, sizeof(packet)), 0);
	assert_int_equal(gdb_take_packet("$OK#00", 6, packet, sizeof(packet)), 6);
	assert_string_equal(packet, "");
	assert_int_equal(gdb_take_packet("$OK#9a", 6, packet, 2), 6);
	assert_string_equal(packet, "");
}

static void test_stop_replies(void **state)
{
	unsigned cpu = 99;

	assert_true(gdb_stop_reply("T05thread:02;", &cpu));
	assert_int_equal(cpu, 1);
	assert_true(gdb_stop_reply("S05", &cpu));
	assert_int_equal(cpu, 0);
	assert_false(gdb_stop_reply("OK", &cpu));
	assert_false(gdb_stop_reply("T05thread:00;", &cpu));
	assert_false(gdb_stop_reply("T05thread:ffffff;", &cpu));
}

static void test_values(void **state)
{
	uint64_t value;
	size_t bytes;

	assert_true(gdb_parse_value("78563412", &value, &bytes));
	assert_int_equal(value, 0x12345678);
	assert_int_equal(bytes, 4);
	assert_false(gdb_parse_value("", &value, &bytes));
	assert_false(gdb_parse_value("E01", &value, &bytes));
	assert_false(gdb_parse_value("0x", &value, &bytes));
	assert_false(gdb_parse_value("000000000000000000", &value, &bytes));
}

static void take(struct qmp *q, const char *line)
{
	qmp_take_line(q, line, strlen(line));
}

static void test_machine_protocol(void **state)
{
	static struct qmp q;

	qmp_init(&q, -1, NULL, NULL);
	take(&q, "{\"return\": \"ioportw[0x0cf8] = 0x80000010\"}");
	assert_int_equal(q.answered, 1);
	assert_false(q.failed);
	assert_string_equal(strchr(q.text, '='), "= 0x80000010");
	take(&q, "{\"error\": {\"class\": \"GenericError\"}}");
	assert_int_equal(q.answered, 2);
	assert_true(q.failed);
	take(&q, "{\"event\": \"RESET\", \"data\": {\"guest\": true}}");
	assert_int_equal(q.resets, 1);
	take(&q, "{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-reset\"}}");
	assert_int_equal(q.end, QMP_WAS_RESET);
	take(&q, "{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-shutdown\"}}");
	assert_int_equal(q.end, QMP_POWERED_OFF);
	take(&q, "nonsense");
	assert_int_equal(q.answered, 2);
}

static uint64_t seen_address, seen_value;
static unsigned resets;

static uint64_t read_bar(void *ctx, uint64_t address, unsigned size)
{
	seen_address = address;
	return 0x1234;
}

static void write_bar(void *ctx, uint64_t address, uint64_t value, unsigned size)
{
	seen_address = address;
	seen_value = value;
}

static void reset_bar(void *ctx)
{
	resets++;
}

static const struct pciproxy_ops ops = {read_bar, write_bar, reset_bar};

static uint64_t config(struct pciproxy *p, bool write, uint32_t at, uint32_t value, uint32_t length)
{
	uint8_t message[28] = {0}, answer[PCIPROXY_ANSWER];

	message[0] = write ? 2 : 3;
	put_le64(message + 8, 12);
	put_le32(message + 16, at);
	put_le32(message + 20, value);
	put_le32(message + 24, length);
	assert_int_equal(pciproxy_message_size(message, sizeof(message)), sizeof(message));
	assert_int_equal(pciproxy_message(p, message, sizeof(message), answer), sizeof(answer));
	return le64(answer + 16);
}

static uint64_t access_bar(struct pciproxy *p, bool write, uint64_t address, uint32_t size)
{
	uint8_t message[40] = {0}, answer[PCIPROXY_ANSWER];

	message[0] = write ? 4 : 5;
	put_le64(message + 8, 24);
	put_le64(message + 16, address);
	put_le64(message + 24, 77);
	put_le32(message + 32, size);
	assert_int_equal(pciproxy_message(p, message, sizeof(message), answer), sizeof(answer));
	return le64(answer + 16);
}

static void test_proxy(void **state)
{
	uint8_t reset[16] = {7}, answer[PCIPROXY_ANSWER], huge[16] = {2};
	struct pciproxy p;

	pciproxy_init(&p, &ops, NULL);
	p.bar_size[0] = 0x20000;
	assert_int_equal(config(&p, false, 0, 0, 4), 0xb0018086);
	config(&p, true, 0x10, 0xffffffff, 4);
	assert_int_equal(config(&p, false, 0x10, 0, 4), 0xfffe0000);
	config(&p, true, 0x14, 0xffffffff, 4);
	assert_int_equal(config(&p, false, 0x14, 0, 4), 0);
	config(&p, true, 0x26, 0xffffffff, 4);
	assert_int_equal(access_bar(&p, false, 0xfed30000, 4), 0x1234);
	assert_int_equal(seen_address, 0xfed30000);
	access_bar(&p, true, 0xfed20030, 4);
	assert_int_equal(seen_value, 77);
	seen_address = 0;
	access_bar(&p, true, 0xfed20030, 9);
	assert_int_equal(seen_address, 0);
	/* After the first reset nobody finds the device. */
	assert_int_equal(pciproxy_message(&p, reset, sizeof(reset), answer), sizeof(answer));
	assert_int_equal(resets, 1);
	assert_int_equal((uint32_t)config(&p, false, 0, 0, 4), 0xffffffff);
	put_le64(huge + 8, PCIPROXY_MESSAGE_MAX);
	assert_true(pciproxy_message_size(huge, sizeof(huge)) == SIZE_MAX);
	assert_int_equal(pciproxy_message_size(huge, 15), 0);
}

static const uint8_t uuid[16] = {0x5a, 0xac, 0x82, 0x90, 0x6f, 0x47, 0xa7, 0x74, 0x0f, 0x5c, 0x55,
	0xa2, 0xcb, 0x51, 0xb6, 0x42};

/* An ELF file of one segment with the MLE header's UUID in it, and no sections. */
static void make_mle(uint8_t file[1024])
{
	Elf32_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB},
		.e_entry = 0x804000,
		.e_phoff = sizeof(header),
		.e_phnum = 1};
	Elf32_Phdr segment = {.p_type = PT_LOAD,
		.p_offset = 512,
		.p_paddr = 0x800000,
		.p_filesz = 256,
		.p_memsz = 4096,
		.p_flags = PF_X};

	memset(file, 0, 1024);
	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), &segment, sizeof(segment));
	memcpy(file + 600, uuid, sizeof(uuid));
}

static void test_mle(void **state)
{
	uint8_t file[1024], iso[8192] = {0};
	struct mle_image images[MLE_IMAGES_MAX];
	uLongf packed = 0;
	z_stream z = {0};

	make_mle(file);
	assert_true(mle_image_parse(file, sizeof(file), images));
	assert_int_equal(images[0].entry, 0x804000);
	assert_int_equal(images[0].range_count, 1);
	assert_int_equal(images[0].ranges[0].begin, 0x800000);
	assert_int_equal(images[0].ranges[0].end, 0x800100);
	memcpy(iso + 2048, file, sizeof(file));
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = file;
	z.avail_in = sizeof(file);
	z.next_out = iso + 4096;
	z.avail_out = 2048;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed = z.total_out;
	deflateEnd(&z);
	assert_true(packed > 0);
	assert_int_equal(mle_images_find(iso, sizeof(iso), images), 2);
	assert_int_equal(images[1].entry, 0x804000);
	file[600] ^= 1;
	assert_false(mle_image_parse(file, sizeof(file), images));
}

static void test_build_id(void **state)
{
	uint8_t file[256] = {0};
	char text[41];
	Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64},
		.e_phoff = sizeof(header),
		.e_phnum = 1};
	Elf64_Phdr segment = {.p_type = PT_NOTE, .p_offset = 128, .p_filesz = 36};
	Elf64_Nhdr note = {.n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID};

	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), &segment, sizeof(segment));
	memcpy(file + 128, &note, sizeof(note));
	memset(file + 144, 0xab, 20);
	assert_true(elf_build_id(file, sizeof(file), text));
	assert_string_equal(text, "abababababababababababababababababababab");
	assert_false(elf_build_id(file, 160, text));
	segment.p_filesz = 35;
	memcpy(file + sizeof(header), &segment, sizeof(segment));
	assert_false(elf_build_id(file, sizeof(file), text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_stop_replies),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_machine_protocol),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_mle),
		cmocka_unit_test(test_build_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
