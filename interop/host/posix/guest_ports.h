/* guest_ports.h: ports of this host's 127.0.0.1 that are the guest's: OPEN{LISTEN} of
 * doc/PROTOCOL, served in the agent. Each caller is a process, lb-forward, which carries
 * his bytes.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_GUEST_PORTS_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_GUEST_PORTS_H

#include <sys/types.h>

#include "interop/link/link.h"
#include "lib/log.h"

enum { GUEST_CALLERS_MAX = 128 }; /* as many as CONNECT has places: others are hung up on */

struct guest_port;

struct guest_ports {
	struct loop *loop;
	struct router *router;
	const struct log *log;
	struct guest_port *first;
	pid_t callers[GUEST_CALLERS_MAX]; /* who carries one */
	size_t caller_count;
};

/* Listens on 127.0.0.1:port for as long as the stream lasts. Returns the router's end of
 * it, or negative errno. */
int guest_port_open(struct guest_ports *ports, uint32_t port);

/* A child of this process has ended. */
void guest_ports_reaped(struct guest_ports *ports, pid_t pid);

/* Listens nowhere any more: to be called while there is the router. Who has been carried
 * so far is carried on. */
void guest_ports_close(struct guest_ports *ports);

#endif
