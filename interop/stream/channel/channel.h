/* channel.h: the endpoint socket of one stream as frames, for the runners and callers of
 * every system.
 *
 * Reading is pushed: every frame goes to the owner as it arrives, DATA in
 * pieces and without a copy. Writing is pulled: whenever the socket can take
 * more the owner is asked to fill in what is due, control frames first, then
 * one DATA frame. So nothing queues up here, whatever the peer does.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_CHANNEL_H
#define LANDBRIDGE_INTEROP_STREAM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "interop/stream/port.h"
#include "lib/loop.h"

enum { CHANNEL_CONTROL = 2048 };

struct channel_ops {
	/* A whole frame, DATA excepted. A negative result breaks the channel. */
	int (*frame)(void *owner, const struct frame *f, const void *payload);
	/* A piece of the payload of DATA for `fd`. Likewise. */
	int (*data)(void *owner, int fd, const void *data, size_t len);
	/* Put what is due now: channel_put, channel_launch, channel_data. */
	void (*fill)(void *owner);
	/* Something was read or written: look whether all is done. */
	void (*settle)(void *owner);
	/* No frame will come any more: 0 end of file, or negative errno. Once. */
	void (*gone)(void *owner, int error);
};

struct channel {
	struct port port;   /* of the core: put and data go here, inside ops->fill */
	struct watch watch; /* watch.fd is the socket, -1 once gone */
	const struct channel_ops *ops;
	void *owner;
	bool blocked; /* the socket takes no more until EPOLLOUT */
	bool deaf;    /* the peer does not listen any more; reading goes on */

	/* outgoing: control frames, an external payload, one DATA frame */
	uint8_t control[CHANNEL_CONTROL];
	size_t control_used;
	struct iovec extra;
	uint8_t header[WIRE_HEADER];
	struct iovec data;
	struct iovec out[4]; /* what of these the socket has not taken yet */
	int out_count, out_at;

	/* incoming */
	uint8_t *in;
	size_t in_size, in_used;
	struct frame frame; /* while data_left: the DATA frame being passed on */
	uint32_t data_left;

	uint8_t buffer[WIRE_DATA_MAX]; /* for the owner's outgoing data */
};

/* Owns fd on success. 0 or negative errno. */
int channel_open(struct channel *ch, struct loop *loop, int fd, const struct channel_ops *ops,
		 void *owner);
void channel_close(struct channel *ch);

/* To be called when something may be due. */
void channel_pump(struct channel *ch);
/* All that was put has left. */
bool channel_flushed(const struct channel *ch);

/* Only inside ops->fill. put: false when there is no room in this round. */
bool channel_put(struct channel *ch, enum wire_type type, int flags, const void *payload,
		 size_t len);
/* A caller's, before OPEN. */
void channel_hello(struct channel *ch);
/* OPEN; the payload must stay until it has left. Before any other DATA. */
void channel_launch(struct channel *ch, const void *payload, size_t len);
/* Data of at most WIRE_DATA_MAX bytes, which stay until they have left. */
void channel_data(struct channel *ch, int fd, const void *data, size_t len);

/* Takes bytes as if the socket had brought them: reading's pure half. */
int channel_feed(struct channel *ch, const void *data, size_t len);

#endif
