/* transfer.h: one read or write at a time on one end of an overlapped pipe, in a loop.
 * Private to interop/stream/win32.
 *
 * Microsoft Learn: "Synchronous and Asynchronous I/O", OVERLAPPED, CancelIoEx.
 */
#ifndef LANDBRIDGE_INTEROP_STREAM_WIN32_TRANSFER_H
#define LANDBRIDGE_INTEROP_STREAM_WIN32_TRANSFER_H

#include <stdbool.h>

#include <windows.h>

#include "lib/win32/handles.h"

struct transfer {
	struct handle_watch watch; /* of its event */
	HANDLE pipe, event;        /* NULL: closed */
	OVERLAPPED over;
	bool busy;                         /* begun, and its result not taken yet */
	DWORD error;                       /* of beginning it */
	void (*ready)(struct transfer *t); /* the result may be there */
};

void transfer_init(struct transfer *t, void (*ready)(struct transfer *t));
/* Owns the pipe's handle, also when this fails. 0 or negative errno. */
int transfer_open(struct transfer *t, struct loop *loop, HANDLE pipe);
/* What is under way is given up. */
void transfer_close(struct transfer *t);

/* Begins one; not while it is busy. The memory stays until the result is taken. */
void transfer_read(struct transfer *t, void *data, size_t len);
void transfer_write(struct transfer *t, const void *data, size_t len);
/* The count of bytes; -EAGAIN: not yet; -EPIPE: the other end is gone, or this is. */
long transfer_result(struct transfer *t);

#endif
