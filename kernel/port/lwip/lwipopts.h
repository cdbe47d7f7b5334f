/*
 * lwIP for user worlds: one interface, IPv4 and UDP with ARP, ICMP echo and DHCP; no
 * threads, no TCP, no fragments. What is left out cannot be attacked.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_TIMERS          1
#define LWIP_SINGLE_NETIF    1

#define LWIP_IPV4            1
#define LWIP_IPV6            0
#define LWIP_ARP             1
#define LWIP_ICMP            1
#define LWIP_UDP             1
#define LWIP_TCP             0
#define LWIP_DNS             0
/* The console's world asks others for echoes (its world.mk). */
#ifndef LWIP_RAW
#define LWIP_RAW 0
#endif
#define LWIP_IGMP          0
#define LWIP_AUTOIP        0
#define IP_FRAG            0
#define IP_REASSEMBLY      0
#define IP_FORWARD         0
#define IP_OPTIONS_ALLOWED 0
/* A ping to the broadcast address is not answered. */
#define LWIP_BROADCAST_PING 0
#define LWIP_MULTICAST_PING 0

#define LWIP_DHCP           1
/* Probing the offered address (RFC 5227) takes seconds at each start of the host. */
#define LWIP_DHCP_DOES_ACD_CHECK   0
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_STATUS_CALLBACK 1

#define MEM_ALIGNMENT              8
#define MEM_SIZE                   (32 * 1024)
#define MEMP_NUM_PBUF              16
#define MEMP_NUM_UDP_PCB           4
#define MEMP_NUM_SYS_TIMEOUT       (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)
#define PBUF_POOL_SIZE             32
#define PBUF_POOL_BUFSIZE          1536
#define ARP_QUEUEING               0
#define LWIP_CHKSUM_ALGORITHM      3
#define LWIP_STATS                 0
#define UDP_TTL                    64

#endif
