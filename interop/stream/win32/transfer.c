/* transfer.c: one read or write at a time on one end of a pipe. */
#include "interop/stream/win32/transfer.h"

#include <errno.h>
#include <process.h>
#include <stdint.h>

#include "lib/macros.h"

enum { THREAD_STACK = 64 * 1024 };

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

/* --- by a thread --------------------------------------------------------------- */

static DWORD write_all(const struct transfer *t, DWORD *count)
{
	const char *from = t->data;
	DWORD n;

	for (*count = 0; *count < t->len; *count += n)
		if (!WriteFile(t->pipe, from + *count, t->len - *count, &n, NULL))
			return GetLastError();
	return 0;
}

static unsigned __stdcall transfer_thread(void *arg)
{
	struct transfer *t = arg;

	while (WaitForSingleObject(t->turn, INFINITE) == WAIT_OBJECT_0) {
		t->count = 0;
		if (t->writes)
			t->error = write_all(t, &t->count);
		else
			t->error = ReadFile(t->pipe, t->data, t->len, &t->count, NULL)
					   ? 0
					   : GetLastError();
		if (!t->writes && !t->error && t->count == 0) /* as to every C library */
			t->error = ERROR_HANDLE_EOF;
		InterlockedExchange(&t->done, 1);
		SetEvent(t->event);
	}
	return 0;
}

int transfer_open_plain(struct transfer *t, struct loop *loop, HANDLE file)
{
	int error;

	t->turn = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!t->turn)
		return -ENOMEM;
	error = transfer_open(t, loop, file);
	if (!error)
		t->thread = (HANDLE)_beginthreadex(NULL, THREAD_STACK, transfer_thread, t,
						   STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
	return error ? error : t->thread ? 0 : -ENOMEM;
}

static void turn_give(struct transfer *t, bool writes, void *data, size_t len)
{
	t->busy = true;
	t->writes = writes;
	t->data = data;
	t->len = (DWORD)len;
	t->done = 0;
	SetEvent(t->turn);
}

static long turn_result(struct transfer *t)
{
	if (!InterlockedCompareExchange(&t->done, 1, 1))
		return -EAGAIN;
	t->busy = false;
	return t->error ? -EPIPE : (long)t->count;
}

/* --- both ----------------------------------------------------------------------- */

static void pipe_close(struct transfer *t)
{
	DWORD done;

	if (t->pipe && t->busy && !t->error && CancelIoEx(t->pipe, &t->over))
		GetOverlappedResult(t->pipe, &t->over, &done, TRUE);
	if (t->pipe)
		CloseHandle(t->pipe);
	if (t->event)
		CloseHandle(t->event);
	t->event = NULL;
	t->busy = false;
}

void transfer_close(struct transfer *t)
{
	handle_watch_remove(&t->watch);
	if (!t->turn) {
		pipe_close(t);
		t->pipe = NULL;
	}
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
	if (t->turn) {
		turn_give(t, false, data, len);
		return;
	}
	begin(t);
	begun(t, ReadFile(t->pipe, data, (DWORD)len, NULL, &t->over));
}

void transfer_write(struct transfer *t, const void *data, size_t len)
{
	if (t->turn) {
		turn_give(t, true, (void *)(uintptr_t)data, len);
		return;
	}
	begin(t);
	begun(t, WriteFile(t->pipe, data, (DWORD)len, NULL, &t->over));
}

long transfer_result(struct transfer *t)
{
	DWORD count = 0;

	if (!t->pipe)
		return -EPIPE;
	if (t->turn)
		return turn_result(t);
	if (!t->error && !GetOverlappedResult(t->pipe, &t->over, &count, FALSE))
		t->error = GetLastError();
	if (t->error == ERROR_IO_INCOMPLETE) {
		t->error = 0;
		return -EAGAIN;
	}
	t->busy = false;
	return t->error ? -EPIPE : (long)count;
}
