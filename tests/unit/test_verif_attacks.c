/* sources: kernel/trust/evlog_read.c tests/vectors/fixture.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c kernel/lib/keyval.c kernel/trust/audit_read.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* sources: attest/verifier/cpu.c attest/verifier/audit.c attest/verifier/firmware.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* Every way to cheat an appraisal that we know of: the reason that must come out, and its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vmkapi/events.h>

#include "tests/vectors/fixture.h"
#include "verifier/cpu.h"

struct attack {
	const char *name;
	void (*before)(struct fixture *f); /* changes host, TPM or what the quote will say */
	void (*after)(struct fixture *f);  /* changes evidence that was honestly made */
	enum reason reason;
	const char *names; /* must occur in the words */
};

/* The host boots what its files are now, honestly. */
static void reboot(struct fixture *f)
{
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
}

/* --- files */

static void flip(struct fixture *f, size_t file)
{
	f->files[file].image[3] ^= 1;
	reboot(f);
}
static void flip_sinit(struct fixture *f)
{
	flip(f, 0);
}
static void flip_tboot(struct fixture *f)
{
	flip(f, 1);
}
static void flip_kernel(struct fixture *f)
{
	flip(f, 2);
}
static void flip_driver(struct fixture *f)
{
	flip(f, 3);
}
static void flip_agent(struct fixture *f)
{
	flip(f, 4);
}
static void flip_config(struct fixture *f)
{
	flip(f, 5);
}
static void flip_tboot_cmdline(struct fixture *f)
{
	f->files[1].cmdline[0] ^= 1;
	reboot(f);
}
static void flip_kernel_cmdline(struct fixture *f)
{
	f->files[2].cmdline[4] ^= 1;
	reboot(f);
}
static void report_cmdlines(struct fixture *f)
{
	char text[256];
	int size = snprintf(text, sizeof(text),
		"measured launch\nmodule 0 cmdline=%s tboot=0x1000\n", f->files[2].cmdline);

	f->evidence.logs[LOG_LAUNCH] = bytes_copy(text, (size_t)size);
}
static void remove_agent(struct fixture *f)
{
	f->files[4] = f->files[5];
	f->file_count = 5;
	reboot(f);
}
static void add_module(struct fixture *f)
{
	f->files[6] = f->files[3];
	strcpy(f->files[6].name, "rootkit.vpk");
	strcpy(f->files[6].image, "image of rootkit.vpk");
	f->file_count = 7;
	reboot(f);
}
static void swap_modules(struct fixture *f)
{
	struct fixture_file saved = f->files[3];

	f->files[3] = f->files[4];
	f->files[4] = saved;
	reboot(f);
}
static void add_event(struct fixture *f, enum vmk_event_type type, const char *text)
{
	struct fixture_event *event = &f->measured.items[f->measured.count++];

	*event = (struct fixture_event){
		.log = LOG_VMK, .pcr = 19, .type = (uint32_t)type, .layer = "VMKERNEL"};
	event->data_size = (uint32_t)strlen(text) + 1;
	memcpy(event->data, text, event->data_size);
	sha256(event->digest, event->data, event->data_size);
	f->logged = f->measured;
	fixture_extend(f);
}
static void add_runtime_package(struct fixture *f, const char *text)
{
	add_event(f, VMK_EV_PACKAGE, text);
}
static void measure_cpu(struct fixture *f, const char *text)
{
	add_event(f, VMK_EV_CPU, text);
}
static void cpu_measured(struct fixture *f)
{
	measure_cpu(f, "cpu protections=nx,smep mitigated=none exposed=its smt=off");
}
static void cpu_measured_twice(struct fixture *f)
{
	cpu_measured(f);
	measure_cpu(f, "cpu protections=nx,smep,smap mitigated=none exposed=its smt=off");
}
static void cpu_measured_badly(struct fixture *f)
{
	measure_cpu(f, "cpu protections=nx,smep smt=off");
}
static void demand_smep(struct fixture *f)
{
	cpu_measured(f);
	f->policy.cpu_required = cpu_protection_bit("smep");
}
static void demand_smap(struct fixture *f)
{
	cpu_measured(f);
	f->policy.cpu_required = cpu_protection_bit("smep") | cpu_protection_bit("smap");
}
static void demand_of_the_silent(struct fixture *f)
{
	f->policy.cpu_required = cpu_protection_bit("nx");
}
static void load_allowed_late(struct fixture *f)
{
	add_runtime_package(f, FIXTURE_LATE_PACKAGE);
}
static void load_allowed_twice(struct fixture *f)
{
	add_runtime_package(f, FIXTURE_LATE_PACKAGE);
	add_runtime_package(f, FIXTURE_LATE_PACKAGE);
}
static void load_stranger_late(struct fixture *f)
{
	char text[] = FIXTURE_LATE_PACKAGE;

	memcpy(strstr(text, "late"), "evil", 4);
	add_runtime_package(f, text);
}

/* --- launch */

static void never_launched(struct fixture *f)
{
	f->measured.count = f->logged.count = 0;
	f->launched = false;
	fixture_extend(f);
}
static void never_launched_golden_log(struct fixture *f)
{
	f->measured.count = 0;
	f->launched = false;
	fixture_extend(f);
}
static void reset_without_event(struct fixture *f)
{
	f->measured.count = f->logged.count = 0;
	fixture_extend(f);
}
static void drop_logs(struct fixture *f)
{
	bytes_free(&f->evidence.logs[LOG_TXT_DRTM]);
	bytes_free(&f->evidence.logs[LOG_VMK]);
}

/* --- the quote */

static void wrong_magic(struct fixture *f)
{
	f->quote.magic = 0xff544348;
}
static void certify(struct fixture *f)
{
	f->quote.type = TPM2_ST_ATTEST_CERTIFY;
}
static void trailing(struct fixture *f)
{
	f->quote.trailing = 4;
}
static void cut_attest(struct fixture *f)
{
	f->evidence.attest.size -= 1;
}
static void empty_attest(struct fixture *f)
{
	f->evidence.attest.size = 0;
}
static void signature_trailing(struct fixture *f)
{
	f->quote.signature_trailing = 1;
}
static void bend_signature(struct fixture *f)
{
	f->quote.bend_signature = true;
}
static void bend_attest(struct fixture *f)
{
	f->evidence.attest.data[f->evidence.attest.size - 1] ^= 1;
}
static void sha1_signature(struct fixture *f)
{
	f->quote.hash = TPM2_ALG_SHA1;
}
static void old_nonce(struct fixture *f)
{
	f->quote.extra[0] ^= 1;
}
static void short_nonce(struct fixture *f)
{
	f->quote.extra_size = 16;
}
static void no_nonce(struct fixture *f)
{
	f->quote.extra_size = 0;
}
static void channel_binding_unasked(struct fixture *f)
{
	f->evidence.qd_version = 1;
}
static void answered_before(struct fixture *f)
{
	host_use_nonce(&f->host, f->evidence.nonce, f->evidence.nonce_size, 999000, 60000);
}
static void answered_late(struct fixture *f)
{
	f->evidence.answered_ms = f->evidence.requested_ms + APPRAISE_MAX_AGE_MS + 1;
}
static void answered_in_the_past(struct fixture *f)
{
	f->evidence.answered_ms = f->evidence.requested_ms - 1;
}
static void fewer_pcrs(struct fixture *f)
{
	f->quote.pcr_mask = 0x060000;
}
static void two_banks(struct fixture *f)
{
	f->quote.banks = 2;
}
static void no_bank(struct fixture *f)
{
	f->quote.banks = 0;
}
static void sha1_bank(struct fixture *f)
{
	f->quote.sha1_bank = true;
}
static void challenge_other_pcrs(struct fixture *f)
{
	f->quote.pcr_mask = 0x1e0000;
	f->evidence.pcr_mask = 0x1e0000;
}
/* PCR 23 can be reset at will: golden PCR 17 is replayed into it and offered as PCR 17. */
static void relabel_23(struct fixture *f)
{
	memcpy(f->pcrs[23], f->pcrs[17], DIGEST_SIZE);
	memset(f->pcrs[17], 0xff, DIGEST_SIZE);
	f->quote.pcr_mask = (FIXTURE_PCR_MASK & ~(1u << 17)) | 1u << 23;
}
static void relabel_23_values(struct fixture *f)
{
	memcpy(f->evidence.logs[LOG_PCR_VALUES].data + 17 * DIGEST_SIZE, f->pcrs[23], DIGEST_SIZE);
}
static void invent_values(struct fixture *f)
{
	f->pcrs[19][0] ^= 1;
}
static void restore_values(struct fixture *f)
{
	f->evidence.logs[LOG_PCR_VALUES].data[19 * DIGEST_SIZE] ^= 1;
}
static void drop_values(struct fixture *f)
{
	bytes_free(&f->evidence.logs[LOG_PCR_VALUES]);
}

/* --- the key */

static EVP_PKEY *stranger;
static struct bytes stranger_public;

static void make_stranger(void)
{
	EVP_PKEY_free(stranger);
	bytes_free(&stranger_public);
	stranger = fixture_key(&stranger_public, FIXTURE_AK_ATTRIBUTES);
}
static void other_key_signs(struct fixture *f)
{
	make_stranger();
	f->quote.signing_key = stranger;
}
static void other_key_quotes(struct fixture *f)
{
	struct fault fault;
	struct key key;

	other_key_signs(f);
	assert_true(key_load(&key, &stranger_public, "stranger", &fault));
	f->quote.signer_size = key_qualified_name(&key, NULL, f->quote.signer);
	key_free(&key);
}
static void offer_other_key(struct fixture *f)
{
	make_stranger();
	f->evidence.logs[LOG_AK_PUB] = bytes_copy(stranger_public.data, stranger_public.size);
}
/* An unrestricted key signs whatever it is given, a made-up attestation too. */
static void enroll_with(struct fixture *f, uint32_t attributes)
{
	struct fault fault;

	key_free(&f->ak);
	EVP_PKEY_free(f->ak_private);
	bytes_free(&f->host.ak_public);
	f->ak_private = fixture_key(&f->host.ak_public, attributes);
	assert_true(key_load(&f->ak, &f->host.ak_public, "key", &fault));
	f->quote.signing_key = f->ak_private;
	f->quote.signer_size = key_qualified_name(&f->ak, NULL, f->quote.signer);
}
static void unrestricted_key(struct fixture *f)
{
	enroll_with(f, FIXTURE_AK_ATTRIBUTES & ~TPMA_OBJECT_RESTRICTED);
}
static void imported_key(struct fixture *f)
{
	enroll_with(f, FIXTURE_AK_ATTRIBUTES & ~TPMA_OBJECT_SENSITIVEDATAORIGIN);
}
static void roaming_key(struct fixture *f)
{
	enroll_with(f, FIXTURE_AK_ATTRIBUTES & ~TPMA_OBJECT_FIXEDTPM);
}

/* --- firmware */

static uint64_t allowed_firmware[1] = {0x1234};

static void restrict_firmware(struct fixture *f)
{
	f->policy.firmware = must_alloc(1, sizeof(uint64_t));
	f->policy.firmware[0] = allowed_firmware[0];
	f->policy.firmware_count = 1;
}

/* --- the log */

static void truncate_mid_record(struct fixture *f)
{
	f->evidence.logs[LOG_VMK].size -= 5;
}
static void truncate_last_record(struct fixture *f)
{
	f->logged.count--;
}
static void truncate_all_vmk(struct fixture *f)
{
	while (f->logged.items[f->logged.count - 1].log == LOG_VMK)
		f->logged.count--;
}
static void bend_header(struct fixture *f)
{
	f->evidence.logs[LOG_TXT_DRTM].data[32] ^= 1;
}
static void pad_log(struct fixture *f)
{
	struct bytes *log = &f->evidence.logs[LOG_TXT_DRTM];

	log->data = realloc(log->data, log->size + 64);
	memset(log->data + log->size, 0, 64);
	log->size += 64;
}
static void reorder_log(struct fixture *f)
{
	struct fixture_event *a = fixture_find(&f->logged, (uint32_t)VMK_EV_PACKAGE);
	struct fixture_event saved = *a;

	*a = a[1];
	a[1] = saved;
}
static void drop_from_middle(struct fixture *f)
{
	fixture_remove(&f->logged, fixture_find(&f->logged, (uint32_t)VMK_EV_PACKAGE));
}
static void insert_into_log(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->logged, (uint32_t)VMK_EV_SECURITY_OPTIONS);
	size_t after = f->logged.count - (size_t)(event - f->logged.items);

	memmove(event + 1, event, after * sizeof(*event));
	f->logged.count++;
	event[1].digest[0] ^= 1;
}
/* Something was extended into a PCR of which no log speaks. */
static void extend_silently(struct fixture *f)
{
	memset(f->pcrs[22], 0x5a, DIGEST_SIZE);
}
/* Types are not measured. */
static void retype(struct fixture *f, uint32_t from, uint32_t to)
{
	fixture_find(&f->logged, from)->type = to;
}
static void retype_start(struct fixture *f)
{
	retype(f, 0x402, 0x40d);
}
static void retype_mle(struct fixture *f)
{
	retype(f, 0x404, 0x410);
}
static void retype_package(struct fixture *f)
{
	retype(f, (uint32_t)VMK_EV_PACKAGE, (uint32_t)VMK_EV_BOOT_COMPLETE);
}
static void second_start(struct fixture *f)
{
	retype(f, 0x412, 0x402);
}
static void spoof_data(struct fixture *f)
{
	fixture_find(&f->logged, 0x40a)->data[5] ^= 1;
}
/* The kernel's text names a harmless package, the digest is another one's. */
static void spoof_text(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->logged, (uint32_t)VMK_EV_PACKAGE);

	event->data[event->data_size - 2] ^= 1;
}
static void tboot_with_data(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->logged, 0x501);

	memcpy(event->data, "trust me", 8);
	event->data_size = 8;
}
static void sinit_event_in_vmk(struct fixture *f)
{
	fixture_find(&f->logged, (uint32_t)VMK_EV_SECURITY_OPTIONS)->type = 0x40d;
}
/* Ring 0 of another kernel resets PCR 20 to 22 and replays what the policy wants there. */
static void other_kernel_golden_claims(struct fixture *f)
{
	f->files[2].image[0] ^= 1;
	reboot(f);
	memcpy(f->pcrs[20], f->policy.pcrs[20], DIGEST_SIZE);
	memcpy(f->pcrs[21], f->policy.pcrs[21], DIGEST_SIZE);
}
/* PCR 21 was reset after the boot, and extended with less than the log says. */
static void reset_and_extend_less(struct fixture *f)
{
	uint8_t digest[DIGEST_SIZE] = {1};
	struct replay replay;

	replay_start(&replay, true);
	replay_extend(&replay, 21, digest);
	memcpy(f->pcrs[21], replay.pcr[21], DIGEST_SIZE);
}
static void log_after_quote(struct fixture *f)
{
	struct fixture_events measured = f->measured;

	load_stranger_late(f);
	f->measured = measured;
	fixture_extend(f);
}

static const struct attack attacks[] = {
	{"nothing at all", NULL, NULL, REASON_NONE, ""},
	{"an allowed module at run time", load_allowed_late, NULL, REASON_NONE, ""},
	{"no unsigned PCR values", NULL, drop_values, REASON_NONE, ""},
	{"a module logged after the quote", log_after_quote, NULL, REASON_NONE, ""},

	{"SINIT flipped", flip_sinit, NULL, REASON_EVENT_MISMATCH, "sinit.bin"},
	{"tboot flipped", flip_tboot, NULL, REASON_EVENT_MISMATCH, "tboot.gz"},
	{"tboot's command line", flip_tboot_cmdline, NULL, REASON_EVENT_MISMATCH, "tboot.gz"},
	{"kernel flipped", flip_kernel, NULL, REASON_EVENT_MISMATCH,
		"module 0 (vmkernel.elf): image or command line"},
	{"kernel flipped, command line reported", flip_kernel, report_cmdlines,
		REASON_EVENT_MISMATCH, "module 0 (vmkernel.elf): image (the host"},
	{"kernel's command line", flip_kernel_cmdline, NULL, REASON_EVENT_MISMATCH,
		"module 0 (vmkernel.elf): image or command line"},
	{"kernel's command line, reported", flip_kernel_cmdline, report_cmdlines,
		REASON_EVENT_MISMATCH, "module 0 (vmkernel.elf): command line"},
	{"driver flipped", flip_driver, NULL, REASON_EVENT_MISMATCH, "module 1 (e1000.vpk): image"},
	{"agent flipped", flip_agent, NULL, REASON_EVENT_MISMATCH, "module 2 (agent.vpk): image"},
	{"configuration flipped", flip_config, NULL, REASON_EVENT_MISMATCH,
		"module 3 (host.vpk): image"},
	{"module removed", remove_agent, NULL, REASON_EVENT_MISSING, "agent.vpk"},
	{"module added", add_module, NULL, REASON_EVENT_UNEXPECTED, "TB_MEASUREMENT"},
	{"modules swapped", swap_modules, NULL, REASON_EVENT_ORDER, "vpk"},
	{"an unknown module at run time", load_stranger_late, NULL, REASON_EVENT_UNEXPECTED,
		"evil"},
	{"what the CPU protects with", cpu_measured, NULL, REASON_NONE, ""},
	{"that twice", cpu_measured_twice, NULL, REASON_EVENT_UNEXPECTED, "CPU"},
	{"that in other words", cpu_measured_badly, NULL, REASON_EVENT_SEMANTICS, "CPU"},
	{"a CPU as the policy wants it", demand_smep, NULL, REASON_NONE, ""},
	{"a CPU without what the policy wants", demand_smap, NULL, REASON_CPU_PROTECTION,
		"CPU: smap"},
	{"a kernel that says nothing of its CPU", demand_of_the_silent, NULL, REASON_CPU_PROTECTION,
		"CPU: nx"},
	{"an allowed module twice", load_allowed_twice, NULL, REASON_EVENT_UNEXPECTED, "late"},

	{"never launched", never_launched, NULL, REASON_NOT_LAUNCHED, "PCR 17"},
	{"never launched, no logs", never_launched, drop_logs, REASON_NOT_LAUNCHED, "PCR 17"},
	{"never launched, golden log", never_launched_golden_log, NULL, REASON_NOT_LAUNCHED,
		"PCR 17"},
	{"reset from locality 4 without an event", reset_without_event, NULL, REASON_NOT_LAUNCHED,
		"PCR 17"},
	{"launched, no logs", NULL, drop_logs, REASON_LOG_REQUIRED, "txt-drtm"},

	{"wrong magic", wrong_magic, NULL, REASON_BAD_MAGIC, "magic"},
	{"type CERTIFY", certify, NULL, REASON_NOT_A_QUOTE, "type"},
	{"trailing bytes", trailing, NULL, REASON_TRAILING_BYTES, "attestation"},
	{"attestation cut", NULL, cut_attest, REASON_MALFORMED, "attestation"},
	{"attestation empty", NULL, empty_attest, REASON_MALFORMED, "attestation"},
	{"bytes behind the signature", signature_trailing, NULL, REASON_TRAILING_BYTES,
		"signature"},
	{"signature bent", bend_signature, NULL, REASON_BAD_SIGNATURE, "signature"},
	{"attestation bent", NULL, bend_attest, REASON_BAD_SIGNATURE, "signature"},
	{"SHA-1 signature", sha1_signature, NULL, REASON_ALGORITHM, "scheme"},
	{"old nonce", old_nonce, NULL, REASON_NONCE_MISMATCH, "extraData"},
	{"half a nonce", short_nonce, NULL, REASON_NONCE_MISMATCH, "extraData"},
	{"no nonce", no_nonce, NULL, REASON_NONCE_MISMATCH, "extraData"},
	{"another qualifying-data version", NULL, channel_binding_unasked, REASON_NONCE_MISMATCH,
		"extraData"},
	{"a nonce used twice", NULL, answered_before, REASON_NONCE_REUSED, "nonce"},
	{"an answer too late", NULL, answered_late, REASON_NONCE_EXPIRED, "age"},
	{"an answer before its question", NULL, answered_in_the_past, REASON_NONCE_EXPIRED, "age"},
	{"fewer PCRs", fewer_pcrs, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"a second bank", two_banks, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"no bank", no_bank, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"the SHA-1 bank", sha1_bank, NULL, REASON_SELECTION_MISMATCH, "pcrSelect"},
	{"a challenge that is not the policy's", challenge_other_pcrs, challenge_other_pcrs,
		REASON_SELECTION_MISMATCH, "challenge"},
	{"PCR 23 relabelled as 17", relabel_23, relabel_23_values, REASON_SELECTION_MISMATCH,
		"pcrSelect"},
	{"invented PCR values", invent_values, restore_values, REASON_PCR_DIGEST_MISMATCH,
		"pcrDigest"},

	{"another key's signature", other_key_signs, NULL, REASON_BAD_SIGNATURE, "signature"},
	{"another key's quote", other_key_quotes, NULL, REASON_UNKNOWN_KEY, "qualifiedSigner"},
	{"another key on offer", NULL, offer_other_key, REASON_UNKNOWN_KEY, "attestation key"},
	{"an unrestricted key", unrestricted_key, NULL, REASON_KEY_ATTRIBUTES, "attestation key"},
	{"an imported key", imported_key, NULL, REASON_KEY_ATTRIBUTES, "attestation key"},
	{"a key that may leave its TPM", roaming_key, NULL, REASON_KEY_ATTRIBUTES,
		"attestation key"},
	{"firmware not on the list", restrict_firmware, NULL, REASON_FIRMWARE_VERSION, "firmware"},

	{"log cut inside a record", NULL, truncate_mid_record, REASON_LOG_TRUNCATED, "log vmk"},
	{"log cut between records", truncate_last_record, NULL, REASON_LOG_TRUNCATED,
		"BOOT_COMPLETE"},
	{"kernel's log emptied", truncate_all_vmk, NULL, REASON_PCR_NOT_COVERED, "PCR 19"},
	{"log header bent", NULL, bend_header, REASON_LOG_MALFORMED, "log txt-drtm"},
	{"log padded", NULL, pad_log, REASON_LOG_MALFORMED, "log txt-drtm"},
	{"log reordered", reorder_log, NULL, REASON_REPLAY_MISMATCH, "agent.vpk"},
	{"log with a gap", drop_from_middle, NULL, REASON_REPLAY_MISMATCH, "agent.vpk"},
	{"log with an event too many", insert_into_log, NULL, REASON_REPLAY_MISMATCH,
		"SECURITY_OPTIONS"},
	{"a PCR that no log speaks of", extend_silently, NULL, REASON_PCR_NOT_COVERED, "PCR 22"},
	{"PCR 21 reset and extended with less", reset_and_extend_less, NULL, REASON_REPLAY_MISMATCH,
		"PCR 21"},
	{"PCR 20, 21 reset by another kernel", other_kernel_golden_claims, NULL,
		REASON_EVENT_MISMATCH, "vmkernel.elf"},
	{"HASH_START under another type", retype_start, NULL, REASON_EVENT_SEMANTICS,
		"ELEMENTS_HASH"},
	{"MLE_HASH under another type", retype_mle, NULL, REASON_EVENT_SEMANTICS, "tboot.gz"},
	{"package as boot complete", retype_package, NULL, REASON_EVENT_SEMANTICS, "BOOT_COMPLETE"},
	{"a second HASH_START", second_start, NULL, REASON_EVENT_SEMANTICS, "HASH_START"},
	{"SINIT event with other data", spoof_data, NULL, REASON_EVENT_SEMANTICS,
		"BIOSAC_REG_DATA"},
	{"kernel event with other text", spoof_text, NULL, REASON_EVENT_SEMANTICS, "e1000.vpk"},
	{"tboot event with data", tboot_with_data, NULL, REASON_EVENT_SEMANTICS, "TB_MEASUREMENT"},
	{"SINIT event in the kernel's log", sinit_event_in_vmk, NULL, REASON_EVENT_SEMANTICS,
		"ELEMENTS_HASH"},
};

static void run_attack(void **state)
{
	const struct attack *attack = *state;
	struct fixture *f = must_alloc(1, sizeof(*f));
	struct appraise_request request;
	struct appraisal a;

	fixture_init(f);
	if (attack->before)
		attack->before(f);
	fixture_attest(f);
	if (attack->after)
		attack->after(f);
	fixture_request(f, &request);
	appraise(&a, &request);
	if (a.fault.reason != attack->reason || !strstr(a.fault.what, attack->names))
		fail_msg("reason %s, what \"%s\", expected \"%s\", found \"%s\"",
			reason_code(a.fault.reason), a.fault.what, a.fault.expected, a.fault.found);
	assert_int_equal(a.trusted, attack->reason == REASON_NONE);
	assert_int_equal(a.states[a.failed], a.trusted ? CHECK_PASSED : CHECK_FAILED);
	appraisal_free(&a);
	fixture_free(f);
	free(f);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(attacks) / sizeof(attacks[0])];
	int failed;

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		tests[i] = (struct CMUnitTest){.name = attacks[i].name,
			.test_func = run_attack,
			.initial_state = (void *)&attacks[i]};
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(stranger);
	bytes_free(&stranger_public);
	return failed;
}
