/* source.h: where the bytes of one fd's outgoing DATA frames come from.
 * Private to interop/stream. Pure: how they are read is in the table.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_SOURCE_H
#define LANDBRIDGE_INTEROP_STREAM_SOURCE_H

#include "interop/stream/port.h"
#include "interop/stream/window.h"

struct source;

struct source_ops {
	/* The next bytes, `len` at most: their count, and where they are until
	 * the port has sent them; 0: end of file; -EAGAIN: none now, and
	 * source_wake follows when there may be. */
	long (*read)(struct source *s, size_t len, const uint8_t **from);
	/* The reader has taken `total` bytes in all (only where that matters). */
	void (*consumed)(struct source *s, uint64_t total);
	/* No more is wanted of it. */
	void (*close)(struct source *s);
};

/* In this order; READY and DRY alternate. */
enum source_state {
	SOURCE_READY, /* it may have something */
	SOURCE_DRY,   /* nothing until source_wake */
	SOURCE_ENDED, /* EOF is due */
	SOURCE_OVER,  /* EOF was put, or it never was open */
};

struct source {
	const struct source_ops *ops;
	enum source_state state;
	int number; /* the wire's fd */
	struct window window;
	uint64_t sent;  /* bytes put into DATA frames */
	uint64_t taken; /* of these: taken by the reader, as far as it says so */
};

/* One that is over; source_start opens it. */
void source_init(struct source *s, int number);
void source_start(struct source *s, const struct source_ops *ops);
void source_wake(struct source *s);
/* The last byte has come: what is due is EOF. */
void source_end(struct source *s);
bool source_ended(const struct source *s);

/* Puts one DATA frame if it can, or EOF if that is due. True: it was DATA. */
bool source_fill(struct source *s, struct port *port);
/* Drops a piece of what is there, when nobody listens any more. */
void source_discard(struct source *s);

/* The peer's CREDIT_ADD and CONSUMED. -EPROTO: beyond what can be. */
int source_grant(struct source *s, uint32_t bytes);
int source_consumed(struct source *s, uint64_t total);

#endif
