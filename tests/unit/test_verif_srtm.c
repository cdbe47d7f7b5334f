/* sources: attest/verifier/cpu.c */
/* sources: attest/verifier/audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: kernel/trust/evlog_read.c tests/vectors/fixture.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c tests/vectors/attack.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* A static launch appraised, and every way to cheat there that we know of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vmkapi/events.h>

#include "tests/vectors/attack.h"
#include "trust/tcg_events.h"
#include "verifier/firmware.h"

static void reboot(struct fixture *f)
{
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
}

static void flip_kernel(struct fixture *f)
{
	f->files[2].image[3] ^= 1;
	reboot(f);
}
static void flip_grub(struct fixture *f)
{
	f->files[0].image[3] ^= 1;
	reboot(f);
}
static void change_cmdline(struct fixture *f)
{
	strcat(f->files[2].cmdline, " x");
	reboot(f);
}
static void other_firmware(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->measured, TCG_EV_SEPARATOR);

	event->data[0] = 1;
	sha256(event->digest, event->data, event->data_size);
	f->logged = f->measured;
	fixture_extend(f);
}

/* A dynamic launch happened after the static one: the kernel that quotes is another. */
static void launch_later(struct fixture *f)
{
	memset(f->pcrs[17], 0x17, DIGEST_SIZE);
}
static void reset_drtm(struct fixture *f)
{
	memset(f->pcrs[20], 0, DIGEST_SIZE);
}
static void drop_log(struct fixture *f)
{
	bytes_free(&f->evidence.logs[LOG_TCG_BOOT]);
}
static void cut_log(struct fixture *f)
{
	f->evidence.logs[LOG_TCG_BOOT].size -= 3;
}
static void drop_event(struct fixture *f)
{
	fixture_remove(&f->logged, fixture_find(&f->logged, TCG_EV_IPL));
}
static void extend_silently(struct fixture *f)
{
	memset(f->pcrs[13], 0x13, DIGEST_SIZE);
}
/* The log says what a good boot would, the TPM what there was. */
static void tell_the_golden_story(struct fixture *f)
{
	struct fixture_events good = f->logged;

	flip_kernel(f);
	f->logged = good;
}
static void lie_about_a_command(struct fixture *f)
{
	for (size_t i = 0; i < f->logged.count; i++) {
		if (f->logged.items[i].pcr == GRUB_PCR_COMMANDS) {
			f->logged.items[i].data[12] ^= 1;
			return;
		}
	}
}
static void lie_about_secure_boot(struct fixture *f)
{
	fixture_find(&f->logged, TCG_EV_EFI_VARIABLE_DRIVER_CONFIG)->data[52] = 0;
}
static void firmware_in_our_pcr(struct fixture *f)
{
	fixture_find(&f->measured, TCG_EV_SEPARATOR)->pcr = 13;
	f->logged = f->measured;
	fixture_extend(f);
}
/* The kernel's events where a dynamic launch has them. */
static void drtm_pretended(struct fixture *f)
{
	for (size_t i = 0; i < f->measured.count; i++) {
		if (f->measured.items[i].log == LOG_VMK)
			f->measured.items[i].pcr = f->measured.items[i].pcr == 14 ? 21 : 19;
	}
	f->logged = f->measured;
	fixture_extend(f);
}
static void replayed_nonce(struct fixture *f)
{
	f->quote.extra[0] ^= 1;
}
static void secure_boot_off(struct fixture *f)
{
	struct fixture_event *event = fixture_find(&f->measured, TCG_EV_EFI_VARIABLE_DRIVER_CONFIG);

	event->data[52] = 0;
	sha256(event->digest, event->data, event->data_size);
	f->logged = f->measured;
	fixture_extend(f);
	/* The policy knows this firmware, but wants the switch on all the same. */
	for (size_t i = 0; i < f->policy.event_count; i++) {
		if (f->policy.events[i].type == TCG_EV_EFI_VARIABLE_DRIVER_CONFIG)
			memcpy(f->policy.events[i].digest, event->digest, DIGEST_SIZE);
	}
	f->policy.secure_boot = true;
}
static void secure_boot_wanted(struct fixture *f)
{
	f->policy.secure_boot = true;
}

static const struct attack attacks[] = {
	{"a good host", NULL, NULL, REASON_NONE, ""},
	{"a good host with Secure Boot wanted", secure_boot_wanted, NULL, REASON_NONE, ""},
	{"another kernel", flip_kernel, NULL, REASON_EVENT_MISMATCH, "vmkernel.elf"},
	{"another GRUB", flip_grub, NULL, REASON_EVENT_MISMATCH, "grub.efi"},
	{"another command line", change_cmdline, NULL, REASON_EVENT_MISMATCH, "vmkernel.elf"},
	{"another firmware", other_firmware, NULL, REASON_EVENT_MISMATCH, "SEPARATOR"},
	{"a dynamic launch after the static one", launch_later, NULL, REASON_WRONG_LAUNCH,
		"PCR 17"},
	{"PCR 20 reset", reset_drtm, NULL, REASON_WRONG_LAUNCH, "PCR 20"},
	{"no firmware log", NULL, drop_log, REASON_LOG_REQUIRED, "tcg-boot"},
	{"a firmware log cut short", NULL, cut_log, REASON_LOG_TRUNCATED, "tcg-boot"},
	{"a firmware log with a gap", drop_event, NULL, REASON_REPLAY_MISMATCH, ""},
	{"a PCR that no log speaks of", extend_silently, NULL, REASON_PCR_NOT_COVERED, "PCR 13"},
	{"the log of a good boot", tell_the_golden_story, NULL, REASON_REPLAY_MISMATCH, "PCR 9"},
	{"another command in the log's text", lie_about_a_command, NULL, REASON_EVENT_SEMANTICS,
		"PCR 8"},
	{"Secure Boot told otherwise", lie_about_secure_boot, NULL, REASON_EVENT_SEMANTICS,
		"EFI_VARIABLE_DRIVER_CONFIG"},
	{"a firmware event in the kernel's PCR", firmware_in_our_pcr, NULL, REASON_EVENT_SEMANTICS,
		"PCR 13"},
	{"a static launch that pretends to be dynamic", drtm_pretended, NULL, REASON_WRONG_LAUNCH,
		"PCR 19"},
	{"an old quote", replayed_nonce, NULL, REASON_NONCE_MISMATCH, ""},
	{"Secure Boot off where it is wanted", secure_boot_off, NULL, REASON_SECURE_BOOT,
		"Secure Boot"},
};

/* Neither launch is accepted by a policy of the other, whatever was asked for. */
static void policies_do_not_mix(void **state)
{
	struct fixture *one = must_alloc(1, sizeof(*one)), *other = must_alloc(1, sizeof(*other));
	struct appraise_request request;
	struct appraisal a;

	fixture_init_static(one);
	fixture_init(other);
	fixture_attest(one);
	fixture_request(one, &request);
	request.policy = &other->policy;
	appraise(&a, &request);
	assert_int_equal(a.fault.reason, REASON_SELECTION_MISMATCH);
	appraisal_free(&a);
	/* Asked for what a dynamic launch has, a host without one shows ones. */
	one->quote.pcr_mask = FIXTURE_PCR_MASK;
	fixture_attest(one);
	one->evidence.pcr_mask = FIXTURE_PCR_MASK;
	appraise(&a, &request);
	assert_int_equal(a.fault.reason, REASON_NOT_LAUNCHED);
	appraisal_free(&a);
	/* And a host with one, asked for a static launch, is another than the policy means. */
	other->quote.pcr_mask = FIXTURE_STATIC_PCR_MASK;
	fixture_attest(other);
	other->evidence.pcr_mask = FIXTURE_STATIC_PCR_MASK;
	fixture_request(other, &request);
	request.policy = &one->policy;
	appraise(&a, &request);
	assert_int_equal(a.fault.reason, REASON_WRONG_LAUNCH);
	appraisal_free(&a);
	fixture_free(one);
	fixture_free(other);
	free(one);
	free(other);
}

int main(void)
{
	const struct CMUnitTest more[] = {cmocka_unit_test(policies_do_not_mix)};
	const size_t count = sizeof(attacks) / sizeof(attacks[0]);

	return attacks_run(fixture_init_static, attacks, count) +
	       cmocka_run_group_tests(more, NULL, NULL);
}
