# Merlon's build graph. `build.sh` is for people; this works alone once `build.sh setup` has run.
#
# Each top-level folder describes its own products in a rules.mk and adds to these lists:
#   HOST_PROGRAMS   names of host programs; NAME_SRCS, NAME_LIBS, NAME_CFLAGS describe each
#   KERNEL_SRCS     the VMkernel's sources (kernel/rules.mk)
#   PRODUCTS        further files that `make all` builds
# Unit tests (tests/unit/*.c) and fuzz targets (fuzz/*.c) name the sources they are built from in
# their first lines:   /* sources: kernel/lib/reader.c kernel/lib/hex.c */   and optionally
#                      /* libs: -lcrypto */    /* cflags: -DX=1 */    /* needs: build/some/file */

B := build
CC_HOST := clang-19
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.DEFAULT_GOAL := all
# V=1 shows the commands.
ifndef V
.SILENT:
endif

include mk/flags.mk

HOST_PROGRAMS :=
KERNEL_SRCS :=
PRODUCTS :=

include mk/third-party.mk
include kernel/rules.mk
include tboot-integration/rules.mk
include tboot-integration/image/rules.mk
include signing/rules.mk
include policy/rules.mk
include attest/rules.mk

include mk/host.mk
include mk/checks.mk

.PHONY: all host kernel clean
host: $(HOST_PROGRAMS:%=$(B)/bin/%)
all: host kernel $(PRODUCTS)

clean:
	rm -rf $(filter-out $(B)/cache $(B)/third-party $(B)/keys,$(wildcard $(B)/*))
