/* relay.h: a process between a guest's network and what carries it, for what
 * carries it does not mind where the guest's packets go to.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_RELAY_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_RELAY_H

/* Forks it: it passes on what comes from either socket, each a stream of frames as
 * QEMU's -netdev socket has them; from `guest` only those that may leave
 * (frame.h). Ends when one of the two does. Both stay this process's to close. 0 or
 * negative errno. */
int relay_start(int guest, int world);

#endif
