#include "tests/vectors/fixture.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <vmkapi/events.h>

#include "trust/evlog_read.h"
#include "trust/tcg_events.h"

#define SECURITY_OPTIONS \
	"security execInstalledOnly=TRUE acceptanceLevel=PartnerSupported kaslr=TRUE wx=TRUE"

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fixture: %s\n", what);
	abort();
}

static void add_file(struct fixture *f, const char *name, const char *cmdline, bool module,
	bool package, bool config)
{
	struct fixture_file *file = &f->files[f->file_count++];

	snprintf(file->name, sizeof(file->name), "%s", name);
	snprintf(file->image, sizeof(file->image), "image of %s", name);
	snprintf(file->cmdline, sizeof(file->cmdline), "%s", cmdline);
	file->module = module;
	file->package = package;
	file->config = config;
}

static struct fixture_event *add(struct fixture_events *events, enum log_id log, uint32_t pcr,
	uint32_t type, const char *layer, const char *file)
{
	struct fixture_event *event = &events->items[events->count++];

	*event = (struct fixture_event){
		.log = log, .pcr = pcr, .type = type, .layer = layer, .file = file};
	return event;
}

static void add_data(struct fixture_events *events, enum log_id log, uint32_t pcr, uint32_t type,
	const char *layer, const char *file, const void *data, size_t size)
{
	struct fixture_event *event = add(events, log, pcr, type, layer, file);

	need(size <= sizeof(event->data), "event data");
	memcpy(event->data, data, size);
	event->data_size = (uint32_t)size;
	sha256(event->digest, data, size);
}

static void add_sinit(const struct fixture *f, struct fixture_events *events)
{
	static const uint8_t biosac[32] = {8}, one[4] = {1}, zero[4], caps[4] = {1, 6},
			     nv[95] = {7};
	const struct fixture_file *sinit = &f->files[0], *tboot = &f->files[1];
	uint8_t start[36] = {0};
	const enum log_id log = LOG_TXT_DRTM;

	sha256(start, sinit->image, strlen(sinit->image));
	add_data(events, log, 17, 0x402, "LAUNCH", sinit->name, start, sizeof(start));
	add_data(events, log, 17, 0x40a, "PLATFORM", NULL, biosac, sizeof(biosac));
	add_data(events, log, 17, 0x40b, "PLATFORM", NULL, one, sizeof(one));
	add_data(events, log, 17, 0x40c, "LAUNCH", NULL, zero, sizeof(zero));
	add_data(events, log, 17, 0x412, "LAUNCH", NULL, zero, 1);
	add_data(events, log, 17, 0x40e, "PLATFORM", NULL, zero, 1);
	add_data(events, log, 17, 0x40f, "LAUNCH", NULL, caps, sizeof(caps));
	sha256_two(add(events, log, 17, 0x404, "LAUNCH", tboot->name)->digest, tboot->image,
		strlen(tboot->image), tboot->cmdline, strlen(tboot->cmdline));
	add_data(events, log, 17, 0x414, "PLATFORM", NULL, nv, sizeof(nv));
	sha256(add(events, log, 18, 0x410, "LAUNCH", sinit->name)->digest, "key", 3);
	add_data(events, log, 18, 0x40b, "PLATFORM", NULL, one, sizeof(one));
	add_data(events, log, 18, 0x40f, "LAUNCH", NULL, caps, sizeof(caps));
	add_data(events, log, 18, 0x40c, "LAUNCH", NULL, zero, sizeof(zero));
	add_data(events, log, 18, 0x413, "LAUNCH", NULL, zero, 1);
	add_data(events, log, 18, 0x414, "PLATFORM", NULL, nv, sizeof(nv));
}

static void module_digest(uint8_t digest[DIGEST_SIZE], const struct fixture_file *file)
{
	uint8_t cmdline[DIGEST_SIZE], image[DIGEST_SIZE];

	sha256(cmdline, file->cmdline, strlen(file->cmdline));
	sha256(image, file->image, strlen(file->image));
	sha256_two(digest, cmdline, DIGEST_SIZE, image, DIGEST_SIZE);
}

static void add_tboot(const struct fixture *f, struct fixture_events *events)
{
	unsigned int module = 0;

	for (uint32_t pcr = 17; pcr <= 18; pcr++)
		sha256(add(events, LOG_TXT_DRTM, pcr, 0x501, "LAUNCH", NULL)->digest, "policy", 6);
	for (size_t i = 0; i < f->file_count; i++) {
		const struct fixture_file *file = &f->files[i];
		uint32_t pcr = 17;

		if (!file->module)
			continue;
		if (module++ == f->module_in_21)
			pcr = 21;
		module_digest(add(events, LOG_TXT_DRTM, pcr, 0x501,
				      file->config ? "HOST" : "VMKERNEL", file->name)
				      ->digest,
			file);
	}
}

/* What GRUB measures as text goes into the log with its kind before it, and a zero behind it. */
static void add_grub(struct fixture_events *events, const char *layer, const char *file,
	const char *kind, const char *text)
{
	struct fixture_event *event = add(events, LOG_TCG_BOOT, 8, TCG_EV_IPL, layer, file);

	event->data_size =
		1 + (uint32_t)snprintf((char *)event->data, FIXTURE_DATA_MAX, "%s: %s", kind, text);
	sha256(event->digest, text, strlen(text));
}

static void add_image(struct fixture_events *events, uint32_t pcr, uint32_t type, const char *layer,
	const struct fixture_file *file)
{
	struct fixture_event *event = add(events, LOG_TCG_BOOT, pcr, type, layer, file->name);

	event->data_size = 1 + (uint32_t)snprintf((char *)event->data, FIXTURE_DATA_MAX, "/boot/%s",
				       file->name);
	sha256(event->digest, file->image, strlen(file->image));
}

static void add_firmware(const struct fixture *f, struct fixture_events *events)
{
	static const uint8_t separator[4];
	uint8_t secure_boot[53] = {[16] = 10, [24] = 1, [52] = 1};

	for (unsigned int i = 0; i < 10; i++)
		secure_boot[32 + 2 * i] = (uint8_t)"SecureBoot"[i];
	add_data(events, LOG_TCG_BOOT, 7, TCG_EV_EFI_VARIABLE_DRIVER_CONFIG, "PLATFORM", NULL,
		secure_boot, sizeof(secure_boot));
	for (uint32_t pcr = 0; pcr < 8; pcr++)
		add_data(events, LOG_TCG_BOOT, pcr, TCG_EV_SEPARATOR, "PLATFORM", NULL, separator,
			sizeof(separator));
	add_image(events, 4, TCG_EV_EFI_APPLICATION, "LAUNCH", &f->files[0]);
	add_image(events, 9, TCG_EV_IPL, "LAUNCH", &f->files[1]);
	for (size_t i = 0; i < f->file_count; i++) {
		const struct fixture_file *file = &f->files[i];
		const char *layer = file->config ? "HOST" : "VMKERNEL";

		if (!file->module)
			continue;
		add_grub(events, "LAUNCH", f->files[1].name, "grub_cmd", file->cmdline);
		add_image(events, 9, TCG_EV_IPL, layer, file);
		add_grub(events, layer, file->name,
			file->package ? "module_cmdline" : "kernel_cmdline", file->cmdline);
	}
}

static uint32_t kernel_pcr(const struct fixture *f, bool config)
{
	if (f->launch == VMK_LAUNCH_SRTM)
		return config ? 14 : 12;
	return config ? 21 : 19;
}

static void add_text(struct fixture_events *events, uint32_t pcr, uint32_t type, const char *layer,
	const char *file, const char *text)
{
	add_data(events, LOG_VMK, pcr, type, layer, file, text, strlen(text) + 1);
}

static void add_package(
	const struct fixture *f, struct fixture_events *events, const struct fixture_file *file)
{
	char text[FIXTURE_DATA_MAX], hex[HEX_SIZE(DIGEST_SIZE)];
	uint8_t digest[DIGEST_SIZE];

	sha256(digest, file->image, strlen(file->image));
	hex_encode(hex, digest, DIGEST_SIZE);
	if (file->config)
		snprintf(text, sizeof(text), VMK_CONFIG_FORMAT, file->name, "1", "merlon", hex);
	else
		snprintf(text, sizeof(text), VMK_PACKAGE_FORMAT, file->name, "1", "module",
			"merlon", "Certified", hex);
	if (file->config)
		add_text(events, kernel_pcr(f, true), (uint32_t)VMK_EV_CONFIG, "HOST", file->name,
			text);
	else
		add_text(events, kernel_pcr(f, false), (uint32_t)VMK_EV_PACKAGE, "VMKERNEL",
			file->name, text);
}

void fixture_boot(const struct fixture *f, struct fixture_events *events)
{
	events->count = 0;
	if (f->launch == VMK_LAUNCH_SRTM) {
		add_firmware(f, events);
	} else {
		add_sinit(f, events);
		add_tboot(f, events);
	}
	add_text(events, kernel_pcr(f, false), VMK_EV_SECURITY_OPTIONS, "VMKERNEL", NULL,
		SECURITY_OPTIONS);
	for (size_t i = 0; i < f->file_count; i++) {
		if (f->files[i].package)
			add_package(f, events, &f->files[i]);
	}
	add_text(events, kernel_pcr(f, false), VMK_EV_BOOT_COMPLETE, "VMKERNEL", NULL,
		VMK_BOOT_COMPLETE);
}

void fixture_extend(struct fixture *f)
{
	struct replay replay;

	replay_start(&replay, f->launched);
	for (size_t i = 0; i < f->measured.count; i++)
		replay_extend(&replay, f->measured.items[i].pcr, f->measured.items[i].digest);
	memcpy(f->pcrs, replay.pcr, sizeof(f->pcrs));
}

static json_t *event_json(const struct fixture_event *event)
{
	char digest[HEX_SIZE(DIGEST_SIZE)];
	json_t *object;

	hex_encode(digest, event->digest, DIGEST_SIZE);
	object = json_pack("{s:s, s:i, s:I, s:s, s:s, s:s}", "log", log_name(event->log), "pcr",
		(int)event->pcr, "type", (json_int_t)event->type, "name",
		evlog_type_name(event->type), "layer", event->layer, "digest", digest);
	if (event->file)
		json_object_set_new(object, "file", json_string(event->file));
	/* A policy holds data that were measured; what GRUB logs is only about them. */
	if (event->data_size && (event->log != LOG_TCG_BOOT || event->type != TCG_EV_IPL) &&
		event->type != TCG_EV_EFI_APPLICATION) {
		char *data = hex_text(event->data, event->data_size);

		json_object_set_new(object, "data", json_string(data));
		free(data);
	}
	return object;
}

static json_t *files_json(const struct fixture *f)
{
	json_t *array = json_array();
	unsigned int modules = 0;

	for (size_t i = 0; i < f->file_count; i++) {
		const struct fixture_file *file = &f->files[i];
		char hex[HEX_SIZE(DIGEST_SIZE)], role[32] = "launch";
		uint8_t digest[DIGEST_SIZE];

		sha256(digest, file->image, strlen(file->image));
		hex_encode(hex, digest, DIGEST_SIZE);
		if (file->module)
			snprintf(role, sizeof(role), "module %u", modules++);
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:i, s:s, s:s}", "name", file->name, "role",
				       role, "size", (int)strlen(file->image), "sha256", hex,
				       "cmdline", file->cmdline));
	}
	return array;
}

char *fixture_policy_text(const struct fixture *f)
{
	bool is_static = f->launch == VMK_LAUNCH_SRTM;
	uint32_t mask = is_static ? FIXTURE_STATIC_PCR_MASK : FIXTURE_PCR_MASK;
	json_t *selection = json_array();
	json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:o}", "format", "merlon-policy-1", "name",
		"paper", "launch", is_static ? "srtm" : "drtm", "bank", "sha256", "selection",
		selection);
	json_t *events = json_array(), *pcrs = json_object();
	uint8_t runtime[DIGEST_SIZE];
	char hex[HEX_SIZE(DIGEST_SIZE)], key[4];
	struct fixture_events boot;
	struct replay replay;
	char *text;

	fixture_boot(f, &boot);
	replay_start(&replay, !is_static);
	for (size_t i = 0; i < boot.count; i++) {
		json_array_append_new(events, event_json(&boot.items[i]));
		replay_extend(&replay, boot.items[i].pcr, boot.items[i].digest);
	}
	for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
		if (!(mask >> pcr & 1))
			continue;
		json_array_append_new(selection, json_integer(pcr));
		snprintf(key, sizeof(key), "%u", pcr);
		hex_encode(hex, replay.pcr[pcr], DIGEST_SIZE);
		json_object_set_new(pcrs, key, json_string(hex));
	}
	sha256(runtime, FIXTURE_LATE_PACKAGE, sizeof(FIXTURE_LATE_PACKAGE));
	hex_encode(hex, runtime, DIGEST_SIZE);
	json_object_set_new(root, "events", events);
	json_object_set_new(root, "pcrs", pcrs);
	json_object_set_new(root, "files", files_json(f));
	json_object_set_new(root, "runtime",
		json_pack("[{s:i, s:s, s:s, s:s}]", "pcr", (int)kernel_pcr(f, false), "digest", hex,
			"file", "late.vpk", "what", "a module that may come later"));
	text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}

EVP_PKEY *fixture_key(struct bytes *public, uint32_t attributes)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	uint8_t point[65], encoded[512];
	size_t size = 0, offset = 0;
	TPM2B_PUBLIC tpm = {.publicArea = {.type = TPM2_ALG_ECC,
				    .nameAlg = TPM2_ALG_SHA256,
				    .objectAttributes = attributes,
				    .parameters.eccDetail = {
					    .symmetric.algorithm = TPM2_ALG_NULL,
					    .scheme = {.scheme = TPM2_ALG_ECDSA,
						    .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
					    .curveID = TPM2_ECC_NIST_P256,
					    .kdf.scheme = TPM2_ALG_NULL,
				    }}};
	TPMS_ECC_POINT *unique = &tpm.publicArea.unique.ecc;

	need(pkey &&
			EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
				point, sizeof(point), &size) == 1 &&
			size == 65,
		"P-256 key");
	unique->x.size = unique->y.size = 32;
	memcpy(unique->x.buffer, point + 1, 32);
	memcpy(unique->y.buffer, point + 33, 32);
	need(Tss2_MU_TPM2B_PUBLIC_Marshal(&tpm, encoded, sizeof(encoded), &offset) ==
			TSS2_RC_SUCCESS,
		"TPM2B_PUBLIC");
	*public = bytes_copy(encoded, offset);
	return pkey;
}

static void init_quote(struct fixture *f)
{
	f->quote = (struct fixture_quote){
		.magic = TPM2_GENERATED_VALUE,
		.type = TPM2_ST_ATTEST_QUOTE,
		.pcr_mask = FIXTURE_PCR_MASK,
		.banks = 1,
		.hash = TPM2_ALG_SHA256,
		.signing_key = f->ak_private,
		.reset_count = 7,
		.restart_count = 1,
		.firmware = 0x2019102300163636,
		.clock_safe = true,
	};
	f->quote.signer_size = key_qualified_name(&f->ak, NULL, f->quote.signer);
	for (unsigned int i = 0; i < 32; i++)
		f->quote.extra[i] = (uint8_t)(0xc0 + i);
	f->quote.extra_size = 32;
}

void fixture_init(struct fixture *f)
{
	struct fault fault = {0};
	char *text;

	memset(f, 0, sizeof(*f));
	add_file(f, "sinit.bin", "", false, false, false);
	add_file(f, "tboot.gz", "logging=serial", false, false, false);
	add_file(f, "vmkernel.elf", "vmk console=com1", true, false, false);
	add_file(f, "e1000.vpk", "e1000", true, true, false);
	add_file(f, "agent.vpk", "agent", true, true, false);
	add_file(f, "host.vpk", "host", true, true, true);
	f->module_in_21 = 3;
	f->launched = true;
	f->launch = VMK_LAUNCH_DRTM;
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
	f->ak_private = fixture_key(&f->host.ak_public, FIXTURE_AK_ATTRIBUTES);
	need(key_load(&f->ak, &f->host.ak_public, "key", &fault), fault.what);
	snprintf(f->host.name, sizeof(f->host.name), "paper");
	init_quote(f);
	text = fixture_policy_text(f);
	need(policy_parse(&f->policy, text, strlen(text), &fault), fault.what);
	free(text);
}

void fixture_init_static(struct fixture *f)
{
	struct fault fault = {0};
	char *text;

	fixture_init(f);
	snprintf(f->files[0].name, FIXTURE_TEXT_MAX, "grub.efi");
	snprintf(f->files[1].name, FIXTURE_TEXT_MAX, "grub.cfg");
	f->launched = false;
	f->launch = VMK_LAUNCH_SRTM;
	f->quote.pcr_mask = FIXTURE_STATIC_PCR_MASK;
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
	policy_free(&f->policy);
	text = fixture_policy_text(f);
	need(policy_parse(&f->policy, text, strlen(text), &fault), fault.found);
	free(text);
}

void fixture_free(struct fixture *f)
{
	evidence_free(&f->evidence);
	policy_free(&f->policy);
	host_free(&f->host);
	key_free(&f->ak);
	EVP_PKEY_free(f->ak_private);
}

static struct bytes make_attest(const struct fixture *f)
{
	const struct fixture_quote *q = &f->quote;
	TPMS_ATTEST attest = {.magic = q->magic,
		.type = q->type,
		.clockInfo = {.clock = 123456,
			.resetCount = q->reset_count,
			.restartCount = q->restart_count,
			.safe = q->clock_safe},
		.firmwareVersion = q->firmware};
	TPML_PCR_SELECTION *selection = &attest.attested.quote.pcrSelect;
	TPM2B_DIGEST *digest = &attest.attested.quote.pcrDigest;
	uint8_t encoded[1024] = {0};
	size_t size = 0;

	attest.qualifiedSigner.size = (uint16_t)q->signer_size;
	memcpy(attest.qualifiedSigner.name, q->signer, q->signer_size);
	attest.extraData.size = (uint16_t)q->extra_size;
	memcpy(attest.extraData.buffer, q->extra, q->extra_size);
	if (q->type == TPM2_ST_ATTEST_QUOTE) {
		selection->count = q->banks;
		for (unsigned int i = 0; i < q->banks; i++) {
			TPMS_PCR_SELECTION *bank = &selection->pcrSelections[i];

			bank->hash = q->sha1_bank ? TPM2_ALG_SHA1 : TPM2_ALG_SHA256;
			bank->sizeofSelect = 3;
			for (unsigned int j = 0; j < 3; j++)
				bank->pcrSelect[j] = (uint8_t)(q->pcr_mask >> (8 * j));
		}
		digest->size = DIGEST_SIZE;
		pcr_composite(digest->buffer, q->pcr_mask, f->pcrs);
	}
	need(Tss2_MU_TPMS_ATTEST_Marshal(&attest, encoded, sizeof(encoded), &size) ==
			TSS2_RC_SUCCESS,
		"TPMS_ATTEST");
	return bytes_copy(encoded, size + q->trailing);
}

static struct bytes make_signature(const struct fixture *f, const struct bytes *attest)
{
	const struct fixture_quote *q = &f->quote;
	TPMT_SIGNATURE signature = {.sigAlg = TPM2_ALG_ECDSA};
	TPMS_SIGNATURE_ECC *ecdsa = &signature.signature.ecdsa;
	uint8_t der[128], encoded[256] = {0};
	const uint8_t *p = der;
	size_t size = sizeof(der), offset = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *sig;

	need(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, q->signing_key) == 1 &&
			EVP_DigestSign(ctx, der, &size, attest->data, attest->size) == 1,
		"signature");
	EVP_MD_CTX_free(ctx);
	sig = d2i_ECDSA_SIG(NULL, &p, (long)size);
	ecdsa->hash = q->hash;
	ecdsa->signatureR.size = ecdsa->signatureS.size = 32;
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), ecdsa->signatureR.buffer, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), ecdsa->signatureS.buffer, 32);
	ECDSA_SIG_free(sig);
	if (q->bend_signature)
		ecdsa->signatureS.buffer[31] ^= 1;
	need(Tss2_MU_TPMT_SIGNATURE_Marshal(&signature, encoded, sizeof(encoded), &offset) ==
			TSS2_RC_SUCCESS,
		"TPMT_SIGNATURE");
	return bytes_copy(encoded, offset + q->signature_trailing);
}

struct log_buffer {
	uint8_t bytes[32768];
	size_t size;
};

static void put(struct log_buffer *log, const void *data, size_t size)
{
	need(size <= sizeof(log->bytes) - log->size, "log size");
	memcpy(log->bytes + log->size, data, size);
	log->size += size;
}

static void put_le(struct log_buffer *log, uint32_t value, size_t size)
{
	uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
		(uint8_t)(value >> 24)};

	put(log, bytes, size);
}

struct bytes fixture_log(const struct fixture_events *events, enum log_id id)
{
	static const uint8_t zero[20];
	struct log_buffer *log = must_alloc(1, sizeof(*log));
	struct bytes bytes;

	put_le(log, 0, 4);
	put_le(log, EVLOG_NO_ACTION, 4);
	put(log, zero, sizeof(zero));
	put_le(log, 33, 4);
	put(log, "Spec ID Event03", 16);
	put_le(log, 0, 4);
	put_le(log, 0x02000200, 4);
	put_le(log, 1, 4);
	put_le(log, EVLOG_ALG_SHA256, 2);
	put_le(log, DIGEST_SIZE, 2);
	put_le(log, 0, 1);
	for (size_t i = 0; i < events->count; i++) {
		const struct fixture_event *event = &events->items[i];

		if (event->log != id)
			continue;
		put_le(log, event->pcr, 4);
		put_le(log, event->type, 4);
		put_le(log, 1, 4);
		put_le(log, EVLOG_ALG_SHA256, 2);
		put(log, event->digest, DIGEST_SIZE);
		put_le(log, event->data_size, 4);
		put(log, event->data, event->data_size);
	}
	bytes = bytes_copy(log->bytes, log->size);
	free(log);
	return bytes;
}

void fixture_attest(struct fixture *f)
{
	struct evidence *e = &f->evidence;

	evidence_free(e);
	memset(e, 0, sizeof(*e));
	snprintf(e->host, sizeof(e->host), "paper");
	e->requested_ms = 1000000;
	e->answered_ms = 1000250;
	for (unsigned int i = 0; i < 32; i++)
		e->nonce[i] = (uint8_t)(0xc0 + i);
	e->nonce_size = 32;
	e->pcr_mask = f->launch == VMK_LAUNCH_SRTM ? FIXTURE_STATIC_PCR_MASK : FIXTURE_PCR_MASK;
	e->attest = make_attest(f);
	e->signature = make_signature(f, &e->attest);
	for (unsigned int i = 0; i < LOG_EVENT_LOGS; i++)
		e->logs[i] = fixture_log(&f->logged, (enum log_id)i);
	e->logs[LOG_PCR_VALUES] = bytes_copy(f->pcrs, sizeof(f->pcrs));
}

void fixture_request(const struct fixture *f, struct appraise_request *request)
{
	*request = (struct appraise_request){
		.evidence = &f->evidence,
		.policy = &f->policy,
		.host = &f->host,
		.key = &f->ak,
		.max_age_ms = APPRAISE_MAX_AGE_MS,
	};
}

struct fixture_event *fixture_find(struct fixture_events *events, uint32_t type)
{
	for (size_t i = 0; i < events->count; i++) {
		if (events->items[i].type == type)
			return &events->items[i];
	}
	return NULL;
}

void fixture_remove(struct fixture_events *events, const struct fixture_event *event)
{
	size_t index = (size_t)(event - events->items);

	events->count--;
	memmove(&events->items[index], &events->items[index + 1],
		(events->count - index) * sizeof(*event));
}
