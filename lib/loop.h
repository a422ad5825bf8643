/* loop.h: an event loop over epoll(7), with timers; on Windows over what that
 * has (lib/win32/loop.c). No allocation: watches and timers live in the caller's
 * structs, which must outlive their place in the loop. It sleeps until something
 * happens; it never polls.
 */
#ifndef LANDBRIDGE_LIB_LOOP_H
#define LANDBRIDGE_LIB_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* One descriptor. `ready` gets the EPOLL* bits that are up. Inside it any
 * watch or timer of the loop may be removed, this one too. */
struct watch {
	int fd; /* -1 when not in the loop */
	uint32_t events;
	void (*ready)(struct watch *watch, uint32_t events);
	struct loop *loop;
};

/* One deadline on CLOCK_MONOTONIC, in milliseconds; fires once. */
struct timer {
	int64_t at;
	void (*fire)(struct timer *timer);
	struct timer *next; /* loop::timers, earliest first */
	bool armed;
};

struct poll_set;

struct loop {
	union {
		int epoll;
		struct poll_set *polled; /* on Windows; it allocates */
	};
	bool stop;
	struct timer *timers;
	struct watch **pending; /* during dispatch: the batch, so removal can clear it */
	int pending_count;
};

int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* Adds fd with `events` (EPOLLIN, ...; 0 watches for EPOLLERR|EPOLLHUP only).
 * watch->ready must be set. The loop does not own fd. 0 or negative errno. */
int watch_add(struct loop *loop, struct watch *watch, int fd, uint32_t events);
/* Changes the events; does nothing when they are the same already. */
int watch_set(struct watch *watch, uint32_t events);
void watch_remove(struct watch *watch);

/* Fires `ms` from now; a timer already armed is moved. */
void timer_start(struct loop *loop, struct timer *timer, int64_t ms);
void timer_stop(struct loop *loop, struct timer *timer);

/* For the loop itself: ms until the first timer, or -1; those that are due fire. */
int loop_timeout(const struct loop *loop);
void loop_fire(struct loop *loop);

/* Runs until loop->stop is set. 0, or negative errno from epoll_wait(2). */
int loop_run(struct loop *loop);
int64_t loop_now(void); /* CLOCK_MONOTONIC in ms */

#endif
