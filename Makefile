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

# --- flags, once, for every profile in which a source file is built ---
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wpointer-arith -Wwrite-strings -Wno-unused-parameter -Wimplicit-fallthrough
INC := -I. -Ikernel -Ikernel/include -Iattest
REPRO := -ffile-prefix-map=$(CURDIR)=.

# Host programs: hardened as any program that reads a stranger's bytes.
HOST_CFLAGS := -std=gnu17 -O2 -g $(WARN) $(INC) $(REPRO) -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
	-fstack-protector-strong -fPIE -fcf-protection
HOST_LDFLAGS := -pie -Wl,-z,relro,-z,now -fuse-ld=lld-19 -Wl,--build-id=none

# Unit tests: the same sources, instrumented.
TEST_CFLAGS := -std=gnu17 -O1 -g $(WARN) $(INC) -D_GNU_SOURCE -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all
# Fuzz targets: the same sources again, with coverage feedback.
# An array at the end of a structure has bounds like any other.
FUZZ_BOUNDS := -fstrict-flex-arrays=3
FUZZ_CFLAGS := $(TEST_CFLAGS) $(FUZZ_BOUNDS) -fsanitize=fuzzer
SIMCPU_CC ?= clang-19
SIMCPU_CFLAGS := -std=gnu17 -O2 -g $(WARN) $(INC) -D_GNU_SOURCE -fno-omit-frame-pointer -fsanitize=thread \
	-mllvm -tsan-instrument-func-entry-exit=0 -mllvm -tsan-instrument-memory-accesses=0 \
	-mllvm -tsan-instrument-memintrinsics=0
EDGES_CFLAGS := $(TEST_CFLAGS) $(FUZZ_BOUNDS) -fsanitize-coverage=inline-8bit-counters,pc-table
# The same for who does little else than call what unit tests call too: a mistake ends in a trap, which
# the stack names; null is left to the processor, alignment to the unit tests. A quarter less to do.
LEAN_CFLAGS := $(EDGES_CFLAGS) -O2 -fno-sanitize=null,alignment -fsanitize-trap=undefined \
	-fsanitize-address-use-after-return=never
# Without address too, of undefined behaviour what arithmetic and indices show, and as a whole, calls
# from file to file in line: for sources that another target has with all of it, and whose memory is
# arrays that it does not see into.
BARE_CFLAGS := $(filter-out -fsanitize-address-%,$(LEAN_CFLAGS)) -fno-sanitize=address \
	-fno-sanitize=pointer-overflow,object-size,bool,enum,function -fomit-frame-pointer -flto
# What only judges: its own memory safety is looked at in unit tests.
PLAIN_CFLAGS := -std=gnu17 -O2 -g $(WARN) $(INC) -D_GNU_SOURCE -fno-omit-frame-pointer

# Kernel: clang-19 with lld first; COMPILER=gcc keeps gcc-12 building as a second opinion.
COMPILER ?= clang
KERNEL_COMMON := -std=gnu17 -O2 -g -ffreestanding -mno-red-zone -mgeneral-regs-only -fPIE \
	-mcmodel=small -fvisibility=hidden -fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-fno-strict-aliasing -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
	-fcf-protection=branch -fno-jump-tables -mharden-sls=all \
	-ffunction-sections -fdata-sections $(REPRO)
STACK_GUARD := -fstack-protector-strong -mstack-protector-guard=tls \
	-mstack-protector-guard-reg=gs -mstack-protector-guard-offset=40
ifeq ($(COMPILER),clang)
KCC := clang-19 --target=x86_64-linux-gnu -nostdlibinc
# Nothing comes from elsewhere: no detour through a GOT (gcc does so by default).
KERNEL_ARCH := -fsanitize=kcfi -fdirect-access-external-data
KB := $(B)/kernel
else
KCC := gcc-12 -nostdinc -isystem $(shell gcc-12 -print-file-name=include 2>/dev/null)
KERNEL_ARCH :=
KB := $(B)/kernel-gcc
endif
KERNEL_INC := -isystem kernel/port/libc $(INC)
# Ours, with every warning an error; third-party sources are built with KERNEL_PORT_CFLAGS.
KERNEL_CFLAGS := $(KERNEL_COMMON) $(STACK_GUARD) $(KERNEL_ARCH) $(WARN) -Wframe-larger-than=2048 \
	$(KERNEL_INC)
KERNEL_PORT_CFLAGS := $(KERNEL_COMMON) $(STACK_GUARD) $(KERNEL_ARCH) -w $(KERNEL_INC)
KLD := ld.lld-19

HOST_PROGRAMS :=
KERNEL_SRCS :=
PRODUCTS :=

# --- where the unpacked third-party sources are (kernel/port/fetch) ---
TP := $(B)/third-party
MBEDTLS := $(TP)/mbedtls
TSS2 := $(TP)/tpm2-tss
GNUTLS := $(TP)/gnutls28
LWIP := $(TP)/lwip
MUSL := $(TP)/musl
TBOOT := $(TP)/tboot

include kernel/rules.mk
include tboot-integration/rules.mk
include tboot-integration/image/rules.mk
include signing/rules.mk
include policy/rules.mk
include attest/rules.mk
include tests/rules.mk

# --- host programs, unit tests and fuzz targets ---
# --- host programs: one object per source and program-independent, so shared sources build once
host_obj = $(patsubst %.c,$(B)/obj/host/%.o,$(1))
$(B)/obj/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(HOST_CFLAGS) $(HOST_CFLAGS_$(subst /,_,$*)) -MMD -MP -c $< -o $@

define host_program
$(B)/bin/$(1): $(call host_obj,$($(1)_SRCS))
	@mkdir -p $$(@D)
	$$(CC_HOST) $$(HOST_LDFLAGS) -o $$@ $$^ $($(1)_LIBS)
endef
$(foreach p,$(HOST_PROGRAMS),$(eval $(call host_program,$(p))))

# --- what a test or fuzz target is built from stands in its own first lines
directive = $(shell sed -n 's,^/\* $(2): \(.*\) \*/$$,\1,p' $(1))
test_obj = $(patsubst %.c,$(B)/obj/$(2)/%.o,$(1))

$(B)/obj/test/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(TEST_CFLAGS) $(call directive,$<,cflags) -MMD -MP -c $< -o $@
$(B)/obj/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(FUZZ_CFLAGS) $(call directive,$<,cflags) -MMD -MP -c $< -o $@
$(B)/obj/fuzz-edges/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(EDGES_CFLAGS) $(call directive,$<,cflags) -MMD -MP -c $< -o $@
$(B)/obj/fuzz-lean/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(LEAN_CFLAGS) $(call directive,$<,cflags) -MMD -MP -c $< -o $@
$(B)/obj/fuzz-bare/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(BARE_CFLAGS) $(call directive,$<,cflags) -MMD -MP -c $< -o $@
$(B)/obj/plain/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(PLAIN_CFLAGS) $(call directive,$<,cflags) -MMD -MP -c $< -o $@
$(B)/obj/plain-bare/%.o: %.c
	@mkdir -p $(@D)
	$(CC_HOST) $(PLAIN_CFLAGS) -fomit-frame-pointer -flto $(call directive,$<,cflags) -MMD -MP -c $< -o $@

# With other flags, calls that the model does not know: old objects would not link.
$(B)/obj/simcpu/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SIMCPU_CC) $(SIMCPU_CFLAGS) -MMD -MP -c $< -o $@
$(B)/obj/simcpu-bare/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SIMCPU_CC) $(SIMCPU_CFLAGS) -fomit-frame-pointer -flto -MMD -MP -c $< -o $@

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZ_TARGETS := $(patsubst fuzz/%.c,%,$(wildcard fuzz/fuzz_*.c))

define unit_test
$(B)/tests/$(1): $(call test_obj,tests/unit/$(1).c $(call directive,tests/unit/$(1).c,sources),test) \
		$(call directive,tests/unit/$(1).c,needs)
	@mkdir -p $$(@D)
	$$(CC_HOST) $$(TEST_CFLAGS) -o $$@ $$(filter %.o,$$^) -lcmocka $(call directive,tests/unit/$(1).c,libs)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t))))

# A target's sources, with feedback of one of two kinds: branches and what is compared, or branches
# alone (/* coverage: edges */), which is two to four times as fast: for input that is a list of
# operations, where what is compared says little. /* coverage: edges, comparisons */ are both in
# turn: build/fuzz-compared/ has the target that every other process of a campaign runs; with
# /* coverage: edges, lean */ sanitizers do less (LEAN_CFLAGS), with /* coverage: edges, comparisons,
# bare */ in that target, not in its other one, least (BARE_CFLAGS). Models and
# oracles need none (/* quiet: ... */): they are the unit tests' objects. What runs on simulated
# processors (/* simulated: ... */, fuzz/models/simcpu.h) calls them at each atomic access; so that
# these calls can be in line, they are built the same way.
fuzz_objects = $(call test_obj,fuzz/$(1).c $(call directive,fuzz/$(1).c,sources),$(2)) \
	$(call test_obj,$(call directive,fuzz/$(1).c,quiet),test) \
	$(call test_obj,$(call directive,fuzz/$(1).c,plain),plain$(filter -bare,$(2:fuzz%=%))) \
	$(call test_obj,$(call directive,fuzz/$(1).c,simulated),simcpu$(filter -bare,$(2:fuzz%=%)))

# libFuzzer's own allocations without AddressSanitizer, too, where no object has it. There is one
# thread: atomic accesses are plain ones, but for those that call a model.
bare_link = -O2 -fuse-ld=lld-19 -Xlinker '--lto-newpm-passes=function(lower-atomic),lto<O3>' \
	$(if $(call directive,$(1),quiet)$(call directive,$(1),needs),,-fno-sanitize=address)
define fuzz_target
$(B)/$(3)/$(1): $(call fuzz_objects,$(1),$(2)) \
		$(subst build/fuzz-lib/,build/$(3)-lib/,$(call directive,fuzz/$(1).c,needs))
	@mkdir -p $$(@D)
	$$(CC_HOST) $$(FUZZ_CFLAGS) $(if $(filter fuzz-bare,$(2)),$(call bare_link,fuzz/$(1).c)) -o $$@ $$(filter %.o,$$^) \
		$(subst build/fuzz-lib/,build/$(3)-lib/,$(call directive,fuzz/$(1).c,libs))
endef
feedback_of = $(or $(if $(filter bare,$(1)),fuzz-bare),$(if $(filter lean,$(1)),fuzz-lean), \
	$(if $(1),fuzz-edges),fuzz)
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t),$(call \
	feedback_of,$(call directive,fuzz/$(t).c,coverage)),fuzz)))
ifneq ($(filter $(B)/fuzz-compared/%,$(MAKECMDGOALS)),)
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t),fuzz,fuzz-compared)))
endif

.PHONY: unit-tests fuzzers
unit-tests: $(UNIT_TESTS:%=$(B)/tests/%)
fuzzers: $(FUZZ_TARGETS:%=$(B)/fuzz/%)
include fuzz/differential/rules.mk
include fuzz/rules.mk

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- checks on the sources themselves ---
OUR_HEADERS := $(shell git ls-files -co --exclude-standard -- '*.h' 2>/dev/null | grep -v '^kernel/port/')

.PHONY: check-headers check-format
# Every header compiles alone, so that including it is enough.
check-headers:
	@for h in $(OUR_HEADERS); do \
		$(CC_HOST) $(HOST_CFLAGS) -Wno-unused-function -fsyntax-only -x c -include $$h /dev/null || \
		{ echo "$$h does not compile alone"; exit 1; }; done; echo "$(words $(OUR_HEADERS)) headers compile alone"

check-format:
	@git ls-files -- '*.c' '*.h' | xargs clang-format-19 --dry-run --Werror


.PHONY: all host kernel clean
host: $(HOST_PROGRAMS:%=$(B)/bin/%)
all: host kernel $(PRODUCTS)

clean:
	rm -rf $(filter-out $(B)/cache $(B)/third-party $(B)/keys $(B)/host,$(wildcard $(B)/*))
