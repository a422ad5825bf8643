/* transfer.c: one read or write at a time on one end of an overlapped pipe. */
#include "interop/stream/win32/transfer.h"

#include <errno.h>

#include "lib/macros.h"

static void transfer_ready(struct handle_watch *watch)
{
	struct transfer *t = container_of(watch, struct transfer, watch);

	t->ready(t);
}

void transfer_init(struct transfer *t, void (*ready)(struct transfer *t))
{
	*t = (struct transfer){ .watch = { .ready = transfer_ready }, .ready = ready };
}

/* The event resets itself when the loop has seen it: it is news, not a state. */
int transfer_open(struct transfer *t, struct loop *loop, HANDLE pipe)
{
	t->pipe = pipe;
	t->event = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (t->event)
		return handle_watch_add(loop, &t->watch, t->event);
	return -ENOMEM;
}

void transfer_close(struct transfer *t)
{
	DWORD done;

	handle_watch_remove(&t->watch);
	if (t->pipe && t->busy && !t->error && CancelIoEx(t->pipe, &t->over))
		GetOverlappedResult(t->pipe, &t->over, &done, TRUE);
	if (t->pipe)
		CloseHandle(t->pipe);
	if (t->event)
		CloseHandle(t->event);
	t->pipe = t->event = NULL;
	t->busy = false;
}

static void begin(struct transfer *t)
{
	t->over = (OVERLAPPED){ .hEvent = t->event };
	t->busy = true;
	t->error = 0;
}

static void begun(struct transfer *t, BOOL done)
{
	DWORD error = done ? 0 : GetLastError();

	t->error = error == ERROR_IO_PENDING ? 0 : error;
}

void transfer_read(struct transfer *t, void *data, size_t len)
{
	begin(t);
	begun(t, ReadFile(t->pipe, data, (DWORD)len, NULL, &t->over));
}

void transfer_write(struct transfer *t, const void *data, size_t len)
{
	begin(t);
	begun(t, WriteFile(t->pipe, data, (DWORD)len, NULL, &t->over));
}

long transfer_result(struct transfer *t)
{
	DWORD count = 0;

	if (!t->pipe)
		return -EPIPE;
	if (!t->error && !GetOverlappedResult(t->pipe, &t->over, &count, FALSE))
		t->error = GetLastError();
	if (t->error == ERROR_IO_INCOMPLETE) {
		t->error = 0;
		return -EAGAIN;
	}
	t->busy = false;
	return t->error ? -EPIPE : (long)count;
}
