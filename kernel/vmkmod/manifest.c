/* The manifest: key=value lines, each key once, each only where its kind of package has a use for
 * it. Its values go into events and logs, so their characters are few. */
#include "lib/keyval.h"
#include "vmkmod/domain.h"
#include "vmkmod/manifest_text.h"
#include "vmkmod/package.h"
#include "vmkmod/parameters.h"
#include <vmkuser/syscall.h>

#define SECURITY_VERSION_MAX 1000000000u
#define VMKAPI_VERSION_MAX   65535u
#define VM_MEMORY_MIN_KIB    2048u
#define VM_CALLS_MAX         65535u
#define VM_TSC_MIN_KHZ       1000u
#define VM_TSC_MAX_KHZ       64000000u
#define SHARES_LOW           500u
#define SHARES_NORMAL        1000u
#define SHARES_HIGH          2000u
#define SHARES_MAX           1000000u
#define VCPU_PERCENT_MAX     100u
#define CPU_PERCENT_MAX      (VCPU_PERCENT_MAX * PACKAGE_VCPUS_MAX)
/* A pCPU promises 95 in all (sched/settings.h). */
#define CPUS_END (64u * PACKAGE_CPU_WORDS)

/* Sets what a value says; returns what is wrong with it, or NULL. */
typedef const char *(*field_setter)(struct package *package, struct text value);

static bool text_is_plain(struct text t)
{
	return package_text_is_plain(t.at, t.size);
}

static bool copy_plain(char *to, size_t size, struct text value)
{
	if (value.size >= size || !text_is_plain(value))
		return false;
	memcpy(to, value.at, value.size);
	to[value.size] = 0;
	return true;
}

#define NOT_PLAIN(key, most)                  \
	"manifest: " key " is not 1 to " most \
	" letters, digits and ._+~-, the first a letter or digit"

static const char *set_name(struct package *p, struct text value)
{
	return copy_plain(p->name, sizeof(p->name), value) ? NULL : NOT_PLAIN("name", "31");
}

static const char *set_version(struct package *p, struct text value)
{
	return copy_plain(p->version, sizeof(p->version), value) ? NULL
								 : NOT_PLAIN("version", "31");
}

static const char *set_provider(struct package *p, struct text value)
{
	return copy_plain(p->provider, sizeof(p->provider), value) ? NULL
								   : NOT_PLAIN("provider", "63");
}

static const char *set_kind(struct package *p, struct text value)
{
#define X(symbol, word)             \
	if (text_is(value, word)) { \
		p->kind = symbol;   \
		return NULL;        \
	}
	PACKAGE_KINDS(X)
#undef X
#define X(symbol, word) " " word
	return "manifest: kind is none of" PACKAGE_KINDS(X);
#undef X
}

static const char *set_level(struct package *p, struct text value)
{
#define X(symbol, word, arc)        \
	if (text_is(value, word)) { \
		p->level = symbol;  \
		return NULL;        \
	}
	ACCEPTANCE_LEVELS(X)
#undef X
#define X(symbol, word, arc) " " word
	return "manifest: level is none of" ACCEPTANCE_LEVELS(X);
#undef X
}

/* Of a list of names: what can be wrong with it. */
struct list_errors {
	const char *unknown, *twice, *empty;
};
#define LIST_ERRORS(key)                                                           \
	&(const struct list_errors){"manifest: " key ": a name that is not known", \
		"manifest: " key ": a name stands twice", "manifest: " key ": no name"}

/* Names of an action's objects. */
static const char *read_objects(
	uint64_t *mask, struct text value, enum vmk_action action, const struct list_errors *errors)
{
	struct text name;

	while (text_take_name(&value, &name)) {
		uint64_t bit = domain_object_bit(action, name.at, name.size);

		if (name.size == 0)
			return errors->empty;
		if (bit == 0)
			return errors->unknown;
		if (*mask & bit)
			return errors->twice;
		*mask |= bit;
	}
	return NULL;
}

/* The same, or all of them. */
static const char *read_objects_or_all(
	uint64_t *mask, struct text value, enum vmk_action action, const struct list_errors *errors)
{
	if (!text_is(value, "all"))
		return read_objects(mask, value, action, errors);
	*mask = domain_all_objects(action);
	return NULL;
}

static const char *set_syscalls(struct package *p, struct text value)
{
	return read_objects(
		&p->grants.syscalls, value, VMK_ACTION_SYSCALL, LIST_ERRORS("syscalls"));
}

static const char *set_info(struct package *p, struct text value)
{
	return read_objects_or_all(&p->grants.info, value, VMK_ACTION_INFO, LIST_ERRORS("info"));
}

static const char *set_control(struct package *p, struct text value)
{
	return read_objects_or_all(
		&p->grants.control, value, VMK_ACTION_CONTROL, LIST_ERRORS("control"));
}

static const char *set_logs(struct package *p, struct text value)
{
	return read_objects_or_all(&p->grants.logs, value, VMK_ACTION_LOG, LIST_ERRORS("logs"));
}

/* The virtual machines that it may act on. */
static const char *set_vms(struct package *p, struct text value)
{
	struct text name;
	unsigned count = 0;

	p->grants.all_vms = text_is(value, "all");
	while (!p->grants.all_vms && text_take_name(&value, &name))
		if (count == VMK_GRANT_VMS ||
			!copy_plain(p->grants.vms[count++], sizeof(p->grants.vms[0]), name))
			return "manifest: vms is neither all nor up to 4 names of virtual machines";
	return NULL;
}

/* What the world may do with the handle that it starts with. */
static bool read_rights(uint8_t *rights, struct text value)
{
	static const struct {
		const char *word;
		uint8_t rights;
	} words[] = {
		{"no", 0},
		{"read", VMK_RIGHT_READ | VMK_RIGHT_WAIT},
		{"write", VMK_RIGHT_WRITE},
		{"yes", VMK_RIGHT_READ | VMK_RIGHT_WRITE | VMK_RIGHT_WAIT},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		if (!text_is(value, words[i].word))
			continue;
		*rights = words[i].rights;
		return true;
	}
	return false;
}

static const char *set_port(struct package *p, struct text value)
{
	return read_rights(&p->grants.port, value) ? NULL
						   : "manifest: port is not yes, no, read or write";
}

static const char *set_tty(struct package *p, struct text value)
{
	return read_rights(&p->grants.tty, value) ? NULL
						  : "manifest: tty is not yes, no, read or write";
}

static const char *set_config(struct package *p, struct text value)
{
	bool given;

	if (!text_flag(value, &given))
		return "manifest: config is neither yes nor no";
	p->grants.config = given ? VMK_RIGHT_READ : 0;
	return NULL;
}

static const char *set_restart(struct package *p, struct text value)
{
	return text_flag(value, &p->restart) ? NULL : "manifest: restart is neither yes nor no";
}

#define MEMORY_LIMIT \
	"manifest: memory-limit-kib is no number from 1 to 4194304, or 16777216 for a VM"

static const char *set_security_version(struct package *p, struct text value)
{
	return text_number(value, SECURITY_VERSION_MAX, &p->security_version)
		       ? NULL
		       : "manifest: security-version is no number from 1 to 1000000000";
}

static const char *set_vmkapi(struct package *p, struct text value)
{
	return text_number(value, VMKAPI_VERSION_MAX, &p->vmkapi)
		       ? NULL
		       : "manifest: vmkapi is no number from 1 to 65535";
}

/* Of a world or of a VM: check_memory(). */
static const char *set_memory_limit(struct package *p, struct text value)
{
	return text_number(value, PACKAGE_VM_MEMORY_MAX_KIB, &p->vm_memory_limit_kib)
		       ? NULL
		       : MEMORY_LIMIT;
}

static const char *set_handles(struct package *p, struct text value)
{
	return text_number(value, DOMAIN_HANDLES_MAX, &p->grants.handles)
		       ? NULL
		       : "manifest: handles is no number from 1 to 32";
}

static const char *set_log_rate(struct package *p, struct text value)
{
	return text_number(value, DOMAIN_LOG_RATE_MAX, &p->grants.log_rate)
		       ? NULL
		       : "manifest: log-rate is no number from 1 to 1000";
}

static const char *set_vm(struct package *p, struct text value)
{
	return text_flag(value, &p->vm) ? NULL : "manifest: vm is neither yes nor no";
}

static const char *set_vm_calls(struct package *p, struct text value)
{
	return text_number(value, VM_CALLS_MAX, &p->vm_calls)
		       ? NULL
		       : "manifest: vm-calls is no number from 1 to 65535";
}

static const char *set_vcpus(struct package *p, struct text value)
{
	return text_number(value, PACKAGE_VCPUS_MAX, &p->vm_vcpus)
		       ? NULL
		       : "manifest: vcpus is no number from 1 to 16";
}

static const char *set_tsc(struct package *p, struct text value)
{
	return text_number(value, VM_TSC_MAX_KHZ, &p->vm_tsc_khz) && p->vm_tsc_khz >= VM_TSC_MIN_KHZ
		       ? NULL
		       : "manifest: tsc-khz is no number from 1000 to 64000000";
}

/* Whole pages, and at least what real mode reaches. */
static const char *set_vm_memory(struct package *p, struct text value)
{
	return text_number(value, PACKAGE_VM_MEMORY_MAX_KIB, &p->vm_memory_kib) &&
			       p->vm_memory_kib % (PAGE_SIZE >> 10) == 0 &&
			       p->vm_memory_kib >= VM_MEMORY_MIN_KIB
		       ? NULL
		       : "manifest: memory-kib is no multiple of 4 from 2048 to 16777216";
}

static const char *set_memory_reservation(struct package *p, struct text value)
{
	p->vm_memory_reserved = true;
	return text_count(value, PACKAGE_VM_MEMORY_MAX_KIB, &p->vm_memory_reservation_kib)
		       ? NULL
		       : "manifest: memory-reservation-kib is no number to 16777216";
}

/* As vSphere's levels: for each vCPU; a number is for the whole VM. */
static const char *set_shares(struct package *p, struct text value)
{
	static const struct {
		const char *word;
		uint32_t each;
	} levels[] = {{"low", SHARES_LOW}, {"normal", SHARES_NORMAL}, {"high", SHARES_HIGH}};

	for (unsigned i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!text_is(value, levels[i].word))
			continue;
		p->vm_shares_each = levels[i].each;
		return NULL;
	}
	return text_number(value, SHARES_MAX, &p->vm_shares)
		       ? NULL
		       : "manifest: cpu-shares is neither low, normal, high nor a number from 1 to "
			 "1000000";
}

static const char *set_cpu_reservation(struct package *p, struct text value)
{
	return text_number(value, CPU_PERCENT_MAX, &p->vm_cpu_reservation)
		       ? NULL
		       : "manifest: cpu-reservation is no percentage of one pCPU from 1 to 1600";
}

static const char *set_latency(struct package *p, struct text value)
{
	p->vm_latency_high = text_is(value, "high");
	return p->vm_latency_high || text_is(value, "normal")
		       ? NULL
		       : "manifest: latency-sensitivity is neither normal nor high";
}

static const char *set_cpu_limit(struct package *p, struct text value)
{
	return text_number(value, CPU_PERCENT_MAX, &p->vm_cpu_limit)
		       ? NULL
		       : "manifest: cpu-limit is no percentage of one pCPU from 1 to 1600";
}

static const char *set_vcpu_limit(struct package *p, struct text value)
{
	return text_number(value, VCPU_PERCENT_MAX, &p->vm_vcpu_limit)
		       ? NULL
		       : "manifest: vcpu-limit is no percentage of one pCPU from 1 to 100";
}

/* "0" or "2-5": the pCPUs that one part of the list names. */
static bool add_cpus(struct package *p, struct text range)
{
	const char *dash = memchr(range.at, '-', range.size);
	struct text first_text = range, last_text = range;
	uint32_t first, last;

	if (dash) {
		first_text.size = (size_t)(dash - range.at);
		last_text = (struct text){dash + 1, range.size - first_text.size - 1};
	}
	if (!text_count(first_text, CPUS_END - 1, &first) ||
		!text_count(last_text, CPUS_END - 1, &last) || last < first)
		return false;
	for (uint32_t cpu = first; cpu <= last; cpu++)
		p->vm_affinity[cpu / 64] |= 1ull << (cpu % 64);
	return true;
}

static const char *set_affinity(struct package *p, struct text value)
{
	for (;;) {
		const char *comma = memchr(value.at, ',', value.size);
		const size_t size = comma ? (size_t)(comma - value.at) : value.size;

		if (!add_cpus(p, (struct text){value.at, size}))
			return "manifest: cpu-affinity is no list of pCPUs like 0,2-3";
		if (!comma)
			return NULL;
		value.at += size + 1;
		value.size -= size + 1;
	}
}

static const char *set_cpu_pool(struct package *p, struct text value)
{
	const size_t root = sizeof("host/") - 1;
	struct text name = {value.at + root, value.size - root};

	if (value.size <= root || value.size >= sizeof(p->cpu_pool) ||
		memcmp(value.at, "host/", root) != 0)
		return "manifest: cpu-pool is no path like host/user/NAME";
	for (size_t i = 0; i < name.size; i++) {
		if (!text_is_plain((struct text){&name.at[i], 1}) && !strchr("-_/", name.at[i]))
			return "manifest: cpu-pool has a character that no pool's name has";
	}
	memcpy(p->cpu_pool, value.at, value.size);
	p->cpu_pool[value.size] = 0;
	return NULL;
}

static const char *set_autostart(struct package *p, struct text value)
{
	return text_flag(value, &p->vm_autostart) ? NULL
						  : "manifest: autostart is neither yes nor no";
}

static const char *set_network(struct package *p, struct text value)
{
	return text_flag(value, &p->vm_network) ? NULL : "manifest: network is neither yes nor no";
}

static bool read_pci(struct package_pci *pci, struct text value)
{
	return value.size == 9 && value.at[4] == ':' &&
	       text_hex16((struct text){value.at, 4}, &pci->vendor) &&
	       text_hex16((struct text){value.at + 5, 4}, &pci->device) && pci->vendor != 0;
}

/* vvvv:dddd in lower-case hexadecimal, several separated by commas. */
static const char *set_pci(struct package *p, struct text value)
{
	for (;;) {
		const char *comma = memchr(value.at, ',', value.size);
		size_t size = comma ? (size_t)(comma - value.at) : value.size;

		if (p->pci_count == PACKAGE_PCI_MAX)
			return "manifest: pci names too many devices";
		if (!read_pci(&p->pci[p->pci_count++], (struct text){value.at, size}))
			return "manifest: pci is not vvvv:dddd";
		if (!comma)
			return NULL;
		value.at += size + 1;
		value.size -= size + 1;
	}
}

static const char *set_parameters(struct package *p, struct text value)
{
	return parameters_declare(p, value.at, value.size);
}

static const char *set_requires(struct package *p, struct text value)
{
	return requires_declare(p, value.at, value.size);
}

#define KIND(k) (1u << (k))
#define ANY_KIND                                                                                \
	(KIND(PACKAGE_DRIVER) | KIND(PACKAGE_WORLD) | KIND(PACKAGE_CONFIG) | KIND(PACKAGE_VM) | \
		KIND(PACKAGE_POLICY) | KIND(PACKAGE_REPLAY))

/* Where it may stand and, if it must, what to say where it does not. */
#define MAY(key, set, kinds)  {key, set, kinds, NULL}
#define MUST(key, set, kinds) {key, set, kinds, "manifest: the key " key " is missing"}

static const struct field {
	const char *key;
	field_setter set;
	unsigned kinds; /* one bit each */
	const char *missing;
} fields[] = {
	MUST("name", set_name, ANY_KIND),
	MUST("version", set_version, ANY_KIND),
	MUST("provider", set_provider, ANY_KIND),
	MUST("kind", set_kind, ANY_KIND),
	MUST("level", set_level, ANY_KIND),
	MAY("security-version", set_security_version, ANY_KIND),
	MUST("syscalls", set_syscalls, KIND(PACKAGE_WORLD)),
	MAY("port", set_port, KIND(PACKAGE_WORLD)),
	MAY("config", set_config, KIND(PACKAGE_WORLD)),
	MAY("tty", set_tty, KIND(PACKAGE_WORLD)),
	MAY("info", set_info, KIND(PACKAGE_WORLD)),
	MAY("control", set_control, KIND(PACKAGE_WORLD)),
	MAY("logs", set_logs, KIND(PACKAGE_WORLD)),
	MAY("vms", set_vms, KIND(PACKAGE_WORLD)),
	MAY("restart", set_restart, KIND(PACKAGE_WORLD)),
	MAY("memory-limit-kib", set_memory_limit, KIND(PACKAGE_WORLD) | KIND(PACKAGE_VM)),
	MAY("handles", set_handles, KIND(PACKAGE_WORLD)),
	MAY("log-rate", set_log_rate, KIND(PACKAGE_WORLD)),
	MAY("vm", set_vm, KIND(PACKAGE_WORLD)),
	MAY("vm-calls", set_vm_calls, KIND(PACKAGE_WORLD)),
	MUST("vcpus", set_vcpus, KIND(PACKAGE_VM)),
	MUST("memory-kib", set_vm_memory, KIND(PACKAGE_VM)),
	MAY("memory-reservation-kib", set_memory_reservation, KIND(PACKAGE_VM)),
	MAY("tsc-khz", set_tsc, KIND(PACKAGE_VM)),
	MAY("network", set_network, KIND(PACKAGE_VM)),
	MAY("autostart", set_autostart, KIND(PACKAGE_VM)),
	MAY("cpu-shares", set_shares, KIND(PACKAGE_VM) | KIND(PACKAGE_WORLD)),
	MAY("cpu-reservation", set_cpu_reservation, KIND(PACKAGE_VM)),
	MAY("cpu-limit", set_cpu_limit, KIND(PACKAGE_VM) | KIND(PACKAGE_WORLD)),
	MAY("vcpu-limit", set_vcpu_limit, KIND(PACKAGE_VM)),
	MAY("latency-sensitivity", set_latency, KIND(PACKAGE_VM)),
	MAY("cpu-affinity", set_affinity, KIND(PACKAGE_VM)),
	MAY("cpu-pool", set_cpu_pool, KIND(PACKAGE_WORLD) | KIND(PACKAGE_VM)),
	MAY("pci", set_pci, KIND(PACKAGE_DRIVER)),
	MUST("vmkapi", set_vmkapi, KIND(PACKAGE_DRIVER)),
	MAY("parameters", set_parameters, KIND(PACKAGE_DRIVER)),
	MAY("requires", set_requires, KIND(PACKAGE_DRIVER)),
};

_Static_assert(ARRAY_SIZE(fields) <= 64, "one bit each says which keys were seen");

static const char *take_pair(const struct keyval *pair, struct package *package, uint64_t *seen)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!keyval_is(pair, fields[i].key))
			continue;
		if (*seen & (1ull << i))
			return "manifest: a key stands twice";
		*seen |= 1ull << i;
		return fields[i].set(package, (struct text){pair->value, pair->value_length});
	}
	return "manifest: unknown key";
}

static const char *check_fields(const struct package *package, uint64_t seen)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		const bool present = seen & (1ull << i);
		const bool belongs = fields[i].kinds & KIND(package->kind);

		if (!present && belongs && fields[i].missing)
			return fields[i].missing;
		if (present && !belongs)
			return "manifest: a key does not belong to this kind of package";
	}
	return NULL;
}

static const char *check_cpu(const struct package *p)
{
	const uint32_t each = p->vm_vcpu_limit ? p->vm_vcpu_limit : VCPU_PERCENT_MAX;
	const uint32_t most = each * p->vm_vcpus;

	if (p->kind != PACKAGE_VM)
		return NULL;
	if (p->vm_cpu_reservation > (p->vm_cpu_limit ? MIN(most, p->vm_cpu_limit) : most))
		return "manifest: cpu-reservation is more than cpu-limit, or than vcpu-limit "
		       "(without it 100) for each vCPU";
	return NULL;
}

/* Nothing that it needs may be somebody else's first. Admission, not whoever asks, says how many
 * VMs have that. */
static const char *check_latency(const struct package *p)
{
	if (p->kind != PACKAGE_VM || !p->vm_latency_high)
		return NULL;
	if (p->vm_cpu_reservation < PACKAGE_LATENCY_PERCENT * p->vm_vcpus)
		return "manifest: latency-sensitivity=high needs cpu-reservation=90 for each vCPU";
	if (p->vm_memory_reservation_kib < p->vm_memory_kib)
		return "manifest: latency-sensitivity=high needs all of memory-kib reserved";
	return NULL;
}

/* The first VMX worlds did not say which version of the calls they use. */
static const char *check_calls(struct package *p)
{
	if (p->vm_calls && !p->vm)
		return "manifest: vm-calls is for a world with vm=yes";
	if (p->vm && !p->vm_calls)
		p->vm_calls = 1;
	return NULL;
}

/* A VM has all of its memory, and is promised it, unless it says something else. */
static const char *check_memory(struct package *p)
{
	const uint32_t page_kib = PAGE_SIZE >> 10;

	if (p->kind == PACKAGE_WORLD)
		return p->vm_memory_limit_kib <= DOMAIN_MEMORY_MAX_KIB ? NULL : MEMORY_LIMIT;
	if (p->kind != PACKAGE_VM)
		return NULL;
	if (!p->vm_memory_limit_kib)
		p->vm_memory_limit_kib = p->vm_memory_kib;
	if (!p->vm_memory_reserved)
		p->vm_memory_reservation_kib = p->vm_memory_limit_kib;
	if ((p->vm_memory_limit_kib | p->vm_memory_reservation_kib) % page_kib)
		return "manifest: memory-limit-kib or memory-reservation-kib is no multiple of 4";
	if (p->vm_memory_limit_kib > p->vm_memory_kib)
		return "manifest: memory-limit-kib is more than memory-kib";
	if (p->vm_memory_reservation_kib > p->vm_memory_limit_kib)
		return "manifest: memory-reservation-kib is more than the limit or memory-kib";
	return NULL;
}

enum vmk_status manifest_parse(
	const char *text, size_t bytes, struct package *package, const char **why)
{
	struct keyval pair = keyval_of(text, bytes);
	enum vmk_status status;
	uint64_t seen = 0;

	*why = NULL;
	while (!*why && (status = keyval_next(&pair)) != VMK_NOT_FOUND)
		*why = status == VMK_OK ? take_pair(&pair, package, &seen) : pair.error;
	if (!*why)
		*why = check_fields(package, seen);
	if (!*why)
		*why = check_cpu(package);
	if (!*why)
		*why = check_memory(package);
	if (!*why)
		*why = check_latency(package);
	if (!*why)
		*why = check_calls(package);
	if (package->kind == PACKAGE_WORLD) {
		package->grants.cpu_shares = MAX(package->vm_shares, package->vm_shares_each);
		package->grants.cpu_limit = package->vm_cpu_limit;
		package->grants.memory_limit_kib = package->vm_memory_limit_kib;
	}
	return *why ? VMK_BAD_FORMAT : VMK_OK;
}
