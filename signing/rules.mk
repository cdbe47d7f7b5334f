# vmksign and the development keys. How packages are built: package.mk.

include signing/package.mk

HOST_PROGRAMS += vmksign
vmksign_SRCS := signing/vmksign.c signing/keys.c signing/build.c signing/inspect.c signing/vm_image.c \
	signing/crypto.c signing/engine.c signing/file.c \
	kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/verify.c \
	kernel/lib/keyval.c kernel/vmkvm/image.c
vmksign_LIBS := -lcrypto

# Development keys are made once and kept, also by `make clean`: another key would be another root.
$(KEYS)/root.der: | $(B)/bin/vmksign
	$(B)/bin/vmksign keys --out $(@D)

# The kernel takes exactly this root.
$(B)/kernel/obj/kernel/vmkmod/root.o $(B)/kernel-gcc/obj/kernel/vmkmod/root.o: $(KEYS)/root.der

# The host's configuration, of which the kernel has one at each boot.
$(eval $(call package,config,tboot-integration/image/config.manifest,tboot-integration/image/host.cfg))
