/* dhcp.h: an address from the network's DHCP server. */
#ifndef LANDBRIDGE_INIT_DHCP_H
#define LANDBRIDGE_INIT_DHCP_H

struct distro;

/* A distribution's step: where landbridge.ip gives no address, starts the process that
 * gets one, and keeps it: landbridge-dhcp (init.h). Does not wait for it. */
int step_lease(struct distro *d);

#endif
