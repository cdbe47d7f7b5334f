# The image builder.
HOST_PROGRAMS += vmkbootcfg vmkelfpack
vmkbootcfg_SRCS := tboot-integration/image/vmkbootcfg.c tboot-integration/image/bootcfg.c \
	tboot-integration/image/grubcfg.c
vmkelfpack_SRCS := tboot-integration/image/vmkelfpack.c tboot-integration/image/elfpack.c
vmkelfpack_LIBS := -lz

# tboot as it is put on images: the distribution's, without the zero pages in its file.
$(B)/tboot.elf: $(TBOOT)/boot/tboot.gz $(B)/bin/vmkelfpack
	$(B)/bin/vmkelfpack $< $@
PRODUCTS += $(B)/tboot.elf
