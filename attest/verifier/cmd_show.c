/* vmkverify show: what is known of a host. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "verifier/auditlist.h"
#include "verifier/hostfile.h"
#include "verifier/key.h"
#include "verifier/options.h"
#include "verifier/store.h"

static void print_json(const struct options *o, const struct host *host, uint64_t records,
	const struct bytes *audit)
{
	json_t *root = host_to_json(host);

	json_object_set_new(root, "records", json_integer((json_int_t)records));
	if (o->audit)
		json_object_set_new(root, "audit", audit_records_to_json(audit, AUDIT_ALL_PROVEN));
	json_dumpf(root, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(root);
}

static void print_text(const struct host *host, const struct key *ak, uint64_t records)
{
	char when[32] = "?", name[HEX_SIZE(KEY_NAME_MAX)];
	time_t enrolled = (time_t)host->enrolled;
	struct tm utc;

	if (gmtime_r(&enrolled, &utc))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	hex_encode(name, ak->name, ak->name_size);
	printf("host      %s\naddress   %s\nenrolled  %s\nak-name   %s\n", host->name,
		host->address, when, name);
	if (host->seen)
		printf("last seen reset %u restart %u firmware %016" PRIx64 "\n", host->reset_count,
			host->restart_count, host->firmware);
	printf("evidence  %" PRIu64 " records, the chain holds\n", records);
}

int cmd_show(const struct options *o)
{
	struct fault fault = {0};
	struct host *host = must_alloc(1, sizeof(*host));
	struct store store;
	struct bytes audit = {0};
	struct key ak = {0};
	uint64_t records = 0;
	bool ok;

	ok = store_open(&store, o->state, o->head, &fault);
	if (ok) {
		ok = store_load_host(&store, o->host, host, &fault) &&
		     key_load(&ak, &host->ak_public, "enrolled attestation key", &fault) &&
		     store_load_audit(&store, o->host, &audit, &fault) &&
		     (o->adopt ? store_adopt : store_check_chain)(&store, &records, &fault);
		store_close(&store);
	}
	if (ok && o->json)
		print_json(o, host, records, &audit);
	else if (ok)
		print_text(host, &ak, records);
	if (ok && o->audit && !o->json)
		audit_print(stdout, &audit, AUDIT_ALL_PROVEN);
	bytes_free(&audit);
	key_free(&ak);
	host_free(host);
	free(host);
	return ok ? EXIT_TRUSTED : command_failed(o, &fault);
}
