/* connection.h: the link itself, the end that all streams share (private): dialling,
 * HELLO, and where the frames begin.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_CONNECTION_H
#define LANDBRIDGE_INTEROP_LINK_CONNECTION_H

#include "interop/link/deframer.h"
#include "interop/link/dialer.h"
#include "interop/link/flight.h"

enum connection_state {
	CONNECTION_DOWN,
	CONNECTION_CONNECTING, /* a try to dial is on */
	CONNECTION_SEARCH,     /* open; the frame border is not known */
	CONNECTION_HELLO,      /* the border is known, but the peer has not echoed us */
	CONNECTION_UP,
};

struct connection {
	struct watch watch;
	struct dialer *dialer;
	struct transport *transport; /* NULL while DOWN or CONNECTING */
	struct timer retry;  /* DOWN: dial again; CONNECTING: give up; SEARCH, HELLO: hang up */
	struct timer again;  /* the transport has bytes that no event will tell of */
	struct timer answer; /* an OPEN's PATIENCE_MS */
	enum connection_state state;
	bool blocked;     /* the transport takes no bytes just now */
	bool pong;        /* one is due */
	bool asked;       /* PONG has not come yet for a PING of ours; nor for an OPEN ... */
	bool again_asked; /* ... after it */
	bool echoed;      /* we have said HELLO with the peer's epoch */
	bool broken;      /* to be taken down by router_pump */
	uint8_t epoch[WIRE_EPOCH], peer[WIRE_EPOCH];
	unsigned misses, holds; /* dials that failed / that nobody answered */
	unsigned guesses;       /* HELLOs answered while in SEARCH */
	int64_t backoff;        /* until then OPENs fail at once */
	int64_t said;           /* when our last HELLO went, and with it the time */
	struct deframer cut;
	struct queue in; /* SEARCH: bytes to look through; later a payload */
	struct queue out;
	struct flight flight; /* a DATA frame, straight from its flow */
};

void connection_init(struct router *r);
void connection_fini(struct router *r);
void connection_hurry(struct router *r);
void connection_down(struct router *r);
void connection_put(struct router *r, const struct frame *f, const void *payload);
void connection_put_failed(struct router *r, uint32_t id, const struct failed *why);
/* The HELLO in connection.in, at a border. */
int connection_hello(struct router *r);
/* A host tells the guest the time, unless it has within the last `ms`. */
void connection_tell_time(struct router *r, int64_t ms);
void connection_await_answer(struct router *r);
void connection_answered(struct router *r); /* by PONG */
void connection_write(struct router *r);

#endif
