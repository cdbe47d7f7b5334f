/* Registers behind the proxy device, for targets: nobody asks for more than 8 bytes. */
#ifndef FUZZ_MODELS_PROXY_BARS_H
#define FUZZ_MODELS_PROXY_BARS_H

#include "tboot-integration/txtsim/qemu/pciproxy.h"

extern const struct pciproxy_ops proxy_bars;

#endif
