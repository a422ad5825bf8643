/* lock_queue.h: lock requests that wait, without a thread, for their locks.
 *
 * Linux has no way to be told when an fcntl(2) lock is free but to wait for it
 * in a thread, and threads are few. So requests wait here. When a request of
 * this process may have let a lock go, all are tried again at once; for a lock
 * that somebody else holds they are tried again by the clock, at first after
 * 2 ms and at last twice a second. Nothing wakes up when nothing waits.
 */
#ifndef LANDBRIDGE_P9D_LOCK_QUEUE_H
#define LANDBRIDGE_P9D_LOCK_QUEUE_H

#include "p9d/protocol.h"

#define LOCK_RETRY_FIRST_MS 2
#define LOCK_RETRY_LAST_MS 512

struct lock_queue {
	pthread_mutex_t lock;
	struct lock_wait *first, **end;
	atomic_uint count;
	_Atomic int64_t due; /* loop_now() of the next try; INT64_MAX: none */
	int64_t pause_ms;    /* before the one after that */
};

void lock_queue_init(struct lock_queue *queue);
void lock_queue_fini(struct lock_queue *queue);

/* Takes over a request that waits, with its owner's callbacks set. */
void lock_queue_add(struct lock_queue *queue, struct lock_wait *wait);
/* A lock may be free now. True: somebody waits: the queue is due. */
bool lock_queue_released(struct lock_queue *queue);
/* Tries again all that wait, in the order they came, and answers those that
 * have their locks. Does not wait for any client. */
void lock_queue_run(struct lock_queue *queue);

/* Takes out the first that is the session's and, unless NULL, of this tag or of
 * this fid. NULL: none. The caller answers or not, and frees it. */
struct lock_wait *lock_queue_take(struct lock_queue *queue, const struct p9_session *session,
				  const uint16_t *tag, const uint32_t *fid);

#endif
