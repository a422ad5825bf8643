/* bridge.h: the way to the host. */
#ifndef LANDBRIDGE_INIT_BRIDGE_H
#define LANDBRIDGE_INIT_BRIDGE_H

struct machine;
struct distro;

/* The machine's step: the link's driver, and the socket at which programs of
 * the host are asked for. Who calls waits in its queue until there is a broker. */
int step_link(struct machine *m);

/* A distribution's: the broker, which opens sessions in this root. They wait
 * until the boot is over (ready.h). */
int step_sessions(struct distro *d);

#endif
