/* inlet.h: where the bytes of outgoing DATA frames come from. Private to
 * interop/stream.
 *
 * An inlet of our own (the runner's end of a pipe, a terminal's master) is
 * simply read. One that was given to us (the caller's stdin) is shared with
 * other programs: it is never made non-blocking, and where its kind allows it
 * is only looked at until the program is known to have taken the bytes.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_INLET_H
#define LANDBRIDGE_INTEROP_STREAM_INLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "interop/stream/channel.h"

enum inlet_kind {
	INLET_OWN,    /* ours and non-blocking */
	INLET_STREAM, /* theirs: poll(2), then read(2) */
	INLET_TTY,    /* the same, but only while we are in its foreground */
	INLET_PIPE,   /* tee(2), and read(2) what was taken */
	INLET_SOCKET, /* recv(2) with MSG_PEEK, and read(2) what was taken */
	INLET_FILE,   /* pread(2), and lseek(2) past what was taken */
};

enum {
	INLET_WINDOW = WIRE_DATA_MAX,    /* looked at and not taken, at most */
	INLET_DESTRUCTIVE = 1024 * 1024, /* a program that took so much takes all */
};

struct inlet {
	struct watch watch;
	struct channel *ch;
	int fd;
	int number; /* the wire's fd */
	enum inlet_kind kind;
	bool ready;    /* it may have something; false until the next edge */
	bool ended;    /* end of file: EOF is due ... */
	bool eof_sent; /* ... or was sent */
	uint32_t credit;
	uint64_t sent;  /* bytes put into DATA frames */
	uint64_t taken; /* of these: taken out of a source we only look at */
	int64_t start;  /* FILE: the offset at the beginning */
	int look[2];    /* PIPE: where tee(2) copies to */
};

/* A closed inlet: ended, nothing due. */
void inlet_init(struct inlet *in, struct channel *ch, int number);
/* Starts with a descriptor of ours, which it owns; with one of theirs. */
int inlet_open_own(struct inlet *in, struct loop *loop, int fd);
int inlet_open_shared(struct inlet *in, struct loop *loop, int fd);
/* Leaves a shared source's offset where the program stopped. */
void inlet_close(struct inlet *in);

/* The last byte has come: what is due is EOF. Closes the descriptor. */
void inlet_end(struct inlet *in);

/* Whether reading leaves the bytes where they are. */
bool inlet_looks(const struct inlet *in);

/* For channel_ops::fill: puts one DATA frame if it can, or EOF if that is
 * due. True when it put DATA. */
bool inlet_fill(struct inlet *in);

/* Drops a piece of what is there to read (when nobody listens any more) each
 * time there is something: signals and timers get their turn in between. */
void inlet_discard(struct inlet *in);

/* The peer's CREDIT_ADD and CONSUMED. -EPROTO: beyond what can be. */
int inlet_grant(struct inlet *in, uint32_t bytes);
int inlet_consumed(struct inlet *in, uint64_t total);

#endif
