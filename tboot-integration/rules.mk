# From power-on to the kernel's first instruction; the Makefile includes image/rules.mk itself.
include tboot-integration/txtsim/rules.mk
-include tboot-integration/txtstat/rules.mk
