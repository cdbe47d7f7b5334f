# The fuzz targets in other builds than libFuzzer with sanitizers (Makefile): with coverage counters;
# by another compiler, with a main() of their own; and with whatever engine the environment names in
# CC, CXX, CFLAGS and LIB_FUZZING_ENGINE as OSS-Fuzz does (AFL++, honggfuzz, Centipede), in
# build/fuzz-$(ENGINE)/. Each target more costs make a moment, so only when one is asked for.
ifneq ($(filter $(B)/fuzz-% replays,$(MAKECMDGOALS)),)
ENGINE ?= engine
FLAVOURS := coverage replay $(ENGINE)
COUNTERS := -fprofile-instr-generate -fcoverage-mapping
coverage_CC := clang-19
coverage_LD := clang-19
coverage_CFLAGS := -fsanitize=fuzzer $(COUNTERS)
coverage_LDFLAGS := $(coverage_CFLAGS)
# What runs on simulated processors is counted, too, without an access of theirs.
coverage_SIMULATED := simcpu-coverage
$(B)/obj/simcpu-coverage/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(coverage_CC) $(SIMCPU_CFLAGS) $(COUNTERS) -fprofile-update=single -MMD -MP -c $< -o $@
replay_CC := gcc-12
replay_LD := gcc-12
replay_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -Wno-error
replay_LDFLAGS := $(replay_CFLAGS)
replay_SRCS := fuzz/lib/replay.c
$(ENGINE)_CC := $(CC)
$(ENGINE)_LD := $(CXX)
$(ENGINE)_CFLAGS := $(CFLAGS) -Wno-error -Wno-unknown-warning-option
$(ENGINE)_LDFLAGS := $(CXXFLAGS) $(LIB_FUZZING_ENGINE)

# mbedTLS and tpm2-tss, too, are built as the flavour is, but not counted.
define fuzz_flavour
$(B)/obj/fuzz-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$($(1)_CC) -std=gnu17 -O1 -g $$(WARN) $$(INC) -D_GNU_SOURCE $$($(1)_CFLAGS) \
		$$(call directive,$$<,cflags) -MMD -MP -c $$< -o $$@
$(MBEDTLS_CALLERS:%=$(B)/obj/fuzz-$(1)/%.o): $(1)_CFLAGS += $(MBEDTLS_CALLER)
$(patsubst %,$(B)/obj/fuzz-$(1)/%.o,$(TSS2_CALLERS) $(TSS2_TARGETS)): $(1)_CFLAGS += $(TSS2_CALLER)
$(1)_LIB_CC := $$($(1)_CC)
$(1)_LIB_CFLAGS := -std=gnu17 -O1 -g $$(INC) $$(filter-out $(COUNTERS),$$($(1)_CFLAGS))
$$(eval $$(call mbedtls_host_lib,fuzz-$(1)-lib,fuzz-$(1),$(1)_LIB_CFLAGS,$(1)_LIB_CC))
$$(eval $$(call tss2_fuzz_lib,fuzz-$(1)-lib/libtss2,$(1)_LIB_CFLAGS,$(1)_LIB_CC))
endef
$(foreach f,$(FLAVOURS),$(eval $(call fuzz_flavour,$(f))))

# What a target links with, in this flavour.
flavour_of = $(subst build/fuzz-lib/,build/fuzz-$(1)-lib/,$(2))

define fuzz_flavour_target
$(B)/fuzz-$(1)/$(2): $(call test_obj,fuzz/$(2).c $(call directive,fuzz/$(2).c,sources) \
		$(call directive,fuzz/$(2).c,quiet) \
		$(call directive,fuzz/$(2).c,plain) $($(1)_SRCS),fuzz-$(1)) \
		$(call test_obj,$(call directive,fuzz/$(2).c,simulated),$(or $($(1)_SIMULATED),simcpu)) \
		$(call flavour_of,$(1),$(call directive,fuzz/$(2).c,needs))
	@mkdir -p $$(@D)
	$$($(1)_LD) $$($(1)_LDFLAGS) -o $$@ $$(filter %.o,$$^) \
		$(call flavour_of,$(1),$(call directive,fuzz/$(2).c,libs))
endef
$(foreach f,$(FLAVOURS),$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_flavour_target,$(f),$(t)))))

.PHONY: replays
replays: $(FUZZ_TARGETS:%=$(B)/fuzz-replay/%)
endif
