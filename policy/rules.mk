# Reference values: the predictor.
HOST_PROGRAMS += vmkpredict
vmkpredict_SRCS := $(wildcard policy/predict/*.c) tboot-integration/image/bootcfg.c \
	tboot-integration/txtsim/model/acm.c tboot-integration/txtsim/model/digest.c \
	tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c \
	kernel/trust/evlog_read.c kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/manifest_text.c \
	kernel/vmkmod/parameters.c kernel/vmkmod/domain.c \
	kernel/lib/keyval.c kernel/trust/security.c kernel/trust/audit_read.c \
	kernel/boot/options.c
vmkpredict_LIBS := -lcrypto -ljansson -lz
