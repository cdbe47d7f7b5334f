/* vmksign verify and vmksign show: the kernel's own reader, told to people. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "signing/commands.h"
#include "signing/crypto.h"
#include "lib/hex.h"
#include "sched/task.h"
#include "trust/hash.h"
#include "vmkmod/domain.h"
#include "vmkmod/package.h"
#include "vmkmod/package_format.h"
#include <vmkuser/syscall.h>

static bool open_package(const char *path, struct bytes *file, struct package *package)
{
	enum vmk_status status;
	const char *why;

	if (!file_read(path, PACKAGE_FILE_MAX, file))
		return false;
	status = package_parse(file->data, file->size, package, &why);
	if (status == VMK_OK)
		return true;
	fprintf(stderr, "vmksign: %s: %s: %s\n", path, vmk_status_name(status), why);
	bytes_free(file);
	return false;
}

static bool verify(const char *path, const struct bytes *roots)
{
	struct bytes file = {0};
	struct package package;
	enum vmk_status status;
	const char *why = "";

	if (!open_package(path, &file, &package))
		return false;
	status = package_verify(&package, roots->data, roots->size, &why);
	if (status == VMK_OK)
		printf("%s: %s %s of %s, %s, signed by %s, who may give %s\n", path, package.name,
			package.version, package.provider, acceptance_level_name(package.level),
			package.path.signer, acceptance_level_name(package.path.limit));
	else
		fprintf(stderr, "vmksign: %s: %s: %s\n", path, vmk_status_name(status), why);
	bytes_free(&file);
	return status == VMK_OK;
}

int command_verify(int argc, char **argv)
{
	static const struct option options[] = {{"root", required_argument, NULL, 'r'}, {0}};
	struct bytes roots = {0};
	int option, result = 2;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			break;
		if (!crypto_add_root(optarg, &roots)) {
			bytes_free(&roots);
			return 1;
		}
	}
	if (option == -1 && roots.size && optind == argc - 1)
		result = verify(argv[optind], &roots) ? 0 : 1;
	bytes_free(&roots);
	return result;
}

static unsigned count_records(const struct package *package, unsigned type)
{
	struct reader r = reader_of(package->trailer, package->trailer_bytes);
	struct package_record record;
	unsigned count = 0;
	const char *why;

	while (package_record_next(&r, &record, &why))
		count += record.type == type;
	return count;
}

/* Who signed, as the package itself says: name and key, which a revocation list would name. */
static void show_certificates(const struct package *package, bool json)
{
	struct reader r = reader_of(package->trailer, package->trailer_bytes);
	const char *separator = "", *why;
	struct package_record record;

	while (package_record_next(&r, &record, &why)) {
		const uint8_t *at = record.bytes;
		uint8_t key[32];
		char digest[65];
		X509 *x;

		if (record.type != PACKAGE_RECORD_CERTIFICATE)
			continue;
		x = d2i_X509(NULL, &at, (long)record.size);
		snprintf(digest, sizeof(digest), "does not parse");
		if (x && crypto_key_digest(x, key))
			hex_encode(digest, key, sizeof(key));
		X509_free(x);
		printf(json ? "%s\"%s\"" : "%sCertificate Key SHA-256: %s\n", separator, digest);
		separator = json ? ", " : "";
	}
}

/* Names of the objects that are granted, each between `quote`s. */
static void print_objects(enum vmk_action action, uint64_t mask, const char *quote)
{
	const char *separator = "";

	for (unsigned i = 0; i < 64; i++) {
		if (!(mask >> i & 1))
			continue;
		printf("%s%s%s%s", separator, quote, domain_object_name(action, i), quote);
		separator = ", ";
	}
}

static void print_vms(const struct vmk_grants *g, const char *quote)
{
	if (g->all_vms)
		printf("%sall%s", quote, quote);
	for (unsigned i = 0; !g->all_vms && i < VMK_GRANT_VMS && g->vms[i][0]; i++)
		printf("%s%s%s%s", i ? ", " : "", quote, g->vms[i], quote);
}

/* As manifests say it. */
static const char *rights_name(unsigned rights)
{
	const unsigned both = VMK_RIGHT_READ | VMK_RIGHT_WRITE;

	if ((rights & both) == both)
		return "yes";
	if (rights & both)
		return rights & VMK_RIGHT_READ ? "read" : "write";
	return "no";
}

/* The masks of grants. X(action, field, as text, in JSON) */
#define MASKS(X)                                                    \
	X(VMK_ACTION_SYSCALL, syscalls, "System Calls", "syscalls") \
	X(VMK_ACTION_INFO, info, "Information", "info")             \
	X(VMK_ACTION_CONTROL, control, "Control", "control")        \
	X(VMK_ACTION_LOG, logs, "Logs", "logs")
/* Numbers, and what applies where a manifest names none. X(field, default, as text, in JSON) */
#define LIMITS(X)                                                                      \
	X(memory_limit_kib, DOMAIN_MEMORY_KIB, "Memory Limit KiB", "memory-limit-kib") \
	X(handles, DOMAIN_HANDLES, "Handles", "handles")                               \
	X(log_rate, DOMAIN_LOG_RATE, "Log Rate", "log-rate")                           \
	X(cpu_shares, SHARES_NORMAL, "CPU Shares", "cpu-shares")                       \
	X(cpu_limit, 0u, "CPU Limit", "cpu-limit")

static void show_grants_text(const struct package *p)
{
	const struct vmk_grants *g = &p->grants;

#define X(action, field, text, json)         \
	printf(text ": ");                   \
	print_objects(action, g->field, ""); \
	puts("");
	MASKS(X)
#undef X
	printf("Virtual Machines: ");
	print_vms(g, "");
	printf("\nPort: %s\nConsole: %s\nConfiguration: %s\nRestart: %s\n", rights_name(g->port),
		rights_name(g->tty), g->config ? "yes" : "no", p->restart ? "yes" : "no");
#define X(field, by_default, text, json) printf(text ": %u\n", g->field ? g->field : by_default);
	LIMITS(X)
#undef X
}

static void show_grants_json(const struct package *p)
{
	const struct vmk_grants *g = &p->grants;

#define X(action, field, text, json)           \
	printf("\"" json "\": [");             \
	print_objects(action, g->field, "\""); \
	printf("], ");
	MASKS(X)
#undef X
	printf("\"vms\": [");
	print_vms(g, "\"");
	printf("], \"port\": \"%s\", \"tty\": \"%s\", \"config\": %s, \"restart\": %s, ",
		rights_name(g->port), rights_name(g->tty), g->config ? "true" : "false",
		p->restart ? "true" : "false");
#define X(field, by_default, text, json) \
	printf("\"" json "\": %u, ", g->field ? g->field : by_default);
	LIMITS(X)
#undef X
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static const char *true_false(bool value)
{
	return value ? "true" : "false";
}

static void print_pci(const char *before, const struct package *p, const char *after)
{
	printf("%s", before);
	for (unsigned i = 0; i < p->pci_count; i++)
		printf("%s%04x:%04x", i ? "," : "", p->pci[i].vendor, p->pci[i].device);
	printf("%s", after);
}

static void show_text(const struct package *p, const char *digest)
{
	printf("Name: %s\nVersion: %s\nProvider: %s\nKind: %s\nAcceptance Level: %s\n", p->name,
		p->version, p->provider, package_kind_name(p->kind),
		acceptance_level_name(p->level));
	if (p->kind == PACKAGE_WORLD)
		show_grants_text(p);
	if (p->kind == PACKAGE_DRIVER) {
		printf("vmkapi: %u\n", p->vmkapi);
		print_pci("PCI: ", p, "\n");
	}
	printf("Payload Bytes: %zu\nSigned Bytes: %zu\nFile Bytes: %zu\n", p->payload_bytes,
		p->signed_bytes, p->bytes);
	if (p->security_version)
		printf("Security Version: %u\n", p->security_version);
	printf("Certificates: %u\nSignatures: %u\nSecond Signature: %s\nSHA-256: %s\n",
		count_records(p, PACKAGE_RECORD_CERTIFICATE), count_records(p, PACKAGE_RECORD_CMS),
		yes_no(p->has_second), digest);
	show_certificates(p, false);
}

/* The manifest's values hold no character that JSON would need escaped. */
static void show_json(const struct package *p, const char *digest)
{
	printf("{\"name\": \"%s\", \"version\": \"%s\", \"provider\": \"%s\", \"kind\": \"%s\", "
	       "\"level\": \"%s\", ",
		p->name, p->version, p->provider, package_kind_name(p->kind),
		acceptance_level_name(p->level));
	if (p->kind == PACKAGE_WORLD)
		show_grants_json(p);
	if (p->kind == PACKAGE_DRIVER) {
		printf("\"vmkapi\": %u, ", p->vmkapi);
		print_pci("\"pci\": \"", p, "\", ");
	}
	printf("\"payload-bytes\": %zu, \"signed-bytes\": %zu, \"bytes\": %zu, "
	       "\"certificates\": %u, \"signatures\": %u, \"second-signature\": %s, "
	       "\"security-version\": %u, \"sha256\": \"%s\", \"keys\": [",
		p->payload_bytes, p->signed_bytes, p->bytes,
		count_records(p, PACKAGE_RECORD_CERTIFICATE), count_records(p, PACKAGE_RECORD_CMS),
		true_false(p->has_second), p->security_version, digest);
	show_certificates(p, true);
	puts("]}");
}

int command_show(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
	struct package package;
	bool json = false;
	struct bytes file;
	char digest[65];
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return 2;
		json = true;
	}
	if (optind != argc - 1)
		return 2;
	if (!open_package(argv[optind], &file, &package))
		return 1;
	hash_sha256(file.data, file.size, package.sha256);
	hex_encode(digest, package.sha256, sizeof(package.sha256));
	(json ? show_json : show_text)(&package, digest);
	bytes_free(&file);
	return 0;
}
