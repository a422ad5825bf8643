/* tcp.h: sockets of TCP for a link (private to the folder). */
#ifndef LANDBRIDGE_INTEROP_LINK_TCP_H
#define LANDBRIDGE_INTEROP_LINK_TCP_H

#include <netinet/in.h>

#include "interop/link/address.h"

union tcp_name {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
};

/* Numbers only: 192.0.2.1, 2001:db8::1, fe80::1%eth0. 0 or -EADDRNOTAVAIL. */
int tcp_name_of(union tcp_name *name, const struct address *a);
socklen_t tcp_name_size(const union tcp_name *name);
uint32_t tcp_name_port(const union tcp_name *name);

/* "192.0.2.1:4711", as address.h writes it after tcp: */
enum { TCP_TEXT = 64 };
void tcp_name_text(const union tcp_name *name, char text[TCP_TEXT]);

/* Of a connected socket: what is sent goes at once, and a peer that is gone without a
 * word is missed by the kernel after some 20 s. */
void tcp_tune(int fd);

#endif
