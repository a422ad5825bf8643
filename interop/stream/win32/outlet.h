/* outlet.h: a program's stdin behind a sink: our end of an overlapped pipe that holds
 * nothing. Private to interop/stream/win32.
 *
 * A pipe without a buffer (CreateNamedPipeW, nOutBufferSize 0) ends a write when its last
 * byte has been read, so what has been taken is known without asking. Of the one write
 * that a program has left in the middle when it ends, the rest is counted at the pipe's
 * other end, of which we keep a handle. Only then: PeekNamedPipe waits for a read that is
 * under way there. For the same handle it is not seen that a program has closed its stdin
 * and runs on.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_WIN32_OUTLET_H
#define LANDBRIDGE_INTEROP_STREAM_WIN32_OUTLET_H

#include "interop/stream/channel/channel.h"
#include "interop/stream/sink.h"
#include "interop/stream/win32/transfer.h"
#include "lib/ring.h"

enum {
	OUTLET_PIECE = 4096,     /* so much is in doubt while the program runs ... */
	OUTLET_BULK = 64 * 1024, /* ... or, of one that takes much */
};

struct outlet {
	struct sink sink;
	struct transfer transfer;
	struct channel *ch;
	HANDLE rest;  /* the program's end */
	bool *ended;  /* the program has */
	size_t piece; /* the longest write */
	size_t under_way;
	struct ring ring;
	uint8_t flight[OUTLET_BULK];
	uint8_t memory[WIRE_CREDIT_MAX];
};

/* *ended becomes true when the program has ended. */
void outlet_init(struct outlet *o, struct channel *ch, int number, bool *ended);
/* Owns both ends, also when this fails. 0 or negative errno. */
int outlet_open(struct outlet *o, struct loop *loop, HANDLE pipe, HANDLE rest);
/* A caller's stdout or stderr, of any kind, which stays the caller's; NULL: closed. */
int outlet_open_plain(struct outlet *o, struct loop *loop, HANDLE file);
void outlet_close(struct outlet *o);

#endif
