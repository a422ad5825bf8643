/* ports.h: the guest's listening TCP ports, as those of the host's localhost. Private to
 * interop/guest.
 *
 * While the host takes them, each port at which something listens that localhost
 * reaches is a stream OPEN{LISTEN, tcp:127.0.0.1:PORT}, for as long as it does. The
 * kernel says when one begins or ends: the tracepoint sock:inet_sock_set_state, with a
 * filter, in an instance of tracefs of our own that is mounted nowhere. (There is no
 * netlink event of a port that begins: sock_diag(7) tells of sockets that are destroyed.)
 * Nothing runs in between, and however often it does no more than 50 looks a second.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_PORTS_H
#define LANDBRIDGE_INTEROP_GUEST_PORTS_H

#include "interop/link/link.h"
#include "lib/log.h"

enum {
	PORTS_MAX = 32,       /* as many as LISTEN has places */
	PORTS_OF_A_USER = 16, /* who is not root: nobody crowds out the others */
	PORTS_SAID = 64,      /* refusals; a user could fill the log */
};

struct ports;

struct shown_port {
	struct ports *ports;
	uint16_t number;  /* 0: no port */
	uint32_t uid;     /* who listens */
	bool seen;        /* by the scan that is on */
	struct watch end; /* its stream; refused or lost: fd -1 until the port is gone */
};

struct ports {
	struct loop *loop;
	struct router *router;
	const struct log *log;
	bool on;
	bool tried; /* whether the kernel tells */
	bool told;  /* it has, since the last look */
	bool full;  /* the last look found one that had no place */
	struct watch trace;
	struct timer look;
	uint16_t said[PORTS_SAID]; /* which are known not to be the host's */
	size_t said_count;
	struct shown_port at[PORTS_MAX];
};

void ports_init(struct ports *p, struct loop *loop, struct router *router, const struct log *log);

/* Whether there is a host that takes them; anew with each link. */
void ports_host(struct ports *p, bool takes);

#endif
