/* sink.h: where the bytes of one fd's incoming DATA frames go. Private to
 * interop/stream. Pure: how they are written is in the table.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_SINK_H
#define LANDBRIDGE_INTEROP_STREAM_SINK_H

#include "interop/stream/port.h"
#include "interop/stream/window.h"

struct sink;

struct sink_ops {
	/* Takes all of it, now or later; sink_wrote as it leaves. 0 or negative errno. */
	int (*put)(struct sink *s, const void *data, size_t len);
	/* Nothing waits to be written. */
	bool (*drained)(struct sink *s);
	/* A runner's: its reader sees the end; how many bytes it has taken,
	 * exactly, also after that; a reader that takes much comes along; nobody
	 * wants it any more. */
	void (*finish)(struct sink *s);
	uint64_t (*taken)(struct sink *s);
	void (*widen)(struct sink *s);
	void (*close)(struct sink *s);
};

enum sink_state {
	SINK_OPEN,
	SINK_CLOSED, /* nobody reads any more: CLOSED is due */
	SINK_OVER,   /* CLOSED was put, or need not be */
};

struct sink {
	const struct sink_ops *ops;
	enum sink_state state;
	int number; /* the wire's fd */
	bool ended; /* the peer sent EOF */
	struct window window;
	uint64_t written;
};

/* One that is over; sink_start opens it. */
void sink_init(struct sink *s, int number);
void sink_start(struct sink *s, const struct sink_ops *ops);

/* The peer's DATA and EOF. -EPROTO: more than was granted, or after EOF. */
int sink_put(struct sink *s, const void *data, size_t len);
int sink_end(struct sink *s);

/* So many bytes have left; they never will: the reader is gone. */
void sink_wrote(struct sink *s, size_t len);
void sink_closed(struct sink *s);
/* It is over without a word: its reader has had all. */
void sink_over(struct sink *s);
/* Everything has left, or never will. */
bool sink_drained(struct sink *s);

/* Puts CLOSED or CREDIT_ADD when due. */
void sink_fill(struct sink *s, struct port *port);

#endif
