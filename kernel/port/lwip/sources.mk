# lwIP's sources for a user world, and where its headers are.
LWIP_SRCS := $(addprefix $(LWIP)/src/core/,init.c def.c inet_chksum.c ip.c mem.c memp.c netif.c \
	pbuf.c stats.c sys.c timeouts.c udp.c ipv4/dhcp.c ipv4/etharp.c ipv4/icmp.c ipv4/ip4.c \
	ipv4/ip4_addr.c) $(LWIP)/src/netif/ethernet.c
LWIP_CFLAGS := -Ikernel/port/lwip -isystem $(LWIP)/src/include
