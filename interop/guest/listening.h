/* listening.h: which TCP ports something listens at, of /proc/net/tcp and tcp6. Pure.
 * Private to interop/guest.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_LISTENING_H
#define LANDBRIDGE_INTEROP_GUEST_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

struct listening {
	uint16_t port;
	uint32_t uid; /* whose socket it is */
};

/* Whether a line of those files, which ends with 0, is a socket that listens and that
 * localhost reaches: one of every address, or of the loopback's. Source: proc(5),
 * net/ipv4/tcp_ipv4.c (get_openreq4, get_tcp4_sock) of Linux. */
bool listening_line(const char *line, struct listening *found);

#endif
