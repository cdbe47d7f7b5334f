# Payloads that run the model beside a processor, in an emulator, without a kernel
# (fuzz/tools/differential.sh). The same sources as in the fuzz targets.
PAYLOAD_DIR := fuzz/differential/vmentry
PAYLOAD_SRCS := $(wildcard $(PAYLOAD_DIR)/*.c) kernel/lib/str.c kernel/lib/fmt.c \
	$(addprefix fuzz/models/swvmx/, instructions.c entry.c checks.c check_guest.c cpu_models.c host_fpu.c \
	vectors.c rig.c) \
	$(addprefix kernel/vtx/, vcpu_setup.c vcpu_run.c vcpu_exit.c vcpu_control.c guest_fpu.c guest_msr.c guest_clock.c \
	inject.c ept.c vmcs.c cpuid_policy.c capabilities.c)
PAYLOAD_OBJS := $(PAYLOAD_SRCS:%.c=$(B)/obj/payload/%.o) $(B)/obj/payload/$(PAYLOAD_DIR)/boot.o
PAYLOAD_CFLAGS := -std=gnu17 -O2 -g -ffreestanding -mno-red-zone -mgeneral-regs-only -fno-pic \
	-mcmodel=kernel -fno-asynchronous-unwind-tables -fno-strict-aliasing -ffunction-sections \
	-fdata-sections $(WARN) -isystem fuzz/differential/libc -isystem kernel/port/libc $(INC) $(REPRO)

$(B)/obj/payload/%.o: %.c
	@mkdir -p $(@D)
	clang-19 --target=x86_64-linux-gnu -nostdlibinc $(PAYLOAD_CFLAGS) -MMD -MP -c $< -o $@
$(B)/obj/payload/%.o: %.S
	@mkdir -p $(@D)
	clang-19 --target=x86_64-linux-gnu -MMD -MP -c $< -o $@

$(B)/obj/payload/vmentry.elf: $(PAYLOAD_OBJS) $(PAYLOAD_DIR)/payload.ld
	@mkdir -p $(@D)
	ld.lld-19 -static --gc-sections --build-id=none -z max-page-size=4096 \
		-T $(PAYLOAD_DIR)/payload.ld -o $@ $(PAYLOAD_OBJS)
