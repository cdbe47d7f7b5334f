#include "verifier/hostfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"

#define FORMAT          "merlon-host-1"
#define CERTIFICATE_MAX 16384u
#define PUBLIC_MAX      2048u

static void put_hex(json_t *object, const char *key, const struct bytes *bytes)
{
	char *text = hex_text(bytes->data, bytes->size);

	json_object_set_new(object, key, json_string(text));
	free(text);
}

static json_t *nonces_to_json(const struct host *host)
{
	json_t *array = json_array();

	for (size_t i = 0; i < host->nonce_count; i++) {
		char text[HEX_SIZE(DIGEST_SIZE)];

		hex_encode(text, host->nonces[i].digest, DIGEST_SIZE);
		json_array_append_new(array, json_pack("{s:s, s:I}", "sha256", text, "used-ms",
						     (json_int_t)host->nonces[i].used_ms));
	}
	return array;
}

bool host_fits(const struct host *host)
{
	return host->ek_certificate.size <= CERTIFICATE_MAX && host->ek_public.size <= PUBLIC_MAX &&
	       host->ak_public.size <= PUBLIC_MAX;
}

json_t *host_to_json(const struct host *host)
{
	json_t *root = json_object();
	char firmware[17];

	json_object_set_new(root, "format", json_string(FORMAT));
	json_object_set_new(root, "name", json_string(host->name));
	json_object_set_new(root, "address", json_string(host->address));
	json_object_set_new(root, "enrolled", json_integer((json_int_t)host->enrolled));
	put_hex(root, "ek-certificate", &host->ek_certificate);
	put_hex(root, "ek-public", &host->ek_public);
	put_hex(root, "ak-public", &host->ak_public);
	json_object_set_new(root, "nonces", nonces_to_json(host));
	if (!host->seen)
		return root;
	snprintf(firmware, sizeof(firmware), "%016" PRIx64, host->firmware);
	json_object_set_new(root, "seen",
		json_pack("{s:I, s:I, s:s}", "reset-count", (json_int_t)host->reset_count,
			"restart-count", (json_int_t)host->restart_count, "firmware", firmware));
	return root;
}

static bool bad(struct fault *fault, const char *path, const char *why)
{
	fault_set(fault, REASON_STATE, "%s", path);
	return fault_found(fault, "%s", why);
}

static bool get_nonces(struct host *host, json_t *array, const char *path, struct fault *fault)
{
	json_t *item;
	size_t i;

	if (!json_is_array(array) || json_array_size(array) > HOST_NONCES_MAX)
		return bad(fault, path, "nonces: not an array, or too long");
	json_array_foreach(array, i, item)
	{
		struct host_nonce *nonce = &host->nonces[i];
		const char *digest;
		json_int_t used;

		if (json_unpack_ex(item, NULL, JSON_STRICT, "{s:s, s:I}", "sha256", &digest,
			    "used-ms", &used) != 0 ||
			used < 0 || !hex_decode_text(nonce->digest, DIGEST_SIZE, digest))
			return bad(fault, path, "nonces: not a digest and a time");
		nonce->used_ms = (uint64_t)used;
		host->nonce_count++;
	}
	return true;
}

static bool get_seen(struct host *host, json_t *seen, const char *path, struct fault *fault)
{
	uint8_t version[sizeof(host->firmware)];
	json_int_t reset, restart;
	const char *firmware;
	struct reader in;

	if (!seen)
		return true;
	if (json_unpack_ex(seen, NULL, JSON_STRICT, "{s:I, s:I, s:s}", "reset-count", &reset,
		    "restart-count", &restart, "firmware", &firmware) != 0 ||
		reset < 0 || reset > UINT32_MAX || restart < 0 || restart > UINT32_MAX)
		return bad(fault, path, "seen: not two counts and a version");
	host->seen = true;
	host->reset_count = (uint32_t)reset;
	host->restart_count = (uint32_t)restart;
	if (!hex_decode_text(version, sizeof(version), firmware))
		return bad(fault, path, "seen: firmware");
	in = reader_of(version, sizeof(version));
	host->firmware = reader_be64(&in);
	return true;
}

static bool load(struct host *host, json_t *root, const char *path, struct fault *fault)
{
	const char *format, *name, *address, *certificate, *ek, *ak;
	json_t *nonces, *seen = NULL;
	json_int_t enrolled;
	json_error_t error;

	if (json_unpack_ex(root, &error, JSON_STRICT,
		    "{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:o, s?o}", "format", &format, "name",
		    &name, "address", &address, "enrolled", &enrolled, "ek-certificate",
		    &certificate, "ek-public", &ek, "ak-public", &ak, "nonces", &nonces, "seen",
		    &seen) != 0)
		return bad(fault, path, error.text);
	if (strcmp(format, FORMAT) != 0 || !host_name_valid(name) || enrolled < 0)
		return bad(fault, path, "format, name or enrolled");
	if (strlen(address) >= sizeof(host->address))
		return bad(fault, path, "address: too long");
	snprintf(host->name, sizeof(host->name), "%s", name);
	snprintf(host->address, sizeof(host->address), "%s", address);
	host->enrolled = (uint64_t)enrolled;
	if (!hex_decode_bytes(&host->ek_certificate, CERTIFICATE_MAX, certificate) ||
		!hex_decode_bytes(&host->ek_public, PUBLIC_MAX, ek) ||
		!hex_decode_bytes(&host->ak_public, PUBLIC_MAX, ak))
		return bad(fault, path, "a key or certificate is not hexadecimal");
	return get_nonces(host, nonces, path, fault) && get_seen(host, seen, path, fault);
}

bool host_parse(
	struct host *host, const void *text, size_t size, const char *path, struct fault *fault)
{
	json_error_t error;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	bool ok;

	memset(host, 0, sizeof(*host));
	if (!root)
		return bad(fault, path, error.text);
	ok = load(host, root, path, fault);
	json_decref(root);
	if (!ok)
		host_free(host);
	return ok;
}
