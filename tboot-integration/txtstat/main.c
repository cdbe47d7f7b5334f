/* txtstat: Intel TXT in words, from this machine or from files saved on another. */
#include <errno.h>
#include <getopt.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtstat/acm.h"
#include "tboot-integration/txtstat/errorcode.h"
#include "tboot-integration/txtstat/eventlog.h"
#include "tboot-integration/txtstat/print.h"
#include "tboot-integration/txtstat/source.h"
#include "tboot-integration/txtstat/tbootlog.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_UNKNOWN = 3 };

struct options {
	bool json, live;
	const char *dumps, *registers, *heap, *tboot;
	struct acmstat_chipset chipset;
	bool has_chipset;
	uint64_t heap_base, heap_offset;
	bool has_base;
	int count;
	char **arguments;
};

static int usage(FILE *to, int code)
{
	fputs("usage: txtstat status [SOURCE] [--json]    was there a measured launch, and if not, "
	      "why\n"
	      "       txtstat show [SOURCE] [--json]      that, registers, heap, event log, "
	      "tboot's log\n"
	      "       txtstat acm FILE [--chipset VENDOR:DEVICE:REVISION] [--json]\n"
	      "                                           a SINIT or other module; can it be "
	      "launched?\n"
	      "       txtstat log FILE [--json]           a TCG event log, with the PCRs it leads "
	      "to\n"
	      "       txtstat tboot FILE [--json]         tboot's log, from memory or a console's "
	      "file\n"
	      "       txtstat error CODE [--json]         a value of TXT.ERRORCODE\n"
	      "       txtstat errors [--json]             all codes that are known\n"
	      "SOURCE is this machine (Linux, needs root) unless files are named:\n"
	      "       --dumps DIR         txt-registers.bin, txt-heap.bin, tboot-log.bin in DIR\n"
	      "       --registers FILE    64 KiB from 0xfed30000\n"
	      "       --heap FILE [--heap-offset BYTES] [--heap-base ADDRESS]\n"
	      "                           the heap's address is TXT.HEAP.BASE where registers are "
	      "known\n"
	      "       --tboot-log FILE    32 KiB from 0x60000, or text\n"
	      "Exit status: 0 launched / usable / readable, 1 not, 2 wrong usage, 3 not known.\n",
		to);
	return code;
}

static bool parse_u64(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text && *text != '-' && !*end && !errno;
}

static bool parse_chipset(const char *text, struct acmstat_chipset *c)
{
	unsigned vendor, device, revision;
	char end;

	if (sscanf(text, "%4x:%4x:%4x%c", &vendor, &device, &revision, &end) != 3)
		return false;
	*c = (struct acmstat_chipset){(uint16_t)vendor, (uint16_t)device, (uint16_t)revision};
	return true;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'},
		{"dumps", required_argument, NULL, 'd'},
		{"registers", required_argument, NULL, 'r'},
		{"heap", required_argument, NULL, 'h'},
		{"heap-offset", required_argument, NULL, 'o'},
		{"heap-base", required_argument, NULL, 'b'},
		{"tboot-log", required_argument, NULL, 't'},
		{"chipset", required_argument, NULL, 'c'},
		{0},
	};
	bool good = true;
	int option;

	*o = (struct options){0};
	while (good && (option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'j':
			o->json = true;
			break;
		case 'd':
			o->dumps = optarg;
			break;
		case 'r':
			o->registers = optarg;
			break;
		case 'h':
			o->heap = optarg;
			break;
		case 't':
			o->tboot = optarg;
			break;
		case 'o':
			good = parse_u64(optarg, &o->heap_offset);
			break;
		case 'b':
			good = o->has_base = parse_u64(optarg, &o->heap_base);
			break;
		case 'c':
			good = o->has_chipset = parse_chipset(optarg, &o->chipset);
			break;
		default:
			good = false;
		}
	}
	o->live = !o->dumps && !o->registers && !o->heap && !o->tboot;
	o->count = argc - optind;
	o->arguments = argv + optind;
	return good;
}

static bool open_source(const struct options *o, struct source *s)
{
	struct txtregs regs;

	*s = (struct source){0};
	if (o->live)
		return source_live(s);
	if ((o->dumps && !source_directory(s, o->dumps)) ||
		(o->registers && !source_file(&s->registers, o->registers)) ||
		(o->heap && !source_file(&s->heap, o->heap)) ||
		(o->tboot && !source_file(&s->tboot, o->tboot)))
		return false;
	if (o->heap_offset > s->heap.size) {
		fprintf(stderr, "txtstat: --heap-offset lies behind the file's %zu bytes\n",
			s->heap.size);
		return false;
	}
	s->heap_offset = o->heap_offset;
	regs = (struct txtregs){s->registers.bytes, s->registers.size};
	if (o->has_base)
		s->heap_base = o->heap_base;
	else if (s->registers.size)
		s->heap_base = txtregs_read(&regs, TXTREG_HEAP_BASE, 8);
	return true;
}

static void sha256(const void *data, size_t size, uint8_t digest[32])
{
	SHA256(data, size, digest);
}

/* A log from memory, or text as it is. */
static void report_tboot(const struct report *r, const struct blob *log)
{
	static char text[TBOOTLOG_TEXT_MAX + 1];
	enum vmk_status status;
	size_t used;

	report_group(r, "tboot");
	status = tbootlog_text(log->bytes, log->size, text, TBOOTLOG_TEXT_MAX, &used);
	if (status == VMK_NOT_FOUND && log->size && log->bytes[0]) {
		used = log->size < TBOOTLOG_TEXT_MAX ? log->size : TBOOTLOG_TEXT_MAX;
		memcpy(text, log->bytes, used);
		status = VMK_OK;
	}
	tbootlog_report_findings(r, text, used);
	report_list(r, "lines");
	text[used] = '\0';
	for (char *line = text, *next; line < text + used; line = next) {
		next = line + strcspn(line, "\n");
		*next++ = '\0';
		report_text(r, NULL, line);
	}
	report_end(r);
	if (status != VMK_OK)
		report_text(r, "fault", vmk_status_name(status));
	report_end(r);
}

static void report_all(const struct report *r, const struct source *s, const struct txtfacts *f)
{
	const uint8_t *log;
	size_t size;

	if (f->regs.size)
		txtregs_report(r, &f->regs);
	if (f->heap) {
		heapstat_report(r, f->heap);
		log = heapstat_log(f->heap, &size);
		if (log)
			eventlog_report(r, log, size, sha256);
	}
	if (s->tboot.size)
		report_tboot(r, &s->tboot);
}

static int command_machine(const struct options *o, bool all)
{
	static const int codes[] = {EXIT_UNKNOWN, EXIT_BAD, EXIT_GOOD};
	struct heapstat heap;
	struct txtfacts facts;
	struct report report;
	struct print print;
	struct source s;
	int code;

	if (!open_source(o, &s)) {
		source_free(&s);
		return EXIT_UNKNOWN;
	}
	facts = (struct txtfacts){.regs = {s.registers.bytes, s.registers.size},
		.smx = s.smx,
		.feature_control_known = s.feature_control_known,
		.feature_control = s.feature_control,
		.pcr17_set = s.pcr17_set};
	if (s.heap.size) {
		heapstat_open(&heap, s.heap.bytes + s.heap_offset, s.heap.size - s.heap_offset,
			s.heap_base);
		facts.heap = &heap;
	}
	report = print_begin(&print, stdout, o->json);
	txtstatus_report(&report, &facts);
	if (all)
		report_all(&report, &s, &facts);
	code = codes[txtstatus_judge(&facts).launched];
	source_free(&s);
	return print_end(&print) ? code : EXIT_UNKNOWN;
}

static int command_acm(const struct options *o)
{
	const char *fault;
	struct report report;
	struct print print;
	struct blob acm;

	if (!source_file(&acm, o->arguments[0]))
		return EXIT_UNKNOWN;
	fault = acmstat_not_sinit(acm.bytes, acm.size);
	report = print_begin(&print, stdout, o->json);
	acmstat_report(&report, acm.bytes, acm.size);
	if (!fault && o->has_chipset && !acmstat_fits(acm.bytes, acm.size, &o->chipset))
		fault = "the module is not made for that chipset: its list does not have it";
	if (!print_end(&print))
		fault = "the report could not be written";
	free(acm.bytes);
	if (fault)
		fprintf(stderr, "txtstat: %s: %s\n", o->arguments[0], fault);
	return fault ? EXIT_BAD : EXIT_GOOD;
}

static int command_log(const struct options *o)
{
	struct report report;
	struct print print;
	struct blob log;
	bool good;

	if (!source_file(&log, o->arguments[0]))
		return EXIT_UNKNOWN;
	report = print_begin(&print, stdout, o->json);
	good = eventlog_report(&report, log.bytes, log.size, sha256);
	free(log.bytes);
	return print_end(&print) && good ? EXIT_GOOD : EXIT_BAD;
}

static int command_tboot(const struct options *o)
{
	struct report report;
	struct print print;
	struct blob log;

	if (!source_file(&log, o->arguments[0]))
		return EXIT_UNKNOWN;
	report = print_begin(&print, stdout, o->json);
	report_tboot(&report, &log);
	free(log.bytes);
	return print_end(&print) ? EXIT_GOOD : EXIT_BAD;
}

static int command_error(const struct options *o)
{
	struct report report;
	struct print print;
	uint64_t code;

	if (!parse_u64(o->arguments[0], &code) || code > UINT32_MAX) {
		fprintf(stderr, "txtstat: %s is no 32-bit number (0x...)\n", o->arguments[0]);
		return EXIT_USAGE;
	}
	report = print_begin(&print, stdout, o->json);
	txterr_report(&report, "TXT.ERRORCODE", (uint32_t)code);
	return print_end(&print) ? EXIT_GOOD : EXIT_BAD;
}

static int command_errors(const struct options *o)
{
	struct report report;
	struct print print;

	report = print_begin(&print, stdout, o->json);
	txterr_report_table(&report);
	return print_end(&print) ? EXIT_GOOD : EXIT_BAD;
}

static int command_status(const struct options *o)
{
	return command_machine(o, false);
}

static int command_show(const struct options *o)
{
	return command_machine(o, true);
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(const struct options *o);
} commands[] = {
	{"status", 0, command_status},
	{"show", 0, command_show},
	{"acm", 1, command_acm},
	{"log", 1, command_log},
	{"tboot", 1, command_tboot},
	{"error", 1, command_error},
	{"errors", 0, command_errors},
};

int main(int argc, char **argv)
{
	struct options o;

	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
		(argc > 2 && !strcmp(argv[2], "--help")))
		return usage(stdout, EXIT_GOOD);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		if (!parse_options(argc - 1, argv + 1, &o) || o.count != commands[i].arguments)
			return usage(stderr, EXIT_USAGE);
		return commands[i].run(&o);
	}
	fprintf(stderr, "txtstat: there is no command '%s'\n", argv[1]);
	return usage(stderr, EXIT_USAGE);
}
