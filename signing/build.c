/* vmksign package: writes the container (kernel/vmkmod/package_format.h). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signing/commands.h"
#include "signing/crypto.h"
#include "vmkmod/package.h"
#include "vmkmod/package_format.h"
#include "vmkuser/accounts.h"
#include "vmkvm/image.h"

struct request {
	const char *manifest, *payload, *key, *signature, *certificate, *out;
	const char *chain[PACKAGE_CERTIFICATES_MAX - 1];
	unsigned chain_count;
};

static void put_le(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* Appends zeroed bytes; NULL when memory runs out. */
static uint8_t *grow(struct bytes *file, size_t more)
{
	uint8_t *data = realloc(file->data, file->size + more);

	if (!data)
		return NULL;
	memset(data + file->size, 0, more);
	file->data = data;
	file->size += more;
	return data + file->size - more;
}

static bool put_signed_part(
	struct bytes *file, const struct bytes *manifest, const struct bytes *payload)
{
	size_t payload_at =
		ALIGN_UP(sizeof(struct package_header) + manifest->size, PACKAGE_PAYLOAD_ALIGN);
	size_t signed_bytes = ALIGN_UP(payload_at + payload->size, PACKAGE_ALIGN);
	uint8_t *at = grow(file, signed_bytes);

	if (!at)
		return false;
	memcpy(at, PACKAGE_MAGIC, PACKAGE_MAGIC_BYTES);
	put_le(at + offsetof(struct package_header, version), PACKAGE_VERSION, 4);
	put_le(at + offsetof(struct package_header, header_bytes), sizeof(struct package_header),
		4);
	put_le(at + offsetof(struct package_header, manifest_offset), sizeof(struct package_header),
		8);
	put_le(at + offsetof(struct package_header, manifest_bytes), manifest->size, 8);
	put_le(at + offsetof(struct package_header, payload_offset), payload_at, 8);
	put_le(at + offsetof(struct package_header, payload_bytes), payload->size, 8);
	put_le(at + offsetof(struct package_header, signed_bytes), signed_bytes, 8);
	memcpy(at + sizeof(struct package_header), manifest->data, manifest->size);
	memcpy(at + payload_at, payload->data, payload->size);
	return true;
}

static bool put_record(
	struct bytes *file, uint16_t type, uint16_t flags, const struct bytes *content)
{
	size_t header = sizeof(struct package_record_header);
	uint8_t *at = grow(file, header + ALIGN_UP(content->size, PACKAGE_ALIGN));

	if (!at)
		return false;
	put_le(at, type, 2);
	put_le(at + offsetof(struct package_record_header, flags), flags, 2);
	put_le(at + offsetof(struct package_record_header, bytes), content->size, 4);
	memcpy(at + header, content->data, content->size);
	return true;
}

static bool put_certificate(struct bytes *file, X509 *certificate)
{
	struct bytes der;
	bool ok = crypto_certificate_der(certificate, &der) &&
		  put_record(file, PACKAGE_RECORD_CERTIFICATE, 0, &der);

	bytes_free(&der);
	return ok;
}

static bool put_chain(struct bytes *file, const struct request *request)
{
	for (unsigned i = 0; i < request->chain_count; i++) {
		X509 *x = crypto_read_certificate(request->chain[i]);
		bool ok = x && put_certificate(file, x);

		X509_free(x);
		if (!ok)
			return false;
	}
	return true;
}

/* Made here with the key, or elsewhere: `openssl cms -sign` over what this command writes without
 * one. */
static bool get_signature(const struct request *request, X509 *certificate,
	const struct bytes *file, struct bytes *cms)
{
	EVP_PKEY *key;
	bool ok = false;

	if (request->signature)
		return file_read(request->signature, PACKAGE_RECORD_MAX, cms);
	key = crypto_read_key(request->key);
	if (key && X509_check_private_key(certificate, key) != 1)
		crypto_report(request->certificate);
	else if (key)
		ok = crypto_cms_sign(key, certificate, file->data, file->size, cms);
	EVP_PKEY_free(key);
	return ok;
}

static bool put_trailer(struct bytes *file, const struct request *request)
{
	X509 *certificate = crypto_read_certificate(request->certificate);
	struct bytes cms = {0};
	bool ok = certificate && get_signature(request, certificate, file, &cms) &&
		  put_certificate(file, certificate) && put_chain(file, request) &&
		  put_record(file, PACKAGE_RECORD_CMS, 0, &cms);

	bytes_free(&cms);
	X509_free(certificate);
	return ok;
}

/* A signer signs what is its own. */
static bool is_of(const struct package *package, X509 *certificate)
{
	char organization[sizeof(package->provider)];

	crypto_organization(certificate, organization, sizeof(organization));
	if (!strcmp(organization, package->provider))
		return true;
	fprintf(stderr,
		"vmksign: the manifest's provider is %s, but the signer's certificate is of the "
		"organization (O) '%s': no host would load it\n",
		package->provider, organization);
	return false;
}

static bool is_own(const struct bytes *file, const char *path)
{
	X509 *certificate = crypto_read_certificate(path);
	struct package package;
	const char *why;
	bool ok = certificate && package_parse(file->data, file->size, &package, &why) == VMK_OK &&
		  is_of(&package, certificate);

	X509_free(certificate);
	return ok;
}

/* What the kernel would refuse is never written. */
static bool acceptable(const struct bytes *file, const char *manifest)
{
	struct package package;
	const char *why;
	enum vmk_status status = package_parse(file->data, file->size, &package, &why);

	if (status != VMK_OK)
		fprintf(stderr, "vmksign: %s: %s: %s\n", manifest, vmk_status_name(status), why);
	return status == VMK_OK;
}

/* A host whose configuration has a line of an account that is wrong keeps its console off, and so
 * nobody could ask it what is wrong. */
static bool lets_in(const struct package *package, const char *payload)
{
	struct accounts accounts;
	char key[KEYVAL_KEY_MAX + 1];
	unsigned line;
	const char *why = "";

	if (accounts_parse(&accounts, (const char *)package->payload, package->payload_bytes, &line,
		    &why) == VMK_OK)
		return true;
	accounts_key((const char *)package->payload, package->payload_bytes, line, key);
	fprintf(stderr, "vmksign: %s: line %u (%s): %s: nobody could log in\n", payload, line, key,
		why);
	return false;
}

/* The kernel looks into it only when the VM is made. */
static bool is_vm_image(const struct package *package, const char *payload)
{
	struct vm_image image;
	const char *why;

	if (vm_image_parse(package->payload, package->payload_bytes, &image, &why) == VMK_OK)
		return true;
	fprintf(stderr, "vmksign: %s: %s: `vmksign vm-image` makes the payload of a VM\n", payload,
		why);
	return false;
}

/* What would load, and then be of no use. */
static bool is_usable(const struct bytes *file, const char *payload)
{
	struct package package;
	const char *why;

	if (package_parse(file->data, file->size, &package, &why) != VMK_OK)
		return false;
	if (package.kind == PACKAGE_CONFIG)
		return lets_in(&package, payload);
	return package.kind != PACKAGE_VM || is_vm_image(&package, payload);
}

static bool build(const struct request *request)
{
	struct bytes manifest = {0}, payload = {0}, file = {0};
	bool ok = file_read(request->manifest, PACKAGE_MANIFEST_MAX, &manifest) &&
		  file_read(request->payload, PACKAGE_PAYLOAD_MAX, &payload) &&
		  put_signed_part(&file, &manifest, &payload) &&
		  (!request->certificate || put_trailer(&file, request)) &&
		  acceptable(&file, request->manifest) && is_usable(&file, request->payload) &&
		  (!request->certificate || is_own(&file, request->certificate)) &&
		  file_write(request->out, file.data, file.size, 0644);

	bytes_free(&manifest);
	bytes_free(&payload);
	bytes_free(&file);
	return ok;
}

static bool take_option(struct request *request, int option)
{
	switch (option) {
	case 'm':
		request->manifest = optarg;
		return true;
	case 'p':
		request->payload = optarg;
		return true;
	case 'k':
		request->key = optarg;
		return true;
	case 's':
		request->signature = optarg;
		return true;
	case 'c':
		request->certificate = optarg;
		return true;
	case 'o':
		request->out = optarg;
		return true;
	case 'h':
		if (request->chain_count == ARRAY_SIZE(request->chain))
			return false;
		request->chain[request->chain_count++] = optarg;
		return true;
	default:
		return false;
	}
}

int command_package(int argc, char **argv)
{
	static const struct option options[] = {{"manifest", required_argument, NULL, 'm'},
		{"payload", required_argument, NULL, 'p'}, {"key", required_argument, NULL, 'k'},
		{"signature", required_argument, NULL, 's'}, {"cert", required_argument, NULL, 'c'},
		{"chain", required_argument, NULL, 'h'}, {"out", required_argument, NULL, 'o'},
		{0}};
	struct request request = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!take_option(&request, option))
			return 2;
	}
	if (!request.manifest || !request.payload || !request.out || optind != argc)
		return 2;
	if ((request.key && request.signature) ||
		!request.certificate != (!request.key && !request.signature) ||
		(request.chain_count && !request.certificate))
		return 2;
	return build(&request) ? 0 : 1;
}

/* Behind what there is: the first signature stays good, as it does not cover the trailer. */
static bool add_second(const char *path, const char *signature, const char *out)
{
	struct bytes file = {0}, content = {0};
	bool ok = file_read(path, PACKAGE_FILE_MAX, &file) && acceptable(&file, path) &&
		  file_read(signature, PACKAGE_RECORD_MAX, &content) &&
		  put_record(&file, PACKAGE_RECORD_SECOND, PACKAGE_RECORD_IGNORABLE, &content) &&
		  acceptable(&file, signature) && file_write(out, file.data, file.size, 0644);

	bytes_free(&file);
	bytes_free(&content);
	return ok;
}

int command_second(int argc, char **argv)
{
	static const struct option options[] = {{"signature", required_argument, NULL, 's'},
		{"out", required_argument, NULL, 'o'}, {0}};
	const char *signature = NULL, *out = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			signature = optarg;
		else if (option == 'o')
			out = optarg;
		else
			return 2;
	}
	if (!signature || !out || optind != argc - 1)
		return 2;
	return add_second(argv[optind], signature, out) ? 0 : 1;
}
