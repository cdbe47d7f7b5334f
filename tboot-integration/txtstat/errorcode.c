#include "tboot-integration/txtstat/errorcode.h"

#include "tboot-integration/txtstat/errorcodes.h"

struct processor_error {
	uint32_t type;
	const char *symbol, *cause, *remedy;
};
static const struct processor_error processor_errors[] = {
#define X(type, symbol, cause, remedy) {type, symbol, cause, remedy},
	TXT_PROCESSOR_ERRORS(X)
#undef X
};

struct acm_class {
	uint32_t code;
	const char *symbol, *cause, *remedy;
};
static const struct acm_class acm_classes[] = {
#define X(code, symbol, cause, remedy) {code, #symbol, cause, remedy},
	TXT_ACM_CLASSES(X)
#undef X
};

struct acm_major {
	uint32_t class, code;
	const char *symbol, *meaning;
};
static const struct acm_major acm_majors[] = {
#define X(class, code, symbol, meaning) {class, code, #symbol, meaning},
	TXT_ACM_MAJORS(X)
#undef X
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* B.1.3, module type. */
static const char *module_name(uint32_t type)
{
	switch (type) {
	case 0:
		return "BIOS ACM";
	case 1:
		return "SINIT";
	case 3:
		return "start-up ACM";
	case 8:
		return "BIOS revocation ACM";
	case 9:
		return "SINIT revocation ACM";
	default:
		return "ACM of an unknown type";
	}
}

static void decode_processor(struct txterr *e)
{
	e->source = TXTERR_PROCESSOR;
	e->origin = "processor";
	e->failed = true;
	e->type = e->value & 0x3fffffffu;
	e->symbol = "unknown";
	e->cause = "a processor code that is not documented";
	e->remedy = "power off for a cold start; update firmware and microcode";
	for (size_t i = 0; i < COUNT(processor_errors); i++) {
		if (processor_errors[i].type != e->type)
			continue;
		e->symbol = processor_errors[i].symbol;
		e->cause = processor_errors[i].cause;
		e->remedy = processor_errors[i].remedy;
	}
}

static void decode_module(struct txterr *e)
{
	e->source = TXTERR_ACM;
	e->type = e->value & 0xfu;
	e->class = e->value >> 4 & 0x3fu;
	e->major = e->value >> 10 & 0x1fu;
	e->minor = e->value >> 16 & 0xfffu;
	e->origin = module_name(e->type);
	e->failed = e->class || e->major;
	e->symbol = "unknown";
	e->cause = "a class that is not published";
	e->remedy = "look it up in the SINIT_Errors file that came with the module";
	for (size_t i = 0; i < COUNT(acm_classes); i++) {
		if (acm_classes[i].code != e->class)
			continue;
		e->symbol = acm_classes[i].symbol;
		e->cause = acm_classes[i].cause;
		e->remedy = acm_classes[i].remedy;
	}
	for (size_t i = 0; i < COUNT(acm_majors); i++) {
		if (acm_majors[i].class == e->class && acm_majors[i].code == e->major)
			e->detail = acm_majors[i].meaning;
	}
}

static void decode_software(struct txterr *e)
{
	e->source = TXTERR_SOFTWARE;
	e->origin = "launched software";
	e->failed = true;
	e->major = e->value & 0x7fffu;
	e->minor = e->value >> 16 & 0x3fffu;
	e->symbol = "software";
	e->cause = "the launched software left its own code";
	e->remedy = "its documentation or its last console lines say what it means";
}

struct txterr txterr_decode(uint32_t value)
{
	struct txterr e = {.value = value, .origin = "none", .symbol = "none"};

	e.cause = "no error is recorded";
	e.remedy = "nothing";
	if (!(value & 1u << 31))
		return e;
	if (!(value & 1u << 30))
		decode_processor(&e);
	else if (value & 1u << 15)
		decode_software(&e);
	else
		decode_module(&e);
	return e;
}

void txterr_report(const struct report *r, const char *name, uint32_t value)
{
	struct txterr e = txterr_decode(value);

	report_group(r, name);
	report_hex(r, "value", value);
	report_flag(r, "error", e.failed);
	report_text(r, "from", e.origin);
	if (e.source == TXTERR_PROCESSOR)
		report_hex(r, "type", e.type);
	if (e.source == TXTERR_ACM) {
		report_hex(r, "class", e.class);
		report_hex(r, "major", e.major);
		report_hex(r, "minor", e.minor);
	}
	report_text(r, "name", e.symbol);
	report_text(r, "cause", e.cause);
	if (e.detail)
		report_text(r, "detail", e.detail);
	if (e.failed)
		report_text(r, "remedy", e.remedy);
	report_end(r);
}

static void report_classes(const struct report *r)
{
	report_list(r, "module");
	for (size_t i = 0; i < COUNT(acm_classes); i++) {
		report_group(r, NULL);
		report_hex(r, "class", acm_classes[i].code);
		report_text(r, "name", acm_classes[i].symbol);
		report_text(r, "cause", acm_classes[i].cause);
		report_text(r, "remedy", acm_classes[i].remedy);
		report_list(r, "majors");
		for (size_t j = 0; j < COUNT(acm_majors); j++) {
			if (acm_majors[j].class != acm_classes[i].code)
				continue;
			report_group(r, NULL);
			report_hex(r, "major", acm_majors[j].code);
			report_text(r, "name", acm_majors[j].symbol);
			report_text(r, "meaning", acm_majors[j].meaning);
			report_end(r);
		}
		report_end(r);
		report_end(r);
	}
	report_end(r);
}

void txterr_report_table(const struct report *r)
{
	report_list(r, "processor");
	for (size_t i = 0; i < COUNT(processor_errors); i++) {
		report_group(r, NULL);
		report_hex(r, "type", processor_errors[i].type);
		report_text(r, "name", processor_errors[i].symbol);
		report_text(r, "cause", processor_errors[i].cause);
		report_text(r, "remedy", processor_errors[i].remedy);
		report_end(r);
	}
	report_end(r);
	report_classes(r);
}
