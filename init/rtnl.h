/* rtnl.h: what of rtnetlink(7) a guest's network needs, by libnl. libnl uses the heap:
 * not for PID 1 itself. Functions return 0 or negative errno; addresses are as in
 * struct in_addr, interfaces numbers.
 */
#ifndef LANDBRIDGE_INIT_RTNL_H
#define LANDBRIDGE_INIT_RTNL_H

#include <stdint.h>

struct nl_sock;

int rtnl_open(struct nl_sock **sock);

int rtnl_link_up(struct nl_sock *sock, int index);
int rtnl_link_mtu(struct nl_sock *sock, int index, uint32_t mtu);

/* An address and the length of its network's prefix. One that is there already is
 * fine. */
int rtnl_address_add(struct nl_sock *sock, int index, uint32_t address, uint8_t bits);
int rtnl_address_remove(struct nl_sock *sock, int index, uint32_t address, uint8_t bits);

/* The default route, instead of one that is there. The gateway may be outside of the
 * interface's network, as some clouds have it. */
int rtnl_route_default(struct nl_sock *sock, int index, uint32_t gateway);

#endif
