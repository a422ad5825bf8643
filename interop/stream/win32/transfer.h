/* transfer.h: one read or write at a time on one end of a pipe, in a loop. Private to
 * interop/stream/win32.
 *
 * Our ends of a program's pipes are overlapped. What we were started with (a console, a
 * file, a pipe) need not be: there a thread reads and writes, for as long as the process is.
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

	/* of a thread; while `turn` is signalled, all but `done` is the thread's */
	HANDLE thread, turn; /* NULL: there is none */
	bool writes;
	void *data;
	DWORD len, count;
	volatile LONG done;
};

void transfer_init(struct transfer *t, void (*ready)(struct transfer *t));
/* Owns the pipe's handle, also when this fails. 0 or negative errno. */
int transfer_open(struct transfer *t, struct loop *loop, HANDLE pipe);
/* The same for any handle, which stays the caller's, and the struct must stay with it. */
int transfer_open_plain(struct transfer *t, struct loop *loop, HANDLE file);
/* What is under way is given up; what a thread does goes on. */
void transfer_close(struct transfer *t);

/* Begins one; not while it is busy. The memory stays until the result is taken. */
void transfer_read(struct transfer *t, void *data, size_t len);
void transfer_write(struct transfer *t, const void *data, size_t len);
/* The count of bytes; -EAGAIN: not yet; -EPIPE: the other end is gone, or this is. */
long transfer_result(struct transfer *t);

#endif
