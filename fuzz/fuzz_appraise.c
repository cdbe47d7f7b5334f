/* runs: 4000 */
/* sources: attest/verifier/cpu.c attest/verifier/audit.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c attest/verifier/policy.c attest/verifier/key.c */
/* sources: attest/verifier/quote.c attest/verifier/host.c attest/verifier/align.c */
/* sources: attest/verifier/explain.c attest/verifier/hints.c attest/verifier/covers.c */
/* sources: attest/verifier/appraise.c kernel/trust/evlog_read.c */
/* sources: kernel/trust/audit_read.c kernel/lib/keyval.c kernel/lib/hex.c */
/* plain: tests/vectors/fixture.c fuzz/models/paper_audit.c fuzz/models/signature_memo.c */
/* plain: fuzz/models/crypto_memory.c fuzz/models/library_memory.c */
/* libs: -ltss2-mu -lcrypto -ljansson -Wl,--wrap=EVP_DigestSign -Wl,--wrap=EVP_DigestVerify */
/* coverage: edges, comparisons, lean */
/*
 * A host that cheats, or only boots something else: a good host of paper is changed by steps of
 * four bytes, then quotes honestly what its TPM holds. Whoever is trusted has booted what the
 * policy names and has told no lie; whoever is not learns why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmkapi/events.h>
#include "fuzz/models/paper_audit.h"
#include "tests/vectors/fixture.h"
#include "verifier/explain.h"
#include "verifier/firmware.h"
#include "verifier/semantics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP  4u
#define STEPS 12u

static struct paper_audit audit;
static bool stale; /* the PCRs are not yet what was measured */
static char hints[12288];
static size_t hint_bytes;

struct step4 {
	uint8_t what, which, where, value;
};

/* Whose PCRs must be the good host's if it is trusted: the launch's own and all that is static. */
#define BOOT_PCRS 0x0603ffu

static const struct fixture *good(bool is_static)
{
	static struct fixture hosts[2];
	static bool made;

	if (!made) {
		fixture_init(&hosts[0]);
		fixture_init_static(&hosts[1]);
	}
	made = true;
	return &hosts[is_static];
}

/* Before anybody looks at PCRs, or changes one: a few changes extend them once. */
static void settle(struct fixture *f)
{
	if (stale)
		fixture_extend(f);
	stale = false;
}

static void reboot(struct fixture *f)
{
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	stale = true;
}

static void change_file(struct fixture *f, const struct step4 *s)
{
	struct fixture_file *file = &f->files[s->which % f->file_count];
	char *texts[] = {file->name, file->image, file->cmdline};
	char *text = texts[s->where % 3];
	const size_t length = strlen(text);

	if (s->where & 0x80 && f->file_count > 1)
		*file = f->files[--f->file_count];
	else if (s->where & 0x40 && f->file_count < FIXTURE_FILES_MAX)
		f->files[f->file_count++] = *file;
	else if (length)
		text[s->value % length] ^= 1;
	reboot(f);
}

/* One event of what is said (`logged`) or of what was measured. */
static void change_event(struct fixture_events *events, const struct step4 *s)
{
	struct fixture_event *event = &events->items[s->which % events->count];

	switch (s->where % 8) {
	case 0:
		if (events->count > 1)
			fixture_remove(events, event);
		break;
	case 1:
		event->digest[s->value % DIGEST_SIZE] ^= 1;
		break;
	case 2:
		if (event->data_size)
			event->data[s->value % event->data_size] ^= (uint8_t)(1 + s->where / 8);
		break;
	case 3:
		event->data_size -= event->data_size ? 1 : 0;
		break;
	case 4:
		event->pcr = s->value % PCR_COUNT;
		break;
	case 5:
		event->type = events->items[s->value % events->count].type;
		break;
	case 6:
		if (events->count < FIXTURE_EVENTS_MAX)
			events->items[events->count++] = *event;
		break;
	default: {
		struct fixture_event other = events->items[s->value % events->count];

		events->items[s->value % events->count] = *event;
		*event = other;
	}
	}
}

/* What the kernel says later, in words of its own or of the input. */
static void add_event(struct fixture *f, const struct step4 *s)
{
	static const char *const texts[] = {FIXTURE_LATE_PACKAGE, "package name=late", "stop",
		"audit version=1 records=1 digest=00", "loaded name=late", "unloaded name=e1000",
		"x"};
	const char *text = texts[s->where % (sizeof(texts) / sizeof(*texts))];
	struct fixture_event *event;

	if (f->measured.count == FIXTURE_EVENTS_MAX)
		return;
	event = &f->measured.items[f->measured.count++];
	*event = (struct fixture_event){.log = LOG_VMK,
		.pcr = 17 + s->which % 7,
		.type = s->value & 0x80
				? 0x4d4c0000u + (s->value & 31)
				: f->measured.items[s->value % (f->measured.count - 1)].type,
		.layer = "VMKERNEL"};
	event->data_size = (uint32_t)strlen(text) + 1;
	memcpy(event->data, text, event->data_size);
	sha256(event->digest, event->data, event->data_size);
	f->logged = f->measured;
}

static void bend_quote(struct fixture_quote *q, const struct step4 *s)
{
	switch (s->which % 14) {
	case 0:
		q->magic ^= s->value;
		break;
	case 1:
		q->type = s->value & 1 ? TPM2_ST_ATTEST_CERTIFY : TPM2_ST_ATTEST_QUOTE;
		break;
	case 2:
		q->pcr_mask ^= 1u << s->value % 24;
		break;
	case 3:
		q->banks = s->value % 3;
		break;
	case 4:
		q->sha1_bank = s->value & 1;
		break;
	case 5:
		q->trailing = s->value % 8;
		break;
	case 6:
		q->signature_trailing = s->value % 8;
		break;
	case 7:
		q->bend_signature = s->value & 1;
		break;
	case 8:
		q->hash = s->value & 1 ? TPM2_ALG_SHA1 : TPM2_ALG_SHA256;
		break;
	case 9:
		q->signer[s->where % q->signer_size] ^= s->value;
		break;
	case 10:
		q->extra[s->where % 32] ^= s->value;
		break;
	case 11:
		q->extra_size = s->value % QUOTE_EXTRA_MAX;
		break;
	case 12:
		q->firmware ^= s->value;
		q->reset_count ^= s->where;
		break;
	default:
		q->clock_safe = s->value & 1;
	}
}

/* What the verifier knows of the host, and what its policy wants of the CPU. */
static void change_host(struct fixture *f, const struct step4 *s)
{
	if (s->where & 1)
		host_use_nonce(&f->host, f->quote.extra, s->which % 33, s->value * 1000ull, 9000);
	if (s->where & 2)
		f->policy.cpu_required = s->value;
	if (s->where & 4)
		f->policy.audit_forbid = s->value << s->which % 8;
	if (s->where & 8)
		f->policy.firmware_count = 0;
}

/* A line of the launch log, which nothing measures: true, or not. */
static void add_hint(struct fixture *f, const struct step4 *s)
{
	const struct fixture_file *file = &f->files[s->which % f->file_count];
	const unsigned module = s->value % 8;
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];
	size_t room = sizeof(hints) - hint_bytes;
	int n;

	sha256(digest, file->image, strlen(file->image));
	hex_encode(hex, digest, sizeof(digest));
	if (s->where & 4)
		hex[0] = 'z';
	switch (s->where % 4) {
	case 0:
		n = snprintf(
			hints + hint_bytes, room, "module %u cmdline=%s\n", module, file->cmdline);
		break;
	case 1:
		n = snprintf(hints + hint_bytes, room, "module %u cmdline=%s tboot=0x1234\n",
			module, file->cmdline);
		break;
	case 2:
		n = snprintf(hints + hint_bytes, room, "module %u sha256=%s\n", module, hex);
		break;
	default:
		n = snprintf(hints + hint_bytes, room, "%*s%c", s->where & 8 ? 1500 : 1, file->name,
			s->value & 1 ? '\n' : 0);
	}
	if (n > 0 && (size_t)n < room)
		hint_bytes += (size_t)n;
}

static void measure(struct fixture *f, uint32_t type, const char *text)
{
	struct fixture_event *event = &f->measured.items[f->measured.count];

	if (f->measured.count == FIXTURE_EVENTS_MAX)
		return;
	f->measured.count++;
	*event = (struct fixture_event){.log = LOG_VMK,
		.pcr = semantics_pcr(type, f->launch),
		.type = type,
		.layer = "VMKERNEL",
		.data_size = (uint32_t)strlen(text) + 1};
	memcpy(event->data, text, event->data_size);
	sha256(event->digest, event->data, event->data_size);
	f->logged = f->measured;
	stale = true;
}

/* Records of the audit log, and what proves them. */
static void add_audit(struct fixture *f, const struct step4 *s)
{
	char hex[2 * DIGEST_SIZE + 1], text[160];

	for (unsigned i = 0; i < s->value % 8u; i++)
		paper_audit_add(&audit, 1 + (s->which + i) % (AUDIT_KIND_END - 1), s->value);
	if (s->where & 2 && audit.size)
		audit.bytes[s->value % audit.size] ^= s->which;
	if (!(s->where & 1))
		return;
	hex_encode(hex, audit.head, sizeof(audit.head));
	snprintf(text, sizeof(text), VMK_AUDIT_FORMAT, (unsigned long long)audit.records, hex);
	measure(f, VMK_EV_AUDIT, text);
}

/* What the last quote said, and what else the policy wants. */
static void change_past(struct fixture *f, const struct step4 *s)
{
	static uint64_t versions[2];

	f->host.seen = s->where & 1;
	f->host.reset_count = f->quote.reset_count + s->which % 3 - 1;
	f->host.restart_count = f->quote.restart_count + s->value % 3 - 1;
	f->host.firmware = f->quote.firmware ^ (s->where & 2);
	f->policy.secure_boot = s->where & 4;
	versions[0] = f->quote.firmware ^ (s->where & 8);
	versions[1] = f->quote.firmware ^ (s->where & 16);
	f->policy.firmware = versions;
	f->policy.firmware_count = s->value % 4 % 3;
	f->policy.pcr_mask ^= (s->where & 32u) << 15;
}

static const char *const kernel_texts[] = {
	"cpu protections=nx,smep,smap mitigated=none exposed=none smt=off",
	"cpu protections=nx,unheard mitigated=none exposed=none smt=off",
	"dma protection=on interrupts=on",
	"vm name=vm version=1 provider=merlon level=Certified "
	"sha256=0000000000000000000000000000000000000000000000000000000000000000",
	"cpu protections= mitigated=none exposed=none smt=off",
	"package name=x version=1 kind=module provider=merlon level=Certified sha256=00",
	"security execInstalledOnly=TRUE acceptanceLevel=None kaslr=TRUE wx=TRUE",
	"audit records=18446744073709551616 head="
	"0000000000000000000000000000000000000000000000000000000000000000",
	"audit records=x head=0000000000000000000000000000000000000000000000000000000000000000",
};
static const uint32_t kernel_types[] = {VMK_EV_CPU, VMK_EV_CPU, VMK_EV_DMA, VMK_EV_VM_IMAGE,
	VMK_EV_CPU, VMK_EV_PACKAGE, VMK_EV_SECURITY_OPTIONS, VMK_EV_AUDIT, VMK_EV_AUDIT};

/* More of what a machine says: {200 + what, which, where, value} */
static void change_more(struct fixture *f, const struct step4 *s)
{
	const size_t texts = sizeof(kernel_texts) / sizeof(*kernel_texts);
	struct fixture_event *event = &f->measured.items[s->which % f->measured.count];

	switch ((s->what - 200) % 9) {
	case 0:
		change_past(f, s);
		break;
	case 1:
		add_audit(f, s);
		break;
	case 2:
		measure(f, kernel_types[s->which % texts], kernel_texts[s->which % texts]);
		break;
	case 3: /* one event's data, in what is measured and said */
		event->data[s->where] = s->value;
		sha256(event->digest, event->data, event->data_size);
		f->logged = f->measured;
		stale = true;
		break;
	case 4: /* the registers as they are without a launch */
		settle(f);
		memset(f->pcrs[17 + s->which % 6], s->value, DIGEST_SIZE);
		break;
	case 5:
		event->data_size = s->where;
		sha256(event->digest, event->data, event->data_size);
		f->logged = f->measured;
		stale = true;
		break;
	case 7:
		for (unsigned i = 0; i < s->value; i++)
			host_use_nonce(&f->host, &s->which, 1, i * 10ull, 100000);
		break;
	case 6: /* many lines that nothing measures */
		for (unsigned i = 0; i < s->value; i++)
			add_hint(f, s);
		break;
	default:
		event->type = (s->where & 1 ? 0x80000000u : 0) | s->value;
		f->logged = f->measured;
	}
}

static void change(struct fixture *f, const struct step4 *s)
{
	if (s->what >= 200) {
		change_more(f, s);
		return;
	}
	switch (s->what % 10) {
	case 0:
		change_file(f, s);
		break;
	case 1:
	case 2:
		change_event(&f->logged, s);
		break;
	case 3:
		change_event(&f->measured, s);
		f->logged = f->measured;
		stale = true;
		break;
	case 4:
		add_event(f, s);
		stale = true;
		break;
	case 5:
		bend_quote(&f->quote, s);
		break;
	case 6:
		settle(f);
		f->pcrs[s->which % PCR_COUNT][s->where % DIGEST_SIZE] ^= s->value;
		break;
	case 7:
		change_host(f, s);
		break;
	case 8:
		add_hint(f, s);
		break;
	default:
		f->module_in_21 = s->value % 8;
		f->launch = s->where & 1 ? VMK_LAUNCH_SRTM : VMK_LAUNCH_DRTM;
		f->launched = s->where & 2;
		reboot(f);
	}
}

static void change_evidence(struct evidence *e, uint8_t how, uint8_t value)
{
	struct bytes *part = how & 1 ? &e->logs[value % LOG_EVENT_LOGS] : &e->logs[LOG_PCR_VALUES];

	if (how & 2)
		e->answered_ms += (uint64_t)value << 12;
	if (how & 4 && part->size)
		part->size -= value % part->size;
	if (how & 8)
		bytes_free(part);
	if (how & 16 && part->size)
		part->data[value * part->size / 256] ^= 1;
}

/* Each reason has words, and is found by its code: whatever the input is, so it is looked at once.
 */
static void check_reasons(void)
{
	static bool checked;

	if (checked)
		return;
	checked = true;
	for (unsigned i = 0; i <= REASON_COUNT; i++) {
		enum reason reason = (enum reason)i;

		if (reason_find(reason_code(reason)) != reason || !*reason_meaning(reason) ||
			!*reason_advice(reason))
			abort();
	}
	for (unsigned i = 0; i <= CHECK_COUNT; i++)
		if (!*check_name((enum check)i))
			abort();
	if (strcmp(step_mark_name(STEP_MARK_COUNT), "?") != 0)
		abort();
}

static void check_words(const struct appraisal *a, const struct evidence *e)
{
	char text[FAULT_TEXT];
	struct replay replay;

	check_reasons();
	for (size_t i = 0; i < a->steps.count; i++) {
		const struct step *step = &a->steps.items[i];
		struct fault fault = {0};

		explain_subject(step, e, &a->events, text, sizeof(text));
		explain(&fault, step, e, &a->events);
		if (!*step_mark_name(step->mark) || strlen(text) >= sizeof(text) ||
			(step->mark == STEP_MATCH && fault.reason != REASON_NONE))
			abort();
	}
	if (!*secure_boot_name(firmware_secure_boot(&a->events)) ||
		launch_name(semantics_launch(&a->events))[0] == '?')
		abort();
	replay_log(&replay, &a->events);
}

/* Other PCRs than it was asked for, and no lie about which: what is signed says the same. */
static void attest_to_others(struct fixture *f, uint8_t value)
{
	f->quote.pcr_mask ^= 1u << value % PCR_COUNT;
	fixture_attest(f);
	f->evidence.pcr_mask = f->quote.pcr_mask;
}

static void check_trust(const struct fixture *f, const struct fixture *honest, uint32_t policy_mask)
{
	if (f->evidence.pcr_mask != policy_mask)
		abort();
	for (unsigned i = 0; i < PCR_COUNT; i++)
		if (BOOT_PCRS & f->evidence.pcr_mask & 1u << i &&
			memcmp(f->pcrs[i], honest->pcrs[i], DIGEST_SIZE) != 0)
			abort();
	if (f->quote.bend_signature || f->quote.magic != honest->quote.magic ||
		f->quote.type != honest->quote.type || f->quote.trailing ||
		memcmp(f->quote.signer, honest->quote.signer, honest->quote.signer_size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture f;
	const struct fixture *honest;
	struct appraise_request request;
	struct appraisal a;
	struct step4 s;

	if (size < 3)
		return 0;
	honest = good(data[0] & 1);
	f = *honest;
	memset(&f.evidence, 0, sizeof(f.evidence));
	hint_bytes = 0;
	stale = false;
	paper_audit_start(&audit);
	for (size_t at = 3; at + STEP <= size && at < 3 + STEP * STEPS; at += STEP) {
		memcpy(&s, data + at, STEP);
		change(&f, &s);
	}
	settle(&f);
	if (data[1] & 32)
		attest_to_others(&f, data[2]);
	else
		fixture_attest(&f);
	f.evidence.logs[LOG_LAUNCH] = bytes_copy(hints, hint_bytes);
	if (audit.records)
		f.evidence.logs[LOG_AUDIT] = bytes_copy(audit.bytes, audit.size);
	if (data[1] & 128)
		f.evidence.logs[LOG_AK_PUB] =
			bytes_copy(f.host.ak_public.data, f.host.ak_public.size - (data[2] & 1));
	if (data[1] & 64)
		f.evidence.requested_ms = f.evidence.answered_ms + data[2];
	change_evidence(&f.evidence, data[1], data[2]);
	fixture_request(&f, &request);
	request.recorded = data[0] & 2;
	appraise(&a, &request);
	if (a.trusted)
		check_trust(&f, honest, request.policy->pcr_mask);
	else if (a.fault.reason == REASON_NONE || !reason_code(a.fault.reason))
		abort();
	check_words(&a, &f.evidence);
	appraisal_free(&a);
	evidence_free(&f.evidence);
	return 0;
}
