# The fuzz targets in other builds than libFuzzer with sanitizers (Makefile): with coverage counters;
# by another compiler, with a main() of their own; and with whatever engine the environment names in
# CC, CXX, CFLAGS and LIB_FUZZING_ENGINE as OSS-Fuzz does (AFL++, honggfuzz, Centipede), in
# build/fuzz-$(ENGINE)/. Each target more costs make a moment, so only when one is asked for.
ifneq ($(filter $(B)/fuzz-%,$(MAKECMDGOALS)),)
ENGINE ?= engine
FLAVOURS := coverage replay $(ENGINE)
coverage_CC := clang-19
coverage_LD := clang-19
coverage_CFLAGS := -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping
coverage_LDFLAGS := $(coverage_CFLAGS)
replay_CC := gcc-12
replay_LD := gcc-12
replay_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -Wno-error
replay_LDFLAGS := $(replay_CFLAGS)
replay_SRCS := fuzz/lib/replay.c
$(ENGINE)_CC := $(CC)
$(ENGINE)_LD := $(CXX)
$(ENGINE)_CFLAGS := $(CFLAGS) -Wno-error -Wno-unknown-warning-option
$(ENGINE)_LDFLAGS := $(CXXFLAGS) $(LIB_FUZZING_ENGINE)

define fuzz_flavour
$(B)/obj/fuzz-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$($(1)_CC) -std=gnu17 -O1 -g $$(WARN) $$(INC) -D_GNU_SOURCE $$($(1)_CFLAGS) \
		$$(call directive,$$<,cflags) -MMD -MP -c $$< -o $$@
endef
$(foreach f,$(FLAVOURS),$(eval $(call fuzz_flavour,$(f))))

define fuzz_flavour_target
$(B)/fuzz-$(1)/$(2): $(call test_obj,fuzz/$(2).c $(call directive,fuzz/$(2).c,sources) \
		$(call directive,fuzz/$(2).c,quiet) $($(1)_SRCS),fuzz-$(1)) \
		$(call test_obj,$(call directive,fuzz/$(2).c,simulated),simcpu) \
		$(call directive,fuzz/$(2).c,needs)
	@mkdir -p $$(@D)
	$$($(1)_LD) $$($(1)_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(call directive,fuzz/$(2).c,libs)
endef
$(foreach f,$(FLAVOURS),$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_flavour_target,$(f),$(t)))))
endif
