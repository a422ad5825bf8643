/* link.h: how frames travel. A router joins one link to the other half with
 * many local endpoints, one stream each; both halves use the same router: the
 * guest's broker and the host's agent.
 *
 *   program --unix--+                                   +--socketpair-- job
 *                   broker ===== link (one, muxed) ===== agent
 *   session --pair--+                                   +--unix-- landbridge
 *   p9d     --unix--+
 *
 * An endpoint is a connected unix stream socket. An opener's first frames are
 * HELLO and OPEN; a router sends no HELLO to an endpoint. What follows depends
 * on the kind of the stream (wire.h, open_is_raw):
 *
 *   framed   both ends speak frames of WIRE_STREAM_ONLY; the router gives them
 *            the link's stream number and back. A runner's first frame is what
 *            answers OPEN. After EXIT or FAILED the endpoint is closed by its
 *            program first, or by the link's loss.
 *   raw      the opener reads STARTED or FAILED; after STARTED, and at the
 *            serving end from the first byte, the socket carries the stream's
 *            bytes, which the router itself frames and unframes. shutdown(2) of
 *            one direction crosses as EOF or CLOSED. The router closes the
 *            socket when both directions are over, or the stream is lost.
 *
 * Rules (doc/PROTOCOL): control frames never wait for credit and leave first,
 * then stderr, then stdout, one DATA frame a stream in turn. An endpoint that
 * goes away aborts its stream; a link that goes away fails every stream with
 * WIRE_FAIL_BRIDGE. Memory per stream is bounded by
 * WIRE_CREDIT_MAX, and by WIRE_CREDIT until its reader has kept up for a while.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_H
#define LANDBRIDGE_INTEROP_LINK_H

#include <stdbool.h>

#include "interop/link/address.h"
#include "interop/link/cookie.h"
#include "interop/link/key.h"
#include "interop/wire/wire.h"
#include "lib/loop.h"

struct router;

enum router_side { ROUTER_GUEST, ROUTER_HOST }; /* which stream numbers are ours */

/* What the owner decides. Every function is called from the loop, and may add
 * endpoints and send SHUTDOWN, but not destroy the router. */
struct router_ops {
	/* The peer opens a stream: may it, and who serves it? Returns a connected
	 * socket, or fills *why and returns negative: the router answers FAILED. At
	 * the other end of a framed one is a runner, which reads OPEN first, in one
	 * frame, as it came; at that of a raw one, whoever the bytes are for. A
	 * child forked here must close every descriptor but its own
	 * (close_range(2)): a copy of the link's would keep it open when the router
	 * hangs up. */
	int (*accept)(void *owner, const struct open *o, struct failed *why);
	/* A local endpoint opens a stream; o->uid is who it is on the guest side.
	 * 0, or *why filled in and negative: the endpoint gets FAILED. */
	int (*permit)(void *owner, const struct open *o, struct failed *why);
	/* The link came up (hello is the peer's) or went down (NULL). */
	void (*state)(void *owner, const struct hello *hello);
	/* The time, in ms since 1970, of a host, which tells it when the link comes up, and
	 * when it is used, as the machine may have stood still meanwhile; and a guest that
	 * is told. Either may be NULL. */
	uint64_t (*now)(void);
	void (*time)(void *owner, uint64_t ms);
	/* The host asks the guest to power off (guest side only). */
	void (*shutdown)(void *owner);
	/* One try to dial is over. 0: the link is open and HELLO is said next, which
	 * is the moment for router_announce; negative errno: the next try follows
	 * after a while. May be NULL. */
	void (*dialled)(void *owner, int error);
	/* Somebody who called was not let in, or (who: NULL) the link was cut for what
	 * came over it; `link_why(error)` says why. May be NULL. */
	void (*refused)(void *owner, const char *who, int error);
};

/* Allocates (this is not for PID 1): NULL when memory is short. host_path
 * goes into our HELLO; it and ops must outlive the router. */
struct router *router_create(struct loop *loop, enum router_side side, const struct router_ops *ops,
			     void *owner, const char *host_path);
void router_destroy(struct router *router);

/* A way to open the link that an address names.
 *
 *               the guest's router        the host's router
 *   serial:     opens its port            -
 *   unix:       listens: it stands in     calls: a VM that gives the port or
 *               for the VM, where there   vsock as a socket, or a guest that
 *               is none                   listens
 *   tcp:        calls, under TLS          listens, under TLS: whoever proves the
 *                                         key last has the link
 *   vsock:      calls from a port below   listens, for the VM of that CID, whose
 *               1024, and says the key    root called last, or who has the key
 *
 * A tcp link needs a key, which is copied, and numbers for its host: no name is
 * looked up. A vsock link may have one, and without TLS in the build has none.
 * 0; -EPROTONOSUPPORT where the table has nothing; -ENOKEY; -EADDRNOTAVAIL: a name;
 * what listening said. */
struct dialer;
int dialer_of_guest(struct dialer **out, struct loop *loop, const struct address *a,
		    const struct key *key);
int dialer_of_host(struct dialer **out, struct loop *loop, const struct address *a,
		   const struct key *key);
void dialer_destroy(struct dialer *d);

/* The host's way in two steps: a listening socket, for a tcp address whose port may be 0
 * and is then filled in, for a vsock one, or for unix: as hypervisors have it that give
 * the guest's vsock(7) as unix sockets (section 14 of doc/PROTOCOL); and the dialer that
 * has it, also when this fails, by the same address. A unix one needs a key. */
int link_listen(struct address *a);
int dialer_of_socket(struct dialer **out, struct loop *loop, int fd, const struct address *a,
		     const struct key *key);

/* Sockets of plain TCP, for forwards; a is tcp: with a number for its host. Listening:
 * port 0 is filled in. Connecting waits for nobody: one to this host itself is there, or
 * refused, at once; another one may still come to nothing. The descriptor, non-blocking,
 * or negative errno, -EADDRNOTAVAIL: a name. */
int address_listen(struct address *a);
int address_connect(const struct address *a);

/* Whether the table has something, for whoever reads an address. */
bool dialer_exists(enum router_side side, const struct address *a);
bool link_listens(const struct address *a);

/* What an error of dialling, or of a refusal, means, for the end of a message. */
const char *link_why(int error);

/* From now on the router keeps the link up by this dialer, which it owns. One
 * that it had before goes. */
void router_dial(struct router *router, struct dialer *dialer);

/* What our next HELLO tells of drives (struct hello: drives, read_only, features);
 * nothing at first. */
void router_announce(struct router *router, const struct hello *of_drives);

/* The host's clock was set, or stood still, or the machine did: tells the guest the
 * time. Does nothing while the link is down, as it is told when that comes up. */
void router_tell_time(struct router *router);

/* Takes a connected local socket as an endpoint that will open a stream with
 * HELLO and OPEN. uid is the peer's, put into OPEN on the guest side.
 * While the link is down an OPEN waits at most 2 s, then gets FAILED; on a
 * link that is up it is sent with a PING, and fails when PONG has not come
 * and nothing at all has for 2 s. When too many have not asked yet, the oldest of the user
 * who has most of them gives way. Owns fd from here on. */
int router_add_endpoint(struct router *router, int fd, uint32_t uid);

/* Sends SHUTDOWN (host side). -ENOTCONN while the link is down. */
int router_send_shutdown(struct router *router);

#endif
