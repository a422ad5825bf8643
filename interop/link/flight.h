/* flight.h: what is on its way to a descriptor (private): frames in a queue,
 * and one DATA frame whose payload stays where it is queued until it has left.
 * Zeroed memory is no DATA frame.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_FLIGHT_H
#define LANDBRIDGE_INTEROP_LINK_FLIGHT_H

#include <sys/uio.h>

#include "interop/link/queue.h"
#include "interop/wire/wire.h"

enum { FLIGHT_IOV = 3 };

struct flight {
	struct queue *source; /* of the payload, from its head on; NULL: no DATA frame */
	uint8_t header[WIRE_HEADER];
	size_t header_left, payload_left;
};

/* The next DATA frame; there must be none. It leaves after the frames that are
 * queued when it begins to, and before all others. */
void flight_begin(struct flight *f, const struct frame *data, struct queue *source);
/* What to write now. The count, 0: nothing. */
int flight_iov(struct flight *f, const struct queue *frames, struct iovec iov[FLIGHT_IOV]);
/* So many bytes of that have left. */
void flight_sent(struct flight *f, struct queue *frames, size_t len);
/* Before a source loses its bytes: the rest of a frame that has begun to leave
 * is copied into frames, one that has not is forgotten. -ENOMEM. */
int flight_land(struct flight *f, struct queue *frames, const struct queue *source);

#endif
