# The VMX world: the devices of one virtual machine.
WORLDS += vmx
vmx_SRCS := $(wildcard kernel/worlds/vmx/*.c)
vmx_CFLAGS := -Ikernel $(WARN)
vmx_MANIFEST := kernel/worlds/vmx/vmx.manifest
