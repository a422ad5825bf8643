/* outlet.h: where the bytes of incoming DATA frames go. Private to
 * interop/stream.
 *
 * Bytes are written straight from the channel's buffer; what the sink does
 * not take waits in a ring as large as the credit the peer can ever have: that
 * grows as long as the sink keeps up. Credit is
 * given again only for bytes that have left to the sink. A sink that is
 * shared with other programs is never made non-blocking: a pipe or terminal
 * is opened once more instead, through /proc/self/fd.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_OUTLET_H
#define LANDBRIDGE_INTEROP_STREAM_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interop/stream/channel.h"
#include "lib/ring.h"

enum outlet_kind {
	OUTLET_PLAIN,  /* write(2): non-blocking, or a file */
	OUTLET_SOCKET, /* send(2) with MSG_DONTWAIT */
	OUTLET_SHARED, /* blocking: poll(2), then no more than a pipe has room for */
};

struct outlet {
	struct watch watch;
	struct channel *ch;
	int fd;
	int number; /* the wire's fd */
	enum outlet_kind kind;
	bool owned;       /* fd is ours to close */
	bool hangup_ends; /* EPOLLERR or EPOLLHUP mean that nobody will ever read */
	bool ready;       /* it may take something; false until the next edge */
	bool ended;       /* the peer sent EOF */
	bool closed;      /* nobody reads any more: CLOSED is due ... */
	bool closed_sent; /* ... or was sent */
	int error;        /* errno of the write that failed */
	uint32_t window;  /* credit the peer has left */
	uint32_t due;     /* credit to be given back */
	uint32_t most;    /* window, due and unread bytes together */
	uint64_t written;
	int rest; /* a pipe of ours that was finished or failed: what still counts its bytes */
	struct ring ring;
	uint8_t memory[WIRE_CREDIT_MAX]; /* touched as far as a slow sink makes it */
};

/* A closed outlet, with nothing due. */
void outlet_init(struct outlet *o, struct channel *ch, int number);
/* Starts with a descriptor of ours, which it owns; with one of theirs. */
int outlet_open_own(struct outlet *o, struct loop *loop, int fd);
int outlet_open_shared(struct outlet *o, struct loop *loop, int fd);
void outlet_close(struct outlet *o);

/* Takes a piece of DATA; EOF. -EPROTO: more than was granted, or after EOF. */
int outlet_put(struct outlet *o, const void *data, size_t len);
int outlet_end(struct outlet *o);
/* Everything has left, or never will. */
bool outlet_drained(const struct outlet *o);

/* Of a pipe of ours: closes it, so that the reader sees the end; and how many
 * bytes the reader has taken, exactly (it works on after the end, too). */
void outlet_finish(struct outlet *o);
uint64_t outlet_taken(const struct outlet *o);

/* For channel_ops::fill: puts CLOSED or CREDIT_ADD when due. */
void outlet_fill(struct outlet *o);

#endif
