# How a package is made, and how a module is linked; included by every rules.mk that makes one.

KEYS := $(B)/keys

# $(eval $(call package,NAME,MANIFEST,PAYLOAD)): build/packages/NAME.pkg, signed with the
# development key.
define package
$(B)/packages/$(1).pkg: $(2) $(3) $(KEYS)/provider.der | $(B)/bin/vmksign
	@mkdir -p $$(@D)
	$(B)/bin/vmksign package --manifest $(2) --payload $(3) --key $(KEYS)/provider.key \
		--cert $(KEYS)/provider.pem --chain $(KEYS)/intermediate.pem --out $$@
PRODUCTS += $(B)/packages/$(1).pkg
endef

# Driver modules: position-independent, linked against nothing, each segment on pages of its own. NAME.elf
# goes into the package; NAME.debug is the same with symbols, for addresses in backtraces.
MODULE_LDFLAGS := -pie -e vmkmod_start --no-dynamic-linker -Bsymbolic -z now -z relro -z text \
	-z noexecstack -z separate-loadable-segments -z max-page-size=4096 --gc-sections \
	--build-id=none --pack-dyn-relocs=none
# $(eval $(call module,NAME,OBJECTS)): build/modules/NAME.elf and NAME.debug
define module
$(B)/modules/$(1).debug: $(2)
	@mkdir -p $$(@D)
	$$(KLD) $$(MODULE_LDFLAGS) -o $$@ $$^
$(B)/modules/$(1).elf: $(B)/modules/$(1).debug $(2)
	$$(KLD) $$(MODULE_LDFLAGS) -s -o $$@ $(2)
endef

# $(eval $(call vm_package,NAME,MANIFEST,FILE-NAME=FILE...)): build/packages/NAME.pkg, a virtual
# machine of these files.
define vm_package
$(B)/vms/$(1).vm: $(foreach f,$(3),$(lastword $(subst =, ,$(f)))) | $(B)/bin/vmksign
	@mkdir -p $$(@D)
	$(B)/bin/vmksign vm-image --out $$@ $(3)
$(call package,$(1),$(2),$(B)/vms/$(1).vm)
endef
