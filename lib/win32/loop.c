/* loop.c: the event loop on Windows: which sockets are ready WSAPoll says, and that
 * something may have changed an event that WSAEventSelect ties to all of them, which is
 * waited for beside the loop's handles.
 *
 * An event is recorded once, until WSAEnumNetworkEvents has taken it and the call that it
 * is about was made (WSAEventSelect, "Remarks"): so it is taken from who is ready, before
 * he is told, and only what a watch asks for is recorded.
 */
#include "lib/win32/handles.h"
#include "lib/win32/posix.h"

#include <stdlib.h>
#include <string.h>

struct poll_set {
	HANDLE event; /* of all sockets */
	WSAPOLLFD *fds;
	struct watch **watches; /* as many, in the same order */
	size_t count, size, turn;
	struct handle_watch *handles[HANDLES_MAX]; /* who was ready last is the last */
	size_t handle_count;
};

int64_t loop_now(void)
{
	return (int64_t)GetTickCount64();
}

int loop_init(struct loop *loop)
{
	struct poll_set *set = calloc(1, sizeof(*set));

	*loop = (struct loop){ .polled = set };
	if (set)
		set->event = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (set && set->event)
		return 0;
	free(set);
	loop->polled = NULL;
	return -ENOMEM;
}

void loop_fini(struct loop *loop)
{
	struct poll_set *set = loop->polled;

	if (!set)
		return;
	CloseHandle(set->event);
	free(set->fds);
	free(set->watches);
	free(set);
	loop->polled = NULL;
}

/* --- sockets ------------------------------------------------------------------------- */

static short poll_events(uint32_t events)
{
	return (short)((events & EPOLLIN ? POLLIN : 0) | (events & EPOLLOUT ? POLLOUT : 0));
}

static uint32_t loop_events(short got)
{
	return (got & POLLIN ? (uint32_t)EPOLLIN : 0) | (got & POLLOUT ? (uint32_t)EPOLLOUT : 0) |
	       (got & POLLHUP ? (uint32_t)(EPOLLHUP | EPOLLRDHUP) : 0) |
	       (got & (POLLERR | POLLNVAL) ? (uint32_t)EPOLLERR : 0);
}

static int make_room(struct poll_set *set)
{
	size_t size = set->size ? 2 * set->size : 8;
	struct watch **watches;
	WSAPOLLFD *fds;

	if (set->count < set->size)
		return 0;
	fds = realloc(set->fds, size * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	set->fds = fds;
	watches = realloc(set->watches, size * sizeof(struct watch *));
	if (!watches)
		return -ENOMEM;
	set->watches = watches;
	set->size = size;
	return 0;
}

static size_t place_of(const struct watch *watch)
{
	const struct poll_set *set = watch->loop->polled;
	size_t i = 0;

	while (set->watches[i] != watch)
		i++;
	return i;
}

/* What is there already counts as new. */
static int select_events(const struct poll_set *set, int fd, uint32_t events)
{
	const long wanted = (events & EPOLLIN ? FD_READ | FD_ACCEPT : 0) |
			    (events & EPOLLOUT ? FD_WRITE | FD_CONNECT : 0) | FD_CLOSE;

	return WSAEventSelect((SOCKET)fd, set->event, wanted) == 0 ? 0 : -EBADF;
}

int watch_add(struct loop *loop, struct watch *watch, int fd, uint32_t events)
{
	struct poll_set *set = loop->polled;
	int error = make_room(set);

	if (!error)
		error = select_events(set, fd, events);
	watch->fd = error ? -1 : fd;
	if (error)
		return error;
	watch->events = events;
	watch->loop = loop;
	set->fds[set->count] = (WSAPOLLFD){ .fd = (SOCKET)fd, .events = poll_events(events) };
	set->watches[set->count++] = watch;
	return 0;
}

int watch_set(struct watch *watch, uint32_t events)
{
	if (watch->fd < 0 || watch->events == events)
		return 0;
	watch->events = events;
	watch->loop->polled->fds[place_of(watch)].events = poll_events(events);
	return select_events(watch->loop->polled, watch->fd, events);
}

void watch_remove(struct watch *watch)
{
	struct loop *loop = watch->loop;
	struct poll_set *set;
	size_t i;

	if (watch->fd < 0)
		return;
	set = loop->polled;
	i = place_of(watch);
	WSAEventSelect((SOCKET)watch->fd, NULL, 0);
	set->fds[i] = set->fds[--set->count];
	set->watches[i] = set->watches[set->count];
	watch->fd = -1;
	/* Events of this batch that were to reach it must not. */
	for (int k = 0; k < loop->pending_count; k++)
		if (loop->pending[k] == watch)
			loop->pending[k] = NULL;
}

enum { BATCH = 32 };

struct batch {
	struct watch *watches[BATCH];
	uint32_t events[BATCH];
	int count;
};

static bool is_wanted(const struct watch *watch, uint32_t events)
{
	return events && watch->events != EPOLLET;
}

/* Who is ready now, beginning elsewhere each time. */
static void collect(struct poll_set *set, struct batch *batch)
{
	static const struct batch none;
	WSANETWORKEVENTS taken;

	*batch = none;
	if (set->count == 0 || WSAPoll(set->fds, (ULONG)set->count, 0) <= 0)
		return;
	set->turn++;
	for (size_t n = 0; n < set->count && batch->count < BATCH; n++) {
		size_t i = (set->turn + n) % set->count;
		uint32_t events = loop_events(set->fds[i].revents);

		if (events)
			WSAEnumNetworkEvents(set->fds[i].fd, NULL, &taken);
		if (!is_wanted(set->watches[i], events))
			continue;
		batch->watches[batch->count] = set->watches[i];
		batch->events[batch->count++] = events;
	}
}

static void dispatch(struct loop *loop, struct batch *batch)
{
	loop->pending = batch->watches;
	loop->pending_count = batch->count;
	for (int i = 0; i < batch->count && !loop->stop; i++)
		if (batch->watches[i])
			batch->watches[i]->ready(batch->watches[i], batch->events[i]);
	loop->pending = NULL;
	loop->pending_count = 0;
}

/* --- handles ------------------------------------------------------------------------ */

int handle_watch_add(struct loop *loop, struct handle_watch *watch, void *handle)
{
	struct poll_set *set = loop->polled;

	if (set->handle_count == HANDLES_MAX)
		return -ENOBUFS;
	watch->handle = handle;
	watch->loop = loop;
	set->handles[set->handle_count++] = watch;
	return 0;
}

/* Takes the one at `i` out of its place. */
static struct handle_watch *handle_take(struct poll_set *set, size_t i)
{
	struct handle_watch *watch = set->handles[i];

	for (set->handle_count--; i < set->handle_count; i++)
		set->handles[i] = set->handles[i + 1];
	return watch;
}

void handle_watch_remove(struct handle_watch *watch)
{
	struct poll_set *set;
	size_t i = 0;

	if (!watch->handle)
		return;
	set = watch->loop->polled;
	while (set->handles[i] != watch)
		i++;
	handle_take(set, i);
	watch->handle = NULL;
}

/* Waits; `ms` < 0: for ever. NULL: a socket may be ready, or the time is over. */
static struct handle_watch *handle_wait(struct poll_set *set, int ms)
{
	HANDLE handles[1 + HANDLES_MAX] = { set->event };
	struct handle_watch *ready;
	DWORD r;

	for (size_t i = 0; i < set->handle_count; i++)
		handles[1 + i] = set->handles[i]->handle;
	r = WaitForMultipleObjects((DWORD)(1 + set->handle_count), handles, FALSE,
				   ms < 0 ? INFINITE : (DWORD)ms);
	/* The first that is ready is told: busy sockets must not hide the others. */
	if (r == WAIT_OBJECT_0 && set->handle_count > 0) {
		r = WaitForMultipleObjects((DWORD)set->handle_count, handles + 1, FALSE, 0);
		if (r < WAIT_OBJECT_0 + set->handle_count)
			r++;
	}
	if (r <= WAIT_OBJECT_0 || r > WAIT_OBJECT_0 + set->handle_count)
		return NULL;
	ready = handle_take(set, r - WAIT_OBJECT_0 - 1);
	set->handles[set->handle_count++] = ready;
	return ready;
}

int loop_run(struct loop *loop)
{
	struct handle_watch *handle;
	struct batch batch;

	while (!loop->stop) {
		collect(loop->polled, &batch);
		handle = handle_wait(loop->polled, batch.count > 0 ? 0 : loop_timeout(loop));
		dispatch(loop, &batch);
		/* One of the batch may have taken it out. */
		if (handle && handle->handle && !loop->stop)
			handle->ready(handle);
		loop_fire(loop);
	}
	return 0;
}
