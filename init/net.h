/* net.h: lo and the first network interface. */
#ifndef LANDBRIDGE_INIT_NET_H
#define LANDBRIDGE_INIT_NET_H

struct machine;

/* The machine's step. */
int step_network(struct machine *m);

#endif
