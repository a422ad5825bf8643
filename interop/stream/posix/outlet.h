/* outlet.h: the descriptor behind a sink (sink.h). Private to
 * interop/stream/posix.
 *
 * Bytes are written straight from the channel's buffer; what the sink does
 * not take waits in a ring as large as the credit the peer can ever have: that
 * grows as long as the sink keeps up. Credit is
 * given again only for bytes that have left to the sink. A sink that is
 * shared with other programs is never made non-blocking: a pipe or terminal
 * is opened once more instead, through /proc/self/fd.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_POSIX_OUTLET_H
#define LANDBRIDGE_INTEROP_STREAM_POSIX_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interop/stream/channel/channel.h"
#include "interop/stream/sink.h"
#include "lib/ring.h"

enum outlet_kind {
	OUTLET_PLAIN,  /* write(2): non-blocking, or a file */
	OUTLET_SOCKET, /* send(2) with MSG_DONTWAIT */
	OUTLET_SHARED, /* blocking: poll(2), then no more than a pipe has room for */
};

struct outlet {
	struct sink sink;
	struct watch watch;
	struct channel *ch;
	int fd;
	enum outlet_kind kind;
	bool owned;       /* fd is ours to close */
	bool hangup_ends; /* EPOLLERR or EPOLLHUP mean that nobody will ever read */
	bool ready;       /* it may take something; false until the next edge */
	int error;        /* errno of the write that failed */
	int rest; /* a pipe of ours that was finished or failed: what still counts its bytes */
	struct ring ring;
	uint8_t memory[WIRE_CREDIT_MAX]; /* touched as far as a slow sink makes it */
};

/* A closed outlet: its sink is over. */
void outlet_init(struct outlet *o, struct channel *ch, int number);
/* Starts with a descriptor of ours, which it owns; with one of theirs. */
int outlet_open_own(struct outlet *o, struct loop *loop, int fd);
int outlet_open_shared(struct outlet *o, struct loop *loop, int fd);
void outlet_close(struct outlet *o);

#endif
