/* inlet.h: the descriptor behind a source (source.h). Private to
 * interop/stream/posix.
 *
 * An inlet of our own (the runner's end of a pipe, a terminal's master) is
 * simply read. One that was given to us (the caller's stdin) is shared with
 * other programs: it is never made non-blocking, and where its kind allows it
 * is only looked at until the program is known to have taken the bytes.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_POSIX_INLET_H
#define LANDBRIDGE_INTEROP_STREAM_POSIX_INLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "interop/stream/channel/channel.h"
#include "interop/stream/source.h"

enum inlet_kind {
	INLET_OWN,    /* ours and non-blocking */
	INLET_STREAM, /* theirs: poll(2), then read(2) */
	INLET_TTY,    /* the same, but only while we are in its foreground */
	INLET_PIPE,   /* tee(2), and read(2) what was taken */
	INLET_SOCKET, /* recv(2) with MSG_PEEK, and read(2) what was taken */
	INLET_FILE,   /* pread(2), and lseek(2) past what was taken */
};

enum {
	INLET_WINDOW = WIRE_DATA_MAX, /* looked at and not taken, at most */
};

struct inlet {
	struct source source;
	struct watch watch;
	struct channel *ch;
	int fd;
	enum inlet_kind kind;
	int64_t start; /* FILE: the offset at the beginning */
	int look[2];   /* PIPE: where tee(2) copies to */
};

/* A closed inlet: its source is over. */
void inlet_init(struct inlet *in, struct channel *ch, int number);
/* Starts with a descriptor of ours, which it owns; with one of theirs. */
int inlet_open_own(struct inlet *in, struct loop *loop, int fd);
int inlet_open_shared(struct inlet *in, struct loop *loop, int fd);
/* Leaves a shared source's offset where the program stopped. */
void inlet_close(struct inlet *in);

/* Whether reading leaves the bytes where they are. */
bool inlet_looks(const struct inlet *in);

/* For a source that is discarded: one piece each time the loop comes round, so
 * that signals and timers get their turn in between. */
void inlet_discards(struct inlet *in);

#endif
