/*
 * Acceptance levels: how far a package is trusted, and how far one must be to load on a host.
 * Shared by the kernel, vmksign, predictors and verifiers.
 */
#ifndef VMKAPI_LEVELS_H
#define VMKAPI_LEVELS_H

/* X(symbol, name in manifests, events and options, last arc of its policy's OID), lowest first. */
#define ACCEPTANCE_LEVELS(X)                        \
	X(LEVEL_COMMUNITY, "CommunitySupported", 1) \
	X(LEVEL_PARTNER, "PartnerSupported", 2)     \
	X(LEVEL_ACCEPTED, "Accepted", 3)            \
	X(LEVEL_CERTIFIED, "Certified", 4)
enum acceptance_level {
#define X(symbol, name, arc) symbol,
	ACCEPTANCE_LEVELS(X)
#undef X
		LEVEL_COUNT
};

/* A host's level where its command line names none. */
#define LEVEL_DEFAULT LEVEL_PARTNER

/*
 * The highest level that a certificate's holder may give, as one of its certificate policies (RFC
 * 5280 section 4.2.1.4): LEVEL_POLICY_ARC "." and the level's last arc. The arc is a UUID's (ITU-T
 * X.667), so nobody else's; LEVEL_POLICY_DER is its encoding (X.690 section 8.19), without the last
 * arc's byte.
 */
#define LEVEL_POLICY_ARC "2.25.101178048353285153420751361743956730322.1"
#define LEVEL_POLICY_DER \
	"\x69\x81\x98\x9e\x97\xbb\x9f\xfd\xf2\x90\xd1\xb1\xc8\xa7\x87\xf4\xc8\xaf\xc3\x52\x01"
#define LEVEL_POLICY_DER_BYTES 21u

/* The stable name of a level; "?" for a number that is none. Never NULL. */
static inline const char *acceptance_level_name(enum acceptance_level level)
{
	switch (level) {
#define X(symbol, name, arc) \
	case symbol:         \
		return name;
		ACCEPTANCE_LEVELS(X)
#undef X
	default:
		return "?";
	}
}

#endif
