/* netif.h: the machine's network interfaces. */
#ifndef LANDBRIDGE_INIT_NETIF_H
#define LANDBRIDGE_INIT_NETIF_H

#include <net/if.h>

#define NETIF_TOP "/sys/class/net"

/* The number of the interface that is really there, and its name: of the Ethernet
 * devices the one that came first. lo, dummy0, bond0, sit0 and the like have no
 * device. 0: there is none. */
int netif_first(const char *top, char name[IF_NAMESIZE]);

#endif
