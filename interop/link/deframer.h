/* deframer.h: cuts a byte stream into frames (private). A payload goes straight
 * into the queue that its frame's owner names, as it comes.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_DEFRAMER_H
#define LANDBRIDGE_INTEROP_LINK_DEFRAMER_H

#include <sys/types.h>
#include <sys/uio.h>

#include "interop/link/queue.h"
#include "interop/wire/wire.h"

/* Both return 0, or a negative errno that stops the cutting. */
struct deframer_ops {
	/* A header has come. *sink (NULL: nowhere) takes the payload. */
	int (*begin)(void *owner, const struct frame *f, struct queue **sink);
	/* The payload is complete. */
	int (*end)(void *owner, const struct frame *f);
};

struct deframer {
	const struct deframer_ops *ops;
	void *owner;
	uint8_t header[WIRE_HEADER];
	size_t have; /* bytes of the header */
	struct frame frame;
	size_t left; /* bytes of the payload still to come */
	struct queue *sink;
};

void deframer_init(struct deframer *c, const struct deframer_ops *ops, void *owner);
int deframer_feed(struct deframer *c, const uint8_t *data, size_t len);

/* One read: big payloads straight into their sink, the rest by way of scratch.
 * deframer_room says where a readv(2) is to put them: a count for iov, -ENOMEM;
 * deframer_took takes what it returned, and returns that, or a negative errno
 * (the bytes were read, but are not to be had). */
enum { DEFRAMER_IOV = 2 };
int deframer_room(struct deframer *c, struct iovec iov[DEFRAMER_IOV], uint8_t *scratch,
		  size_t size);
ssize_t deframer_took(struct deframer *c, const struct iovec iov[DEFRAMER_IOV], ssize_t got);

/* Both, from fd. The count, 0 at end of file, negative errno. */
ssize_t deframer_read(struct deframer *c, int fd, uint8_t *scratch, size_t size);

#endif
