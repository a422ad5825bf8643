/* net.h: lo and the network interface that is there. */
#ifndef LANDBRIDGE_INIT_NET_H
#define LANDBRIDGE_INIT_NET_H

#include <stdbool.h>

struct machine;
struct settings;

/* The machine's step. */
int step_network(struct machine *m);

/* Whether the address is a server's to give (dhcp.h), and not landbridge.ip's. */
bool net_is_leased(const struct settings *settings);

#endif
