# Host programs, unit tests and fuzz targets.

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

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZ_TARGETS := $(patsubst fuzz/%.c,%,$(wildcard fuzz/fuzz_*.c))

define unit_test
$(B)/tests/$(1): $(call test_obj,tests/unit/$(1).c $(call directive,tests/unit/$(1).c,sources),test) \
		$(call directive,tests/unit/$(1).c,needs)
	@mkdir -p $$(@D)
	$$(CC_HOST) $$(TEST_CFLAGS) -o $$@ $$(filter %.o,$$^) -lcmocka $(call directive,tests/unit/$(1).c,libs)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test,$(t))))

define fuzz_target
$(B)/fuzz/$(1): $(call test_obj,fuzz/$(1).c $(call directive,fuzz/$(1).c,sources),fuzz) \
		$(call directive,fuzz/$(1).c,needs)
	@mkdir -p $$(@D)
	$$(CC_HOST) $$(FUZZ_CFLAGS) -o $$@ $$(filter %.o,$$^) $(call directive,fuzz/$(1).c,libs)
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(t))))

.PHONY: unit-tests fuzzers
unit-tests: $(UNIT_TESTS:%=$(B)/tests/%)
fuzzers: $(FUZZ_TARGETS:%=$(B)/fuzz/%)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
