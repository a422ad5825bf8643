/* socket_name.h: where a link's socket is bound, or who is at its other end (private to
 * the folder).
 */
#ifndef LANDBRIDGE_INTEROP_LINK_SOCKET_NAME_H
#define LANDBRIDGE_INTEROP_LINK_SOCKET_NAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include <linux/vm_sockets.h>

#include "interop/link/address.h"

union socket_name {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
	struct sockaddr_vm vm;
	struct sockaddr_storage space; /* a unix socket's callers have no name */
};

/* Of a tcp address, numbers only: 192.0.2.1, 2001:db8::1, fe80::1%eth0. 0 or
 * -EADDRNOTAVAIL. */
int socket_name_of(union socket_name *name, const struct address *a);

/* Whether two callers come from one place: an address, a VM, this host. */
bool socket_name_same(const union socket_name *a, const union socket_name *b);

/* For a person: "192.0.2.1:4711" and "vsock:3:1023" are as in address.h. */
enum { SOCKET_TEXT = 64 };
void socket_name_text(const union socket_name *name, char text[SOCKET_TEXT]);

/* A TCP or vsock socket, non-blocking, that calls the name or is about to, or negative
 * errno; and once it is writable whether the call came to nothing: 0 or negative errno
 * (connect(2)). */
int socket_call(const union socket_name *name);
int socket_called(int fd);

/* Of a connected socket: what is sent goes at once, and a peer that is gone without a
 * word is missed by the kernel after some 20 s. */
void tcp_tune(int fd);

#endif
