/* cflags: -w -Ikernel/port/lwip -isystem build/third-party/lwip/src/include */
/* The agent's network edge with lwIP as the user world has it, as one translation unit. */
#include "build/third-party/lwip/src/core/def.c"
#include "build/third-party/lwip/src/core/inet_chksum.c"
#include "build/third-party/lwip/src/core/init.c"
#include "build/third-party/lwip/src/core/ip.c"
#include "build/third-party/lwip/src/core/ipv4/dhcp.c"
#include "build/third-party/lwip/src/core/ipv4/etharp.c"
#include "build/third-party/lwip/src/core/ipv4/icmp.c"
#include "build/third-party/lwip/src/core/ipv4/ip4.c"
#include "build/third-party/lwip/src/core/ipv4/ip4_addr.c"
#include "build/third-party/lwip/src/core/mem.c"
#include "build/third-party/lwip/src/core/memp.c"
#include "build/third-party/lwip/src/core/netif.c"
#include "build/third-party/lwip/src/core/pbuf.c"
#include "build/third-party/lwip/src/core/sys.c"
#include "build/third-party/lwip/src/core/timeouts.c"
#include "build/third-party/lwip/src/core/udp.c"
#include "build/third-party/lwip/src/netif/ethernet.c"

#include "kernel/worlds/libnet/link.c"

#include "attest/agent/world/net.c"
