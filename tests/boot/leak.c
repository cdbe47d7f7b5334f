/*
 * vmkleak REGIONS MAPPED FILE...: does any of the files tell where the kernel lies?
 *
 * REGIONS: lines NAME START END in hexadecimal; MAPPED: lines whose first word is a mapped page of
 * the kernel's half. A file tells if it holds, in either byte order, eight bytes that are an
 * address in a region; or digits that are one: hexadecimal with 16 digits, the 8 to 15 first ones
 * of such an address, or its last 12 where a page is mapped; or decimal, with or without sign, but
 * not the decimal digits inside a digest. Exit status: 0 nothing, 1 something, which is printed, 2
 * cannot tell.
 */
#include <ctype.h>
#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGIONS_MAX 64
#define MAPPED_MAX  65536
#define KERNEL_HALF 0xffff800000000000u
#define PAGE_BITS   12

static struct region {
	char name[32];
	uint64_t start, end;
} regions[REGIONS_MAX];
static size_t region_count;
static uint64_t mapped[MAPPED_MAX]; /* page numbers, sorted */
static size_t mapped_count;
static const char *file_name;
static bool found;

static FILE *open_or_die(const char *name)
{
	FILE *file = fopen(name, "rb");

	if (!file)
		err(2, "%s", name);
	return file;
}

static void read_regions(const char *name)
{
	FILE *file = open_or_die(name);
	struct region r;

	while (region_count < REGIONS_MAX &&
		fscanf(file, "%31s %" SCNx64 " %" SCNx64, r.name, &r.start, &r.end) == 3) {
		if (r.start >= KERNEL_HALF && r.end > r.start)
			regions[region_count++] = r;
	}
	fclose(file);
	if (!region_count)
		errx(2, "%s: no region of the kernel's half", name);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void read_mapped(const char *name)
{
	FILE *file = open_or_die(name);
	char line[128];

	while (mapped_count < MAPPED_MAX && fgets(line, sizeof(line), file)) {
		uint64_t page = strtoull(line, NULL, 16);

		if (page >= KERNEL_HALF)
			mapped[mapped_count++] = page >> PAGE_BITS;
	}
	fclose(file);
	if (!mapped_count)
		errx(2, "%s: no mapped page of the kernel's half", name);
	qsort(mapped, mapped_count, sizeof(*mapped), compare);
}

/* A region that has an address in [low, high]. */
static const struct region *region_of(uint64_t low, uint64_t high)
{
	for (size_t i = 0; i < region_count; i++) {
		if (low < regions[i].end && high >= regions[i].start)
			return &regions[i];
	}
	return NULL;
}

static bool is_mapped(uint64_t address)
{
	uint64_t page = address >> PAGE_BITS;

	return bsearch(&page, mapped, mapped_count, sizeof(*mapped), compare);
}

static void tell(const struct region *region, size_t offset, const char *how)
{
	found = true;
	printf("%s: byte %zu: %s: %s\n", file_name, offset, region ? region->name : "mapped page",
		how);
}

static void check_binary(const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i + 8 <= bytes; i++) {
		uint64_t little = 0, big = 0;
		const struct region *r;

		for (unsigned j = 0; j < 8; j++) {
			little |= (uint64_t)data[i + j] << (8 * j);
			big = big << 8 | data[i + j];
		}
		if (little >= KERNEL_HALF && (r = region_of(little, little)))
			tell(r, i, "eight bytes, little-endian");
		if (big >= KERNEL_HALF && (r = region_of(big, big)))
			tell(r, i, "eight bytes, big-endian");
	}
}

static uint64_t hex_value(const uint8_t *digits, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t c = digits[i];

		value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* A run of hexadecimal digits; inside a long one an address may begin anywhere. */
static void check_hex(const uint8_t *digits, size_t count, size_t offset)
{
	const struct region *r;

	for (size_t i = 0; i + 16 <= count; i++) {
		uint64_t value = hex_value(digits + i, 16);

		if (value >= KERNEL_HALF && (r = region_of(value, value)))
			tell(r, offset + i, "16 hexadecimal digits");
	}
	if (strspn((const char *)digits, "fF") >= count)
		return; /* minus one */
	if (count >= 8 && count < 16) {
		unsigned missing = 4 * (16 - (unsigned)count);
		uint64_t low = hex_value(digits, count) << missing;

		if (low >= KERNEL_HALF && (r = region_of(low, low + (1ull << missing) - 1)))
			tell(r, offset, "first hexadecimal digits");
	}
	if (count == 12 && is_mapped(hex_value(digits, count) | 0xffff000000000000u))
		tell(NULL, offset, "last 12 hexadecimal digits");
}

static void check_decimal(const uint8_t *digits, size_t count, size_t offset)
{
	char text[24] = "";
	/* The image may lie so near to the top that its distance from there has few digits. */
	const bool is_negative = offset && digits[-1] == '-';
	const struct region *r;
	uint64_t value;

	if (count < (is_negative ? 8 : 12) || count > 20)
		return;
	/* A digest's 64 digits have 12 decimal ones in a row in one of a dozen cases. */
	if ((offset && isxdigit(digits[-1])) || isxdigit(digits[count]))
		return;
	memcpy(text, digits, count);
	value = strtoull(text, NULL, 10);
	if ((r = region_of(value, value)))
		tell(r, offset, "decimal");
	if ((r = region_of(0 - value, 0 - value)))
		tell(r, offset, "decimal, negative");
}

static void check_text(const uint8_t *data, size_t bytes, int (*is_digit)(int),
	void (*check)(const uint8_t *, size_t, size_t))
{
	for (size_t i = 0; i < bytes;) {
		size_t start = i;

		while (i < bytes && is_digit(data[i]))
			i++;
		if (i > start)
			check(data + start, i - start, start);
		else
			i++;
	}
}

static void check_file(const char *name)
{
	FILE *file = open_or_die(name);
	size_t bytes = 0, room = 1 << 16;
	uint8_t *data = malloc(room);

	file_name = name;
	while (data) {
		size_t got = fread(data + bytes, 1, room - bytes - 1, file);

		bytes += got;
		if (!got)
			break;
		if (bytes == room - 1)
			data = realloc(data, room *= 2);
	}
	fclose(file);
	if (!data)
		errx(2, "%s: no memory", name);
	data[bytes] = 0; /* no run of digits goes on */
	check_binary(data, bytes);
	check_text(data, bytes, isxdigit, check_hex);
	check_text(data, bytes, isdigit, check_decimal);
	free(data);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(2, "usage: vmkleak REGIONS MAPPED FILE...");
	read_regions(argv[1]);
	read_mapped(argv[2]);
	for (int i = 3; i < argc; i++)
		check_file(argv[i]);
	return found;
}
