/* net.h: the guest's network: the world, without this host's own loopback. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_NET_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_NET_H

#include "interop/host/host.h"
#include "interop/host/options.h"

/* Starts passt(1), which carries the guest's connections as an ordinary process
 * of the host does, and before it a relay (relay.h), so that none leads to 127.0.0.1
 * even if the guest's root makes its packets itself. Both end with QEMU. *fd is QEMU's
 * end of the socket to it, -netdev socket's, or -1: QEMU's own user network,
 * through which the guest reaches the host's loopback as 10.0.2.2, or none.
 * Without --net, a passt that is missing or fails is a note and that network;
 * with --net=outside it is a fault. 0, or -1 with *why. */
int net_open(const struct options *options, int *fd, struct fault *why);

#endif
