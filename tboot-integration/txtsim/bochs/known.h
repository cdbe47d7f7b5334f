/* The builds of Bochs that bochs_abi.h describes, by the ELF build id of bochs-bin. */
#ifndef TXTSIM_BOCHS_KNOWN_H
#define TXTSIM_BOCHS_KNOWN_H

#define BUILD_ID_BYTES 20

/* X(build id, package) */
#define BOCHS_KNOWN(X) \
	X("6e89e0c07c096ab305b68eb0bf69c4aeb788d10d", "bochs 2.7+dfsg-4+deb12u1 of Debian 12")

#endif
