# Where the unpacked third-party sources are (mk/fetch), for every rules.mk.
TP := $(B)/third-party
MBEDTLS := $(TP)/mbedtls
TSS2 := $(TP)/tpm2-tss
LWIP := $(TP)/lwip
MUSL := $(TP)/musl
TBOOT := $(TP)/tboot
