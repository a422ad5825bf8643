/* tunnel.h: a transport whose bytes go under TLS over another transport (private to
 * the folder). It keeps 37 KiB for the engine and 16 KiB to read ahead, all of it
 * from tunnel_create on.
 *
 * The end of the transport below is the tunnel's end, with a close_notify or without:
 * a stream on a link says itself when it is over, and what was cut has not said so.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_TUNNEL_H
#define LANDBRIDGE_INTEROP_LINK_TUNNEL_H

#include "interop/link/tls.h"
#include "interop/link/transport.h"

/* It owns `under`, also when this fails. 0, -ENOMEM; -EAGAIN: the kernel has no
 * randomness yet. */
int tunnel_create(struct transport **out, struct transport *under, enum tls_role role,
		  const struct key *key);

/* Goes on with the handshake, as far as it gets: 0 once it is over; -EAGAIN, and then
 * `want` of either way says what to wait for; or, as reading and writing say it:
 *   -EKEYREJECTED  the other side has another key than the one known here
 *   -ECONNREFUSED  it went away, or said that it goes no further
 *   -EPROTO        it offers no TLS that we speak
 *   -EBADMSG       its bytes are not TLS, or were changed on their way */
int tunnel_greet(struct transport *t);

#endif
