/* inlet.h: a program's output behind a source: our end of an overlapped pipe; or a caller's
 * stdin. Private to interop/stream/win32.
 *
 * At most one read is under way, into a buffer of its own; its event wakes the loop.
 * Microsoft Learn: "Named Pipe Server Using Overlapped I/O", GetOverlappedResult.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_WIN32_INLET_H
#define LANDBRIDGE_INTEROP_STREAM_WIN32_INLET_H

#include "interop/stream/channel/channel.h"
#include "interop/stream/source.h"
#include "interop/stream/win32/transfer.h"

struct inlet {
	struct source source;
	struct transfer transfer;
	struct channel *ch;
	uint8_t buffer[WIRE_DATA_MAX];
};

void inlet_init(struct inlet *in, struct channel *ch, int number);
/* Owns the handle of the pipe's reading end, also when this fails; NULL: it is at its end.
 * 0 or negative errno. */
int inlet_open(struct inlet *in, struct loop *loop, HANDLE pipe);
/* The same for any handle, which stays the caller's (transfer_open_plain). */
int inlet_open_plain(struct inlet *in, struct loop *loop, HANDLE file);
void inlet_close(struct inlet *in);

#endif
