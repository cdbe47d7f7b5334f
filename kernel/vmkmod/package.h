/*
 * Packages: the one signed container for everything loadable. Format: signing/README.md.
 * Parsing is pure and bounded; nothing is trusted before package_verify() has succeeded.
 */
#ifndef VMKMOD_PACKAGE_H
#define VMKMOD_PACKAGE_H

#include "lib/reader.h"
#include "lib/types.h"
#include "trust/signature.h"
#include <vmkapi/levels.h>
#include <vmkapi/status.h>
#include <vmkuser/secpolicy.h>

#define PACKAGE_NAME_MAX          32
#define PACKAGE_CERTIFICATES_MAX  SIGNATURE_CERTS_MAX
#define PACKAGE_PCI_MAX           16
#define PACKAGE_VCPUS_MAX         16
#define PACKAGE_VM_MEMORY_MAX_KIB (16u << 20)
#define PACKAGE_PARAMETERS_MAX    8
#define PACKAGE_REQUIRES_MAX      4
#define PACKAGE_CPU_WORDS         16 /* pCPU numbers below 1024 */

/* X(symbol, name in manifests and events) */
#define PACKAGE_KINDS(X)            \
	X(PACKAGE_DRIVER, "driver") \
	X(PACKAGE_WORLD, "world")   \
	X(PACKAGE_CONFIG, "config") \
	X(PACKAGE_VM, "vm")         \
	X(PACKAGE_POLICY, "policy") \
	X(PACKAGE_REPLAY, "replay")

#define X(symbol, name) symbol,
enum package_kind { PACKAGE_KINDS(X) };
#undef X

struct package_pci {
	uint16_t vendor, device;
};
/* A number that whoever loads a driver may choose. */
struct package_parameter {
	char name[24];
	uint32_t least, most, usual;
};

/* Of a pCPU, for each vCPU of a VM with latency-sensitivity=high: reserved, at the least. */
#define PACKAGE_LATENCY_PERCENT 90u

struct package {
	const uint8_t *data, *payload; /* into the caller's buffer */
	size_t bytes, signed_bytes, payload_bytes;
	char name[PACKAGE_NAME_MAX], version[32], provider[64];
	enum package_kind kind;
	enum acceptance_level level;
	uint32_t security_version; /* what a policy's floor is compared with */
	uint32_t vmkapi;           /* that a driver was built for */
	struct vmk_grants grants;  /* what a world may do (vmkmod/domain.h) */
	bool restart;              /* a world that is started again when it ends */
	bool vm;                   /* a VMX world: started once for each VM */
	uint32_t vm_calls;         /* the version of vmkuser/vm.h that it was made for */
	struct package_pci pci[PACKAGE_PCI_MAX]; /* what a driver binds to, in this order */
	unsigned pci_count;
	struct package_parameter parameters[PACKAGE_PARAMETERS_MAX]; /* of a driver */
	unsigned parameter_count;
	char
		requires[
			PACKAGE_REQUIRES_MAX]
			[PACKAGE_NAME_MAX]; /* drivers that must be loaded first */
	unsigned requires_count;
	uint32_t vm_vcpus, vm_memory_kib; /* of a VM */
	uint32_t vm_memory_reservation_kib, vm_memory_limit_kib;
	uint32_t vm_tsc_khz;                       /* 0: the host's */
	bool vm_memory_reserved;                   /* the manifest says how much; if not, all */
	uint32_t vm_shares;                        /* of a VM, or */
	uint32_t vm_shares_each;                   /* of each of its vCPUs; both 0: normal */
	uint32_t vm_cpu_reservation, vm_cpu_limit; /* percent of one pCPU; 0: none */
	uint32_t vm_vcpu_limit;                    /* of each vCPU; likewise */
	uint64_t vm_affinity[PACKAGE_CPU_WORDS];   /* bit n of word n / 64: pCPU n; empty: any */
	char cpu_pool[48];    /* path of the resource pool of a world or VM; empty: the usual one */
	bool vm_latency_high; /* its vCPUs run soon after they wake */
	bool vm_autostart;    /* powered on at the end of the boot */
	bool vm_network;      /* its VMX world has a port */
	const uint8_t *trailer; /* certificate and signature records */
	size_t trailer_bytes;
	uint8_t sha256[32]; /* of the whole file, set by package_verify() */
	bool has_second;    /* there is a second signature, which this version passes over */
	struct signature_path path; /* set by package_verify(); empty without a good signature */
};

/* On failure *why (static text) says what is wrong. The buffer must outlive `package`. */
enum vmk_status package_parse(
	const void *data, size_t bytes, struct package *package, const char **why);
/*
 * Signature against the signer's chain up to one of `roots` (trust/signature.h, also for what it
 * returns). Says nothing on whether the package may load: admission.h.
 */
enum vmk_status package_verify(
	struct package *package, const uint8_t *roots, size_t roots_bytes, const char **why);
const char *package_kind_name(enum package_kind kind);
/* Letters and digits first, then also . _ + ~ -: nothing that a log or an event could misread. What
 * packages and virtual machines may be called, if it is short enough. */
static inline bool package_text_is_plain(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const char c = text[i];
		const bool alphanumeric =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alphanumeric &&
			(i == 0 || (c != '.' && c != '_' && c != '+' && c != '~' && c != '-')))
			return false;
	}
	return size > 0;
}

/* Packages load in this order, and within one turn in the boot loader's. */
enum package_turn { TURN_POLICY, TURN_CONFIG, TURN_OTHERS, TURN_COUNT };
enum package_turn package_turn(enum package_kind kind);

/* The manifest's text, for package_parse(): fills the fields above that come from it. */
enum vmk_status manifest_parse(
	const char *text, size_t bytes, struct package *package, const char **why);

/* One record of the trailer; `bytes` points into the package. */
struct package_record {
	uint16_t type, flags;
	const uint8_t *bytes;
	size_t size;
};
/* The next record of a reader over the trailer. False at its end, and with *why set when the record
 * is malformed. */
bool package_record_next(struct reader *trailer, struct package_record *record, const char **why);

#endif
