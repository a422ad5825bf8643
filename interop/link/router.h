/* router.h: what the files of the router share (private).
 *
 *   router.c      the public functions, the stream table, and when what is sent
 *   connection.c  the link: dialling, HELLO, finding the frame border
 *   routes.c      frames that come from the link: to which stream, if any
 *   stream.c      what a stream's frames do, whichever side they come from
 *   endpoint.c    a stream's local socket, while it speaks frames
 *   raw.c         the same once it carries bytes
 *   quota.c       who may have how many streams
 *   why.c         why a stream came to nothing
 *   scheduler.c   queued bytes become frames again, in the right order
 *
 * Every entry from the loop ends with router_pump, the only place that sends
 * and that frees streams.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_ROUTER_H
#define LANDBRIDGE_INTEROP_LINK_ROUTER_H

#include "interop/link/deframer.h"
#include "interop/link/link.h"
#include "interop/link/queue.h"
#include "interop/link/scheduler.h"
#include "interop/link/connection.h"
#include "interop/link/why.h"
#include "lib/lib.h"

enum {
	STREAMS_MAX = 1024, /* whatever they are and whoever opened them */

	SCHEDULE_ENOUGH = 64 * 1024,  /* scheduled bytes: no more DATA before they are gone */
	SCHEDULE_COPY = 4 * 1024,     /* so little DATA goes with others' in one write */
	CONTROL_CHOKE = 16 * 1024,    /* an endpoint with so much unsent is not read */
	CONTROL_MAX = 192 * 1024,     /* unsent to an endpoint that does not read */
	CONNECTION_MAX = 1024 * 1024, /* unsent to a peer that does not read */
	SCRATCH = 16 * 1024,

	PATIENCE_MS = 2000, /* an OPEN without link, or without any answer */
	BACKOFF_MS = 1000,  /* after that failed, the next ones fail at once */
	GREET_MS = 5000,    /* from connecting to a whole OPEN */
	LINGER_MS = 5000,   /* for an endpoint to close after its end */
	TRIM_MS = 1000,     /* to keep big empty queues */
};

/* Bytes of one descriptor on their way, and what its reader still allows (flow
 * control as in RFC 9113, section 5.2). */
struct flow {
	struct queue bytes;
	uint32_t credit;
	bool eof;       /* its source has said EOF */
	bool passed;    /* we have passed that on */
	bool shut;      /* raw: nobody takes its bytes any more */
	uint32_t taken; /* raw: bytes that have left, and were not yet credited */
};

enum stream_state {
	STREAM_NEW,     /* its OPEN is not complete */
	STREAM_WAITING, /* for the link (ours), for a free place (the peer's) */
	STREAM_OPEN,    /* both sides know it */
	STREAM_DRAIN,   /* the link has forgotten it; the endpoint gets what is left */
	STREAM_GONE,    /* to be freed */
};

struct stream {
	struct router *router;
	enum stream_state state;
	bool ours;     /* opened by the endpoint; else by the peer */
	bool greeted;  /* the endpoint has said HELLO */
	bool opening;  /* pieces of OPEN are still to be sent */
	bool answered; /* the peer has said anything about it */
	bool blocked;  /* the endpoint takes no bytes just now */
	bool hung_up;  /* the endpoint is closed */
	bool raw;      /* from here on the endpoint carries bytes, not frames */
	uint32_t kind; /* enum open_kind; 0: its OPEN is not complete */
	uint32_t id;   /* on the link; 0: not sent yet */
	uint32_t uid;  /* of our endpoint's peer */

	struct watch end;
	struct deframer cut;
	struct queue body;    /* payload of the endpoint's frame under way */
	struct queue out;     /* frames for the endpoint */
	struct flight flight; /* DATA for it, straight from its flow */
	struct queue control; /* frames for the link */
	struct queue open;    /* OPEN's payload ... */
	size_t open_size;     /* ... and how long it will be, as far as is known */
	struct queue last;    /* EXIT or FAILED: goes when the flows are empty */
	struct flow flow[3];
	struct timer timer; /* GREET_MS, LINGER_MS */
};

/* Without these there is nothing that travels so (Kconfig). */
static inline bool is_raw(const struct stream *s)
{
	return (CFG_P9D || CFG_FORWARD) && s->raw;
}

struct router {
	struct loop *loop;
	enum router_side side;
	const struct router_ops *ops;
	void *owner;
	const char *host_path;
	uint32_t drives, read_only, features; /* of our HELLO */
	struct connection connection;
	struct stream *streams[STREAMS_MAX]; /* oldest first */
	size_t count, turn;
	uint32_t our_next, peer_last; /* stream numbers */
	bool calling;                 /* the owner is being asked: router_pump waits */
	bool busy;                    /* big bytes passed: trim later */
	struct timer trim;
	uint8_t scratch[SCRATCH];
};

/* router.c */
void router_pump(struct router *r);
struct stream *router_find(struct router *r, uint32_t id);
/* NULL when there is no memory or no place for it at all. */
struct stream *router_new_stream(struct router *r, bool ours);
void router_lose_streams(struct router *r);
void router_tell_state(struct router *r, const struct hello *h);
void router_hear_time(struct router *r, uint64_t ms);

/* routes.c */
extern const struct deframer_ops connection_frames;

/* stream.c: from_end: the frame comes from the endpoint, else from the link. */
int stream_begin(struct stream *s, const struct frame *f, bool from_end, struct queue **sink);
int stream_end(struct stream *s, const struct frame *f, bool from_end, const struct queue *body);
void stream_opened(struct stream *s);                           /* its OPEN is complete and right */
void stream_start(struct stream *s);                            /* WAITING -> OPEN */
void stream_fail(struct stream *s, enum why why);               /* tells both sides */
void stream_lose(struct stream *s, enum why why);               /* tells the endpoint */
void stream_refuse(struct stream *s, const struct failed *why); /* tells who opened it */

/* endpoint.c */
int endpoint_attach(struct stream *s, int fd);
void endpoint_close(struct stream *s);
void endpoint_flush(struct stream *s);
void endpoint_hear(struct stream *s); /* reads what is there */

#endif
