#include "fuzz/models/paper_srtm.h"

#include <string.h>

#include "lib/panic.h"
#include "lib/types.h"
#include "trust/hash.h"

#define EVENTS_MAX  12u /* more than a launch with all modules has */
#define RECORD_MAX  128u
#define TEXTS       16u
#define MODULES     3u
#define EXTENDED    1024u
#define REQUIRE(it) ((it) ? (void)0 : panic("srtm: not so: %s", #it))

enum wrong {
	PCRS_UNKNOWN = 1,
	NO_LOG = 2,
	LOG_CUT = 4,
	DRTM_TOUCHED = 8,
	OWN_TOUCHED = 16,
	OTHER_LINE = 32,
	SAID_WHY = 64,
	NO_HEADER = 128
};

static const struct {
	const char *text;
	size_t bytes;
} texts[TEXTS] = {
#define TEXT(t) {t, sizeof(t) - 1}
	TEXT("grub_cmd: multiboot2 /boot/vmk.gz serial=1\0"),
	TEXT("grub_cmd: multiboot2 /boot/vmk.gz"),
	TEXT("multiboot2 /other"),
	TEXT("multiboot2 "),
	TEXT("kernel_cmdline: loglevel=1"),
	TEXT("loglevel=1"),
	TEXT("/boot/vmk.gz\0"),
	TEXT("/boot/vmk.gzip\0"),
	TEXT("/other\0"),
	TEXT("module2 a.pkg"),
	TEXT("a.pkg"),
	TEXT("b.pkg x"),
	TEXT(""),
	TEXT("\0"),
	TEXT(": "),
	TEXT("no_colon"),
#undef TEXT
};
/* What an event's SHA-256 digest is of; or the event has none. */
enum digest { OF_TEXT, OF_REST, OF_MODULE, OF_NOTHING, OF_ZERO_ENDED, ABSENT };

/* Of each text, in each way, and whose that is; worked out once. */
static struct digest_of {
	uint8_t bytes[32];
	bool is_line, is_module_line[MODULES], is_module[MODULES];
} digests[TEXTS][ABSENT];

/* Each event, and the header, as they stand in a log; PCR and type are put into their first bytes.
 */
static struct record {
	uint8_t bytes[RECORD_MAX];
	size_t size;
} records[TEXTS][ABSENT + 1], header;

static uint8_t log_bytes[PAPER_SRTM_LOG_MAX];
static size_t log_size;
static uint8_t pcrs[SRTM_PCRS][32];
static struct srtm_module modules[MODULES] = {
	{.cmdline = "a.pkg"}, {.cmdline = "b.pkg x"}, {.cmdline = ""}};
static uint8_t how_wrong;
static bool pcr_differs, has_line, has_module_line[MODULES], has_module[MODULES], has_kernel,
	no_digest;

static void put(struct record *to, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to->bytes[to->size++] = (uint8_t)(i < 4 ? value >> 8 * i : 0);
}

static void put_bytes(struct record *to, const void *from, size_t bytes)
{
	memcpy(to->bytes + to->size, from, bytes);
	to->size += bytes;
}

/* PC Client Platform Firmware Profile 1.05, section 10.4.5.1. */
static void make_header(void)
{
	put(&header, 0, 4);
	put(&header, 3, 4);
	put(&header, 0, 20);
	put(&header, 16 + 4 + 4 + 4 + 8 + 1, 4);
	put_bytes(&header, "Spec ID Event03", 16);
	put(&header, 0, 4);
	put(&header, 2 << 16 | 2 << 24, 4);
	put(&header, 2, 4);
	put(&header, 4 | 20 << 16, 4);
	put(&header, 11 | 32 << 16, 4);
	put(&header, 0, 1);
}

static void make_record(struct record *record, unsigned text, enum digest kind)
{
	put(record, 0, 4 + 4);
	put(record, kind == ABSENT ? 1 : 2, 4);
	put(record, 4, 2);
	put(record, 0, 20);
	if (kind != ABSENT) {
		put(record, 11, 2);
		put_bytes(record, digests[text][kind].bytes, 32);
	}
	put(record, (uint32_t)texts[text].bytes, 4);
	put_bytes(record, texts[text].text, texts[text].bytes);
}

static void append(const struct record *record)
{
	memcpy(log_bytes + log_size, record->bytes, record->size);
	log_size += record->size;
}

static void make_digest(enum digest kind, const char *text, size_t bytes, uint8_t digest[32])
{
	const char *rest = memmem(text, bytes, ": ", 2);

	if (kind == OF_REST && rest) {
		rest += 2;
		hash_sha256(rest, bytes - (size_t)(rest - text) - (text[bytes - 1] == 0), digest);
	} else if (kind == OF_MODULE) {
		memcpy(digest, modules[bytes % MODULES].sha256, 32);
	} else if (kind == OF_NOTHING) {
		memset(digest, 0x77, 32);
	} else {
		hash_sha256(text, bytes - (kind == OF_ZERO_ENDED && bytes), digest);
	}
}

static bool is_of(const uint8_t digest[32], const char *text)
{
	uint8_t expected[32];

	hash_sha256(text, strlen(text), expected);
	return memcmp(expected, digest, sizeof(expected)) == 0;
}

static void prepare(void)
{
	static bool prepared;

	if (prepared)
		return;
	prepared = true;
	for (unsigned i = 0; i < MODULES; i++)
		hash_sha256(&i, sizeof(i), modules[i].sha256);
	for (unsigned i = 0; i < TEXTS * ABSENT; i++) {
		struct digest_of *d = &digests[i / ABSENT][i % ABSENT];

		make_digest((enum digest)(i % ABSENT), texts[i / ABSENT].text,
			texts[i / ABSENT].bytes, d->bytes);
		d->is_line = is_of(d->bytes, "loglevel=1");
		for (unsigned j = 0; j < MODULES; j++) {
			d->is_module_line[j] = is_of(d->bytes, modules[j].cmdline);
			d->is_module[j] = !memcmp(modules[j].sha256, d->bytes, 32);
		}
	}
	make_header();
	for (unsigned i = 0; i < TEXTS * (ABSENT + 1); i++)
		make_record(&records[i / (ABSENT + 1)][i % (ABSENT + 1)], i / (ABSENT + 1),
			(enum digest)(i % (ABSENT + 1)));
}

/* What a PCR becomes is remembered: most inputs begin as others do. */
static void extend(uint8_t pcr[32], const struct digest_of *digest)
{
	static struct extended {
		const struct digest_of *by;
		uint8_t from[32], to[32];
	} known[EXTENDED];
	struct extended *e = &known[(pcr[0] | pcr[1] << 8) % (EXTENDED - TEXTS * ABSENT) +
				    (size_t)(digest - digests[0])];
	uint8_t joined[64];

	if (e->by != digest || memcmp(e->from, pcr, 32) != 0) {
		memcpy(joined, pcr, 32);
		memcpy(joined + 32, digest->bytes, 32);
		memcpy(e->from, pcr, 32);
		hash_sha256(joined, 64, e->to);
		e->by = digest;
	}
	memcpy(pcr, e->to, 32);
}

static void write_down(unsigned pcr, const struct digest_of *digest)
{
	extend(pcrs[pcr], digest);
	has_line |= pcr == SRTM_PCR_COMMANDS && digest->is_line;
	for (unsigned i = 0; i < MODULES; i++) {
		has_module_line[i] |= pcr == SRTM_PCR_COMMANDS && digest->is_module_line[i];
		has_module[i] |= pcr == SRTM_PCR_FILES && digest->is_module[i];
	}
}

static void add_event(uint8_t where, uint8_t what)
{
	const uint8_t pcr = where & 0x10 ? 11 : where % 10, type = where & 0x80 ? 3 : 13;
	const enum digest kind = (enum digest)((what >> 4) % 8 % (ABSENT + 1));

	append(&records[what & 15][kind]);
	log_bytes[log_size - records[what & 15][kind].size] = pcr;
	log_bytes[log_size - records[what & 15][kind].size + 4] = type;
	if (type == 3 || pcr > SRTM_PCR_LAST)
		return;
	no_digest |= kind == ABSENT;
	if (kind == ABSENT)
		return;
	write_down(pcr, &digests[what & 15][kind]);
	has_kernel |= pcr == SRTM_PCR_FILES && (what & 15) >= 6 && (what & 15) <= 8;
}

static void begin(uint8_t wrong)
{
	how_wrong = wrong;
	log_size = 0;
	memset(pcrs, 0, sizeof(pcrs));
	for (unsigned pcr = 17; pcr <= 22; pcr++)
		memset(pcrs[pcr], wrong & DRTM_TOUCHED ? 0 : 0xff, 32);
	pcrs[13][31] = wrong & OWN_TOUCHED ? 1 : 0;
	has_line = has_kernel = no_digest = false;
	memset(has_module_line, 0, sizeof(has_module_line));
	memset(has_module, 0, sizeof(has_module));
	if (!(wrong & NO_HEADER))
		append(&header);
}

void paper_srtm_check(const struct srtm_facts *facts, const struct srtm_verdict *v)
{
	const uint8_t wrong = how_wrong;
	const bool sound = facts->log && !(wrong & (LOG_CUT | NO_HEADER)) && !no_digest;
	bool all = facts->log;

	REQUIRE(v->signs[SRTM_NO_DRTM].holds == !(wrong & (PCRS_UNKNOWN | DRTM_TOUCHED)));
	REQUIRE(v->signs[SRTM_OWN].holds == !(wrong & (PCRS_UNKNOWN | OWN_TOUCHED)));
	for (unsigned i = 0; i < SRTM_SIGN_COUNT; i++)
		REQUIRE(*srtm_sign_name((enum srtm_sign_name)i) &&
			*srtm_sign_meaning((enum srtm_sign_name)i) && *v->signs[i].found);
	REQUIRE(v->signs[SRTM_LOG].holds == sound);
	REQUIRE(v->signs[SRTM_REPLAY].holds == (sound && !(wrong & PCRS_UNKNOWN) && !pcr_differs));
	REQUIRE(v->measured == !v->missing);
	if (wrong & (LOG_CUT | NO_HEADER))
		return;
	REQUIRE(v->signs[SRTM_CMDLINE].holds == (facts->log && has_line && !(wrong & OTHER_LINE)));
	for (unsigned i = 0; i < facts->module_count; i++)
		all &= has_module_line[i] && has_module[i];
	REQUIRE(v->signs[SRTM_MODULES].holds == all);
	REQUIRE(!v->signs[SRTM_KERNEL].holds || has_kernel);
}

void paper_srtm_make(const uint8_t *data, size_t size, struct srtm_facts *facts)
{
	const uint8_t wrong = size > 0 ? data[0] : 0, differs = size > 2 ? data[2] : 0xff;

	prepare();
	begin(wrong);
	for (size_t i = 3; i + 2 <= size && i < 3 + 2 * EVENTS_MAX; i += 2)
		add_event(data[i], data[i + 1]);
	pcr_differs = differs <= SRTM_PCR_LAST;
	if (pcr_differs)
		pcrs[differs][0] ^= 1;
	*facts = (struct srtm_facts){.pcrs_known = !(wrong & PCRS_UNKNOWN), .pcrs = pcrs};
	facts->log = wrong & NO_LOG ? NULL : log_bytes;
	facts->log_why = wrong & SAID_WHY ? "nobody wrote one" : NULL;
	facts->log_bytes = log_size - (wrong & LOG_CUT ? MIN(log_size, 3u) : 0);
	facts->cmdline = wrong & OTHER_LINE ? "loglevel=2" : "loglevel=1";
	facts->modules = modules;
	facts->module_count = size > 1 ? data[1] % (MODULES + 1) : 0;
}
