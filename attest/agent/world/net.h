/* The agent's network: lwIP on one port, UDP datagrams to and from the server. */
#ifndef AGENT_NET_H
#define AGENT_NET_H

#include <stdint.h>

#include <vmkapi/status.h>
#include <vmkuser/syscall.h>

#include "agent/config.h"
#include "agent/server.h"

/* Brings the interface up and binds the UDP port. Once in a world's life. */
enum vmk_status net_start(vmk_handle port, const struct agent_config *config, struct agent *agent);
/* Waits for frames or the next timer, and handles what is due. */
enum vmk_status net_poll(void);

#endif
