/* guest_service.h: a service of the guest as a connected socket, through an agent. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_GUEST_SERVICE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_GUEST_SERVICE_H

#include "interop/host/host.h"

/* Opens the guest's service `service` (doc/PROTOCOL 5.2: "files") over the agent
 * that listens on `socket`, as the guest's user `user` (NULL: whom the service
 * takes the host for). Returns a socket that carries the service's bytes and
 * nothing else, close-on-exec and blocking, the caller's; or fills *why and
 * returns -1. Waits for the guest, at most 5 s; 2 s for one that has no such socket yet,
 * as it does when it has just booted. */
int guest_service_open(const char *socket, const char *service, const char *user,
		       struct fault *why);

#endif
