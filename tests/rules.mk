# Programs that only tests use.
HOST_PROGRAMS += vmkflood
vmkflood_SRCS := tests/boot/flood.c

# Launch control policies by the distribution's tools: a new key for each set.
$(B)/tests/lcp/stamp: tests/unit/lcp_vectors $(TBOOT)/usr/sbin/lcp2_crtpol
	tests/unit/lcp_vectors $(TBOOT)/usr/sbin $(@D) && touch $@
