/* The manifest: key=value lines, each key once, each only where its kind of package has a use for
 * it. Its values go into events and logs, so their characters are few. */
#include <vmkuser/syscall.h>
#include "lib/keyval.h"
#include "vmkmod/package.h"

#define MEMORY_LIMIT_MAX_KIB (4u << 20)
#define VM_MEMORY_MIN_KIB    2048u
#define VM_MEMORY_MAX_KIB    (16u << 20)

struct text {
	const char *at; /* not terminated */
	size_t size;
};

/* Sets what a value says; returns what is wrong with it, or NULL. */
typedef const char *(*field_setter)(struct package *package, struct text value);

static bool text_is(struct text t, const char *word)
{
	return strlen(word) == t.size && memcmp(t.at, word, t.size) == 0;
}

/* Letters and digits first, then also . _ + ~ -: nothing that a log or an event could misread. */
static bool text_is_plain(struct text t)
{
	for (size_t i = 0; i < t.size; i++) {
		char c = t.at[i];
		bool alphanumeric =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alphanumeric && (i == 0 || !strchr("._+~-", c) || c == 0))
			return false;
	}
	return t.size > 0;
}

static bool copy_plain(char *to, size_t size, struct text value)
{
	if (value.size >= size || !text_is_plain(value))
		return false;
	memcpy(to, value.at, value.size);
	to[value.size] = 0;
	return true;
}

static const char *set_name(struct package *p, struct text value)
{
	return copy_plain(p->name, sizeof(p->name), value) ? NULL : "manifest: name";
}

static const char *set_version(struct package *p, struct text value)
{
	return copy_plain(p->version, sizeof(p->version), value) ? NULL : "manifest: version";
}

static const char *set_provider(struct package *p, struct text value)
{
	return copy_plain(p->provider, sizeof(p->provider), value) ? NULL : "manifest: provider";
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
	return "manifest: kind";
}

static const char *set_level(struct package *p, struct text value)
{
#define X(symbol, word)             \
	if (text_is(value, word)) { \
		p->level = symbol;  \
		return NULL;        \
	}
	ACCEPTANCE_LEVELS(X)
#undef X
	return "manifest: level";
}

static uint32_t syscall_bit(struct text word)
{
#define X(symbol, text, number, arguments)                                     \
	_Static_assert((number) < 32, "struct package holds 32 system calls"); \
	if (text_is(word, text))                                               \
		return 1u << (number);
	VMK_SYSCALLS(X)
#undef X
	return 0;
}

static const char *set_syscalls(struct package *p, struct text value)
{
	while (value.size > 0) {
		const char *comma = memchr(value.at, ',', value.size);
		size_t size = comma ? (size_t)(comma - value.at) : value.size;
		uint32_t bit = syscall_bit((struct text){value.at, size});

		if (bit == 0)
			return "manifest: unknown system call";
		if (p->syscalls & bit)
			return "manifest: system call named twice";
		p->syscalls |= bit;
		if (comma && size + 1 == value.size)
			return "manifest: system calls end with a comma";
		size += comma != NULL;
		value.at += size;
		value.size -= size;
	}
	return p->syscalls ? NULL : "manifest: no system calls";
}

static bool read_flag(bool *flag, struct text value)
{
	*flag = text_is(value, "yes");
	return *flag || text_is(value, "no");
}

static const char *set_port(struct package *p, struct text value)
{
	return read_flag(&p->port, value) ? NULL : "manifest: port is neither yes nor no";
}

static const char *set_trust(struct package *p, struct text value)
{
	return read_flag(&p->trust, value) ? NULL : "manifest: trust is neither yes nor no";
}

static const char *set_config(struct package *p, struct text value)
{
	return read_flag(&p->config, value) ? NULL : "manifest: config is neither yes nor no";
}

static const char *set_tty(struct package *p, struct text value)
{
	return read_flag(&p->tty, value) ? NULL : "manifest: tty is neither yes nor no";
}

static const char *set_system(struct package *p, struct text value)
{
#define X(symbol, word)             \
	if (text_is(value, word)) { \
		p->system = symbol; \
		return NULL;        \
	}
	SYSTEM_GRANTS(X)
#undef X
	return "manifest: system is neither no nor info nor control";
}

static const char *set_restart(struct package *p, struct text value)
{
	return read_flag(&p->restart, value) ? NULL : "manifest: restart is neither yes nor no";
}

static bool read_number(uint32_t *number, struct text value, uint32_t most)
{
	*number = 0;
	for (size_t i = 0; i < value.size; i++) {
		const char c = value.at[i];

		if (c < '0' || c > '9')
			return false;
		*number = *number * 10 + (uint32_t)(c - '0');
		if (*number > most)
			return false;
	}
	return *number != 0;
}

static const char *set_memory_limit(struct package *p, struct text value)
{
	return read_number(&p->memory_limit_kib, value, MEMORY_LIMIT_MAX_KIB)
		       ? NULL
		       : "manifest: memory-limit-kib is no number from 1 to 4194304";
}

static const char *set_vm(struct package *p, struct text value)
{
	return read_flag(&p->vm, value) ? NULL : "manifest: vm is neither yes nor no";
}

static const char *set_vcpus(struct package *p, struct text value)
{
	return read_number(&p->vm_vcpus, value, PACKAGE_VCPUS_MAX)
		       ? NULL
		       : "manifest: vcpus is no number from 1 to 16";
}

/* Whole pages, and at least what real mode reaches. */
static const char *set_vm_memory(struct package *p, struct text value)
{
	return read_number(&p->vm_memory_kib, value, VM_MEMORY_MAX_KIB) &&
			       p->vm_memory_kib % (PAGE_SIZE >> 10) == 0 &&
			       p->vm_memory_kib >= VM_MEMORY_MIN_KIB
		       ? NULL
		       : "manifest: memory-kib is no multiple of 4 from 2048 to 16777216";
}

static const char *set_autostart(struct package *p, struct text value)
{
	return read_flag(&p->vm_autostart, value) ? NULL
						  : "manifest: autostart is neither yes nor no";
}

static const char *set_network(struct package *p, struct text value)
{
	return read_flag(&p->port, value) ? NULL : "manifest: network is neither yes nor no";
}

static bool read_hex16(uint16_t *number, struct text digits)
{
	*number = 0;
	for (size_t i = 0; i < digits.size; i++) {
		char c = digits.at[i];

		if (c >= '0' && c <= '9')
			*number = (uint16_t)(*number << 4 | (c - '0'));
		else if (c >= 'a' && c <= 'f')
			*number = (uint16_t)(*number << 4 | (c - 'a' + 10));
		else
			return false;
	}
	return digits.size == 4;
}

static bool read_pci(struct package_pci *pci, struct text value)
{
	return value.size == 9 && value.at[4] == ':' &&
	       read_hex16(&pci->vendor, (struct text){value.at, 4}) &&
	       read_hex16(&pci->device, (struct text){value.at + 5, 4}) && pci->vendor != 0;
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

#define KIND(k) (1u << (k))
#define ANY_KIND \
	(KIND(PACKAGE_DRIVER) | KIND(PACKAGE_WORLD) | KIND(PACKAGE_CONFIG) | KIND(PACKAGE_VM))

static const struct field {
	const char *key;
	field_setter set;
	unsigned allowed, required; /* kinds, one bit each */
} fields[] = {
	{"name", set_name, ANY_KIND, ANY_KIND},
	{"version", set_version, ANY_KIND, ANY_KIND},
	{"provider", set_provider, ANY_KIND, ANY_KIND},
	{"kind", set_kind, ANY_KIND, ANY_KIND},
	{"level", set_level, ANY_KIND, ANY_KIND},
	{"syscalls", set_syscalls, KIND(PACKAGE_WORLD), KIND(PACKAGE_WORLD)},
	{"port", set_port, KIND(PACKAGE_WORLD), 0},
	{"trust", set_trust, KIND(PACKAGE_WORLD), 0},
	{"config", set_config, KIND(PACKAGE_WORLD), 0},
	{"tty", set_tty, KIND(PACKAGE_WORLD), 0},
	{"system", set_system, KIND(PACKAGE_WORLD), 0},
	{"restart", set_restart, KIND(PACKAGE_WORLD), 0},
	{"memory-limit-kib", set_memory_limit, KIND(PACKAGE_WORLD), 0},
	{"vm", set_vm, KIND(PACKAGE_WORLD), 0},
	{"vcpus", set_vcpus, KIND(PACKAGE_VM), KIND(PACKAGE_VM)},
	{"memory-kib", set_vm_memory, KIND(PACKAGE_VM), KIND(PACKAGE_VM)},
	{"network", set_network, KIND(PACKAGE_VM), 0},
	{"autostart", set_autostart, KIND(PACKAGE_VM), 0},
	{"pci", set_pci, KIND(PACKAGE_DRIVER), 0},
};

static const char *take_pair(const struct keyval *pair, struct package *package, uint32_t *seen)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!keyval_is(pair, fields[i].key))
			continue;
		if (*seen & (1u << i))
			return "manifest: a key stands twice";
		*seen |= 1u << i;
		return fields[i].set(package, (struct text){pair->value, pair->value_length});
	}
	return "manifest: unknown key";
}

static const char *check_fields(const struct package *package, uint32_t seen)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		bool present = seen & (1u << i);

		if (!present && (fields[i].required & KIND(package->kind)))
			return "manifest: a required key is missing";
		if (present && !(fields[i].allowed & KIND(package->kind)))
			return "manifest: a key does not belong to this kind of package";
	}
	return NULL;
}

enum vmk_status manifest_parse(
	const char *text, size_t bytes, struct package *package, const char **why)
{
	struct keyval pair = keyval_of(text, bytes);
	enum vmk_status status;
	uint32_t seen = 0;

	*why = NULL;
	while (!*why && (status = keyval_next(&pair)) != VMK_NOT_FOUND)
		*why = status == VMK_OK ? take_pair(&pair, package, &seen) : pair.error;
	if (!*why)
		*why = check_fields(package, seen);
	return *why ? VMK_BAD_FORMAT : VMK_OK;
}
