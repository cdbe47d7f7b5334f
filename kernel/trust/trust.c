#include "trust/trust.h"
#include "trust/security.h"

#include "arch/x86/power.h"
#include "boot/entropy.h"
#include "boot/boot_info.h"
#include "lib/lock.h"
#include "lib/wipe.h"
#include "mem/heap.h"
#include "trust/audit.h"
#include "trust/edge.h"
#include "trust/hash.h"
#include "trust/state.h"

#include <stdio.h>
#include <string.h>

#define LOG_MODULE "Trust"
#include "lib/log.h"

#define VMK_LOG_ROOM     (64u << 10)
#define VMK_LOG_ROOM_MAX (2u << 20) /* what a verifier takes of a log */
#define SEED_BYTES       32u
/* Where the firmware left several, as after a warm start. */
#define FIRMWARE_LOGS_TRIED 8u

struct trust_state trust_state;

static struct spinlock lock = SPINLOCK(LOCK_TRUST);
static bool busy;
static void (*hold_hook)(bool holds);

static bool try_acquire(void)
{
	uint64_t saved = spin_lock(&lock);
	bool mine = !busy;

	busy = true;
	spin_unlock(&lock, saved);
	return mine;
}

void trust_acquire(void)
{
	while (!try_acquire())
		edge_pause();
	if (hold_hook)
		hold_hook(true);
}

void trust_release(void)
{
	uint64_t saved = spin_lock(&lock);

	busy = false;
	spin_unlock(&lock, saved);
	if (hold_hook)
		hold_hook(false);
}

void trust_set_wait(void (*yield)(void), void (*hold)(bool holds))
{
	edge_set_wait(yield);
	hold_hook = hold;
}

/* PCR 17 to 22 can be extended from locality 2 and up only: PTP 1.05 table 6. */
static enum vmk_status extend(
	void *device, unsigned pcr, const uint8_t sha1[20], const uint8_t sha256[32])
{
	struct tpm *tpm = device;
	enum vmk_status status = tpm_locality(tpm, pcr >= 17 ? 2 : 0);

	if (status == VMK_OK)
		status = tpm_pcr_extend(tpm, pcr, sha1, sha256);
	tpm_locality(tpm, 0);
	return status;
}

static const struct measure_ops measure_ops = {.extend = extend};

/*
 * At power-off the caller has stopped every other CPU: nobody is waited for. Activated credentials
 * have passed through these buffers.
 */
static void leave(void)
{
	struct trust_state *s = &trust_state;

	edge_set_wait(NULL);
	if (s->tpm_ready)
		tpm_shutdown(&s->tpm);
	tpm_wipe(&s->tpm);
	wipe(&s->tcti.response, sizeof(s->tcti.response));
	s->tpm_ready = false;
}

static enum vmk_status tpm_failed(enum vmk_status status, const char *why, TSS2_RC rc)
{
	struct trust_state *s = &trust_state;

	if (rc)
		snprintf(s->tpm_error, sizeof(s->tpm_error), "%s (0x%x)", why, rc);
	else
		snprintf(s->tpm_error, sizeof(s->tpm_error), "%s", why);
	if (s->tpm_present)
		vmk_warn("Error loading TPM: %s", s->tpm_error);
	else
		vmk_log("Error loading TPM: %s", s->tpm_error);
	return status;
}

/* The interface is the firmware's choice, and the same register tells of both. */
static enum vmk_status probe(void *device)
{
	struct trust_state *s = &trust_state;
	uint32_t id = edge_tis_ops.read32(device, TPM_INTERFACE_ID);

	if (id == UINT32_MAX || TPM_INTERFACE_TYPE(id) != TPM_INTERFACE_CRB) {
		s->transport = tis_transport(&s->tis);
		return tis_probe(&s->tis, &edge_tis_ops, device);
	}
	s->transport = crb_transport(&s->crb);
	return crb_probe(&s->crb, &edge_crb_ops, device, boot_info->tpm2.start_method);
}

static const char *transport_why(void)
{
	return trust_state.transport.ops->why(trust_state.transport.driver);
}

static enum vmk_status find_tpm(void)
{
	struct trust_state *s = &trust_state;
	enum vmk_status status;
	void *device;

	status = edge_map_tpm(&device);
	if (status != VMK_OK)
		return tpm_failed(status, "its registers cannot be mapped", 0);
	status = probe(device);
	s->tpm_present = status != VMK_NOT_PRESENT;
	if (status != VMK_OK)
		return tpm_failed(status, transport_why(), 0);
	status = tpm_open(&s->tpm, tcti_init(&s->tcti, s->transport), edge_pause);
	/* When the transport failed, the driver knows better than the wrapper what it was. */
	if (status != VMK_OK && (s->tpm.rc & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER)
		return tpm_failed(status, transport_why(), 0);
	if (status != VMK_OK)
		return tpm_failed(status, s->tpm.why, s->tpm.rc);
	s->tpm_ready = true;
	return VMK_OK;
}

/* Only where there was no dynamic launch: that one says more. */
static void draw_static_verdict(const struct boot_info *info, bool pcrs_known)
{
	static struct srtm_module modules[BOOT_MODULES_MAX];
	struct trust_state *s = &trust_state;
	struct srtm_facts facts = {
		.pcrs_known = pcrs_known,
		.pcrs = s->pcrs,
		.cmdline = info->cmdline,
		.modules = modules,
		.module_count = info->module_count,
	};

	for (unsigned i = 0; i < info->module_count; i++)
		modules[i].cmdline = info->modules[i].cmdline;
	for (unsigned i = 0; i < FIRMWARE_LOGS_TRIED && !s->srtm.signs[SRTM_REPLAY].holds; i++) {
		struct srtm_facts next = facts;

		if (!edge_read_firmware_log(info, i, &next) && i > 0)
			break;
		heap_free((void *)facts.log);
		facts = next;
		for (unsigned j = 0; facts.log && i == 0 && j < info->module_count; j++)
			edge_hash_module(info, j, modules[j].sha256);
		srtm_draw(&facts, &s->srtm);
	}
	s->firmware_log = (uint8_t *)facts.log;
	s->firmware_log_bytes = facts.log_bytes;
	if (s->srtm.measured)
		s->launched = VMK_LAUNCH_SRTM;
}

static void draw_verdict(const struct boot_info *info)
{
	struct trust_state *s = &trust_state;
	struct verdict_facts facts = {
		.tboot_word = info->tboot.cmdline_address,
		.tboot_uuid = info->tboot.uuid_matches,
		.tboot_place = info->tboot.present,
	};

	edge_read_txt(&facts);
	if (s->tpm_ready && tpm_pcr_read_all(&s->tpm, s->pcrs) == VMK_OK) {
		facts.pcrs = true;
		memcpy(facts.pcr17, s->pcrs[17], 32);
		memcpy(facts.pcr18, s->pcrs[18], 32);
	}
	verdict_draw(&facts, &s->verdict);
	s->drtm_log = (uint8_t *)facts.log;
	s->drtm_log_bytes = facts.log_bytes;
	s->dmar = facts.dmar;
	s->dmar_bytes = facts.dmar_bytes;
	s->launched = s->verdict.measured ? VMK_LAUNCH_DRTM : VMK_LAUNCH_NONE;
	if (!s->verdict.measured)
		draw_static_verdict(info, facts.pcrs);
}

static struct describe description(void)
{
	struct trust_state *s = &trust_state;

	return (struct describe){
		.launched = s->launched,
		.verdict = &s->verdict,
		.srtm = s->firmware_log ? &s->srtm : NULL,
		.tpm_present = s->tpm_present,
		.tpm_error = s->tpm_ready ? NULL : s->tpm_error,
		.tpm_manufacturer = s->tpm.manufacturer,
		.tpm_firmware = s->tpm.firmware,
		.boot = boot_info,
	};
}

static void log_verdict(void)
{
	struct trust_state *s = &trust_state;
	struct describe launch = description();
	char line[320];

	s->launch_bytes = describe_launch(&launch, true, s->launch, sizeof(s->launch));
	for (unsigned i = 0; i < VERDICT_SIGN_COUNT; i++) {
		if (s->verdict.signs[i].holds || s->launched == VMK_LAUNCH_SRTM)
			continue;
		describe_sign(&s->verdict, i, line, sizeof(line));
		vmk_log("%s", line);
	}
	for (unsigned i = 0; s->firmware_log && i < SRTM_SIGN_COUNT; i++) {
		if (s->srtm.signs[i].holds)
			continue;
		describe_srtm_sign(&s->srtm, i, line, sizeof(line));
		vmk_log("%s", line);
	}
	if (s->launched == VMK_LAUNCH_NONE && !s->firmware_log)
		vmk_log("no static launch: %s", s->srtm.signs[SRTM_LOG].found);
	if (s->firmware_log)
		vmk_log("%u of %u signs of a static launch hold", SRTM_SIGN_COUNT - s->srtm.missing,
			SRTM_SIGN_COUNT);
	describe_held(&s->verdict, line, sizeof(line));
	vmk_log("%u of %u signs of a measured launch hold: %s",
		VERDICT_SIGN_COUNT - s->verdict.missing, VERDICT_SIGN_COUNT, line);
}

static void audit_verdict(const struct boot_info *info)
{
	static const char *const launches[] = {
#define X(symbol, name) [symbol] = name,
		VMK_LAUNCHES(X)
#undef X
	};
	struct trust_state *s = &trust_state;

	audit_record(AUDIT_BOOT, NULL, "launch", launches[s->launched], "loader", info->loader,
		"tpm", s->tpm_ready ? s->tpm.manufacturer : s->tpm_error, NULL);
}

static enum vmk_status start_measuring(const struct boot_info *info)
{
	struct trust_state *s = &trust_state;
	void *buffer = heap_alloc(VMK_LOG_ROOM);
	enum acceptance_level level;
	enum vmk_status status;
	char text[SECURITY_TEXT_MAX];

	if (!buffer) {
		s->measure.closed = VMK_NO_MEMORY;
		return VMK_NO_MEMORY;
	}
	status = measure_init(&s->measure, &measure_ops, &s->tpm, buffer, VMK_LOG_ROOM,
		s->tpm_ready && s->tpm.sha1, true, s->launched);
	if (status != VMK_OK || s->launched == VMK_LAUNCH_NONE)
		return status;
	security_host_level(info->cmdline, &level);
	security_describe(level, text, sizeof(text));
	return trust_measure(VMK_EV_SECURITY_OPTIONS, text);
}

static void seed_random(void)
{
	uint8_t seed[SEED_BYTES];

	if (tpm_random(&trust_state.tpm, seed, sizeof(seed)) == VMK_OK)
		entropy_add(BOOT_ENTROPY_TPM, seed, sizeof(seed));
	else
		vmk_warn("no random bytes from the TPM: %s", trust_state.tpm.why);
	wipe(seed, sizeof(seed));
}

static void open_attestation_key(void)
{
	struct trust_state *s = &trust_state;

	if (tpm_ak_open(&s->tpm, &s->ak) == VMK_OK)
		vmk_log("attestation key %s", s->ak.origin);
	else
		vmk_warn("no attestation key: %s (0x%x)", s->tpm.why, s->tpm.rc);
}

enum vmk_status trust_init(const struct boot_info *info)
{
	struct trust_state *s = &trust_state;
	enum vmk_status status;

	audit_init();
	status = find_tpm();

	draw_verdict(info);
	log_verdict();
	audit_verdict(info);
	if (s->tpm_ready) {
		vmk_log("TPM 2.0 %s, firmware 0x%lx, banks%s sha256", s->tpm.manufacturer,
			s->tpm.firmware, s->tpm.sha1 ? " sha1" : "");
		seed_random();
		open_attestation_key();
		power_at_leave(leave);
	}
	if (status == VMK_OK)
		status = start_measuring(info);
	else
		start_measuring(info);
	return status;
}

bool trust_measured(void)
{
	return trust_state.launched != VMK_LAUNCH_NONE;
}

const void *trust_dmar(size_t *bytes)
{
	const struct trust_state *s = &trust_state;

	*bytes = s->launched == VMK_LAUNCH_DRTM ? s->dmar_bytes : 0;
	return *bytes ? s->dmar : NULL;
}

/* Checkpoints of the audit log come as long as the host runs. Without memory measuring ends. */
static void need_room(struct trust_state *s, size_t bytes)
{
	struct evlog_writer *log = &s->measure.log;
	size_t room = 2 * log->room;
	void *larger;

	if (!s->measure.open || evlog_write_fits(log, bytes) || room > VMK_LOG_ROOM_MAX)
		return;
	larger = heap_alloc(room);
	if (larger)
		heap_free(evlog_write_move(log, larger, room));
}

enum vmk_status trust_measure(enum vmk_event_type type, const char *text)
{
	struct trust_state *s = &trust_state;
	enum vmk_status status;

	trust_acquire();
	need_room(s, strlen(text) + 1);
	status = measure_event(&s->measure, type, text);
	if (status != VMK_OK && status != VMK_NOT_MEASURED)
		vmk_error("measuring has ended: %s (%s)", vmk_status_name(status), s->tpm.why);
	trust_release();
	return status;
}

void trust_sha256(const void *data, size_t bytes, uint8_t digest[32])
{
	hash_sha256(data, bytes, digest);
}

void trust_describe(char *to, size_t size)
{
	struct describe launch = description();

	if (size > 0)
		describe_launch(&launch, false, to, size);
}
