/*
 * A small machine for the TXT model, for tests and fuzzers: 1 MiB of RAM with an MLE in it, a heap
 * as an MLE's launcher prepares it, a signed SINIT, and a TPM that is just its PCRs.
 */
#ifndef TXTSIM_MACHINE_H
#define TXTSIM_MACHINE_H

#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/acm.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/getsec.h"
#include "tboot-integration/txtsim/model/platform.h"
#include "tboot-integration/txtsim/model/tis.h"
#include "tboot-integration/txtsim/sinit/acmwrite.h"

#define RAM_SIZE   0x200000u
#define MLE_TABLE  0x10000u /* three levels, a page each */
#define MLE_PAGES  0x20000u
#define MLE_SIZE   0x5123u
#define MLE_HEADER 0x1f0u
#define MLE_ENTRY  0x2010u
#define JOIN_AT    0x30000u

/* Where machine_heap() puts things, from the start of the heap. */
#define OS_MLE_BYTES   0x40u
#define OS_SINIT_BYTES (8u + 92u + 28u + 8u)
#define LOG_OFFSET     0x8000u
#define LOG_BYTES      0x2000u

#define CR0_LAUNCH     0x31u

struct machine {
	struct txt txt;
	uint8_t ram[RAM_SIZE];
	uint8_t *mem;
	uint8_t pcr[24][32]; /* SHA-256 */
	unsigned localities; /* bits of those that sent a command */
	unsigned resets;
	unsigned scrubs;
	uint32_t tpm_error; /* what TPM commands answer */
	bool hash_fails;
	char last_line[256];
};

static inline bool machine_read_ram(void *ctx, uint64_t pa, void *to, size_t size)
{
	struct machine *m = ctx;

	if (pa > RAM_SIZE || size > RAM_SIZE - pa)
		return false;
	memcpy(to, m->ram + pa, size);
	return true;
}

static inline void machine_extend(struct machine *m, unsigned pcr, const uint8_t digest[32])
{
	struct digests out;
	uint8_t both[64];

	memcpy(both, m->pcr[pcr], 32);
	memcpy(both + 32, digest, 32);
	digest_of(both, sizeof(both), &out);
	memcpy(m->pcr[pcr], out.sha256, 32);
}

static inline int machine_tpm(void *ctx, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t max)
{
	struct machine *m = ctx;
	uint32_t code = be32(command + 6);

	m->localities |= 1u << locality;
	if (m->tpm_error || max < 62)
		return tpm_plain_response(response, m->tpm_error);
	if (code == 0x169)
		return tpm_plain_response(response, TPM_RC_NO_INDEX);
	if (code == 0x182 && size == 87 && command[13] < 24)
		machine_extend(m, command[13], command + 55);
	if (code == 0x17e && size == 20) {
		unsigned pcr = 0;

		while (pcr < 23 && !(command[17 + pcr / 8] >> pcr % 8 & 1))
			pcr++;
		memset(response, 0, 62);
		put_be32(response + 2, 62);
		memcpy(response + 30, m->pcr[pcr], 32);
		return 62;
	}
	return tpm_plain_response(response, 0);
}

static inline bool machine_hash(void *ctx, const void *data, size_t size)
{
	struct machine *m = ctx;
	struct digests digests;

	if (m->hash_fails)
		return false;
	digest_of(data, size, &digests);
	memset(m->pcr[17], 0, 6 * 32);
	machine_extend(m, 17, digests.sha256);
	return true;
}

static inline void machine_scrub(void *ctx)
{
	struct machine *m = ctx;

	m->scrubs++;
	memset(m->ram, 0, sizeof(m->ram));
}

static inline void machine_reset(void *ctx)
{
	((struct machine *)ctx)->resets++;
}

static inline void machine_log(void *ctx, const char *line)
{
	snprintf(((struct machine *)ctx)->last_line, 256, "%s", line);
}

static const struct txt_ops machine_ops = {.read_ram = machine_read_ram,
	.tpm_command = machine_tpm,
	.tpm_hash = machine_hash,
	.scrub_ram = machine_scrub,
	.request_reset = machine_reset,
	.log = machine_log};

/* Made once a process: keys are slow. */
static inline const uint8_t *machine_sinit(unsigned bits)
{
	static uint8_t acm[2][ACM_BYTES];
	static bool made[2];
	unsigned i = bits == 3072;

	if (!made[i]) {
		EVP_PKEY *key = EVP_RSA_gen(bits);

		if (!key || !acm_write(acm[i], key, 0x20260101))
			abort();
		EVP_PKEY_free(key);
		made[i] = true;
	}
	return acm[i];
}

static inline void machine_mle(struct machine *m)
{
	static const uint8_t uuid[16] = {0x5a, 0xac, 0x82, 0x90, 0x6f, 0x47, 0xa7, 0x74, 0x0f, 0x5c,
		0x55, 0xa2, 0xcb, 0x51, 0xb6, 0x42};

	put_le64(m->ram + MLE_TABLE, (MLE_TABLE + 0x1000) | 1);
	put_le64(m->ram + MLE_TABLE + 0x1000, (MLE_TABLE + 0x2000) | 1);
	for (uint32_t i = 0; i * 4096 < MLE_SIZE; i++)
		put_le64(m->ram + MLE_TABLE + 0x2000 + 8 * i, (MLE_PAGES + 4096 * i) | 1);
	for (uint32_t i = 0; i < MLE_SIZE; i++)
		m->ram[MLE_PAGES + i] = (uint8_t)(i * 7 + i / 256);
	memcpy(m->ram + MLE_PAGES + MLE_HEADER, uuid, sizeof(uuid));
	put_le32(m->ram + MLE_PAGES + MLE_HEADER + 24, MLE_ENTRY);
	put_le32(m->ram + JOIN_AT, 0x27);
	put_le32(m->ram + JOIN_AT + 4, 0x5000);
	put_le32(m->ram + JOIN_AT + 8, 8);
	put_le32(m->ram + JOIN_AT + 12, MLE_PAGES);
}

/* OsMleData and OsSinitData; returns OsSinitData's data. */
static inline uint8_t *machine_heap(struct machine *m)
{
	uint8_t *os_mle = m->mem + le64(m->mem);
	uint8_t *os_sinit = os_mle + OS_MLE_BYTES;
	uint8_t *data = os_sinit + 8;

	put_le64(os_mle, OS_MLE_BYTES);
	put_le64(os_sinit, OS_SINIT_BYTES);
	put_le32(data, 7);
	put_le64(data + 8, MLE_TABLE);
	put_le64(data + 16, MLE_SIZE);
	put_le64(data + 24, MLE_HEADER);
	put_le64(data + 40, RAM_SIZE);
	put_le32(data + 80, 0x601);
	put_le32(data + 92, 8);
	put_le32(data + 96, 28);
	put_le64(data + 100, TXT_HEAP_BASE + LOG_OFFSET);
	put_le32(data + 108, LOG_BYTES);
	put_le32(data + 120, 0);
	put_le32(data + 124, 8);
	return data;
}

/* The event log's element, after machine_heap(). */
static inline uint8_t *machine_log_element(struct machine *m)
{
	return m->mem + le64(m->mem) + OS_MLE_BYTES + 8 + 100;
}

/* faults: of txt_config. */
static inline struct machine *machine_faulty(unsigned key_bits, uint64_t faults)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct txt_config config = {.cpus = 2, .ram_below_4g = RAM_SIZE, .faults = faults};
	const uint8_t *acm = machine_sinit(key_bits);
	struct digests key;

	if (!m || !(m->mem = calloc(1, TXT_MEM_SIZE)))
		abort();
	acm_key_digest(acm, acm_check(acm, ACM_BYTES), &key);
	memcpy(config.public_key, key.sha256, 32);
	memset(m->pcr[17], 0xff, 6 * 32);
	txt_power_on(&m->txt, &machine_ops, m, &config, m->mem);
	machine_mle(m);
	machine_heap(m);
	memcpy(m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE), acm, ACM_BYTES);
	return m;
}

static inline struct machine *machine_new(unsigned key_bits)
{
	return machine_faulty(key_bits, 0);
}

static inline void machine_free(struct machine *m)
{
	free(m->mem);
	free(m);
}

static inline enum getsec_action machine_getsec(
	struct machine *m, uint32_t leaf, uint32_t ebx, uint32_t ecx, struct getsec_state *s)
{
	*s = (struct getsec_state){.cr0 = CR0_LAUNCH, .eax = leaf, .ebx = ebx, .ecx = ecx};
	return txt_getsec(&m->txt, s);
}

static inline enum getsec_action machine_launch(struct machine *m)
{
	struct getsec_state s;

	return machine_getsec(m, GETSEC_SENTER, TXT_SINIT_BASE, ACM_BYTES, &s);
}

#endif
