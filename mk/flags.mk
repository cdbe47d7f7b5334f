# Compiler flags, once, for every profile in which a source file is built.

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
FUZZ_CFLAGS := $(TEST_CFLAGS) -fsanitize=fuzzer

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
KERNEL_ARCH := -fsanitize=kcfi
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
