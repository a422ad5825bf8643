/* lock_queue.c: tries waiting lock requests again, when it may be of use. */
#include "p9d/lock_queue.h"

#include "lib/loop.h"

void lock_queue_init(struct lock_queue *queue)
{
	*queue = (struct lock_queue){ .end = &queue->first, .pause_ms = LOCK_RETRY_FIRST_MS };
	atomic_init(&queue->due, INT64_MAX);
	pthread_mutex_init(&queue->lock, NULL);
}

void lock_queue_fini(struct lock_queue *queue)
{
	pthread_mutex_destroy(&queue->lock);
}

void lock_queue_add(struct lock_queue *queue, struct lock_wait *wait)
{
	pthread_mutex_lock(&queue->lock);
	wait->next = NULL;
	*queue->end = wait;
	queue->end = &wait->next;
	queue->pause_ms = LOCK_RETRY_FIRST_MS;
	atomic_fetch_add(&queue->count, 1);
	atomic_store(&queue->due, loop_now() + LOCK_RETRY_FIRST_MS);
	pthread_mutex_unlock(&queue->lock);
}

bool lock_queue_released(struct lock_queue *queue)
{
	if (atomic_load(&queue->count) == 0)
		return false;
	atomic_store(&queue->due, 0);
	return true;
}

/* queue->lock is held. */
static struct lock_wait *take_out(struct lock_queue *queue, struct lock_wait **at)
{
	struct lock_wait *wait = *at;

	*at = wait->next;
	if (!*at)
		queue->end = at;
	return wait;
}

/* True: it has been answered. Only a client that can be told is given a lock. */
static bool try_again(struct lock_wait *wait)
{
	struct p9_msg r = { .tag = wait->tag };
	bool over;

	if (!wait->begin(wait))
		return false;
	over = lock_wait_try(wait, &r);
	wait->end(wait, over ? &r : NULL);
	return over;
}

void lock_queue_run(struct lock_queue *queue)
{
	bool any = false;

	pthread_mutex_lock(&queue->lock);
	atomic_store(&queue->due, INT64_MAX); /* before the look: a release after it counts */
	for (struct lock_wait **at = &queue->first; *at;) {
		if (!try_again(*at)) {
			at = &(*at)->next;
			continue;
		}
		lock_wait_free(take_out(queue, at));
		atomic_fetch_sub(&queue->count, 1); /* its connection may go from now on */
		any = true;
	}
	if (any)
		queue->pause_ms = LOCK_RETRY_FIRST_MS;
	if (queue->first && atomic_load(&queue->due) == INT64_MAX)
		atomic_store(&queue->due, loop_now() + queue->pause_ms);
	if (queue->pause_ms < LOCK_RETRY_LAST_MS)
		queue->pause_ms *= 2;
	pthread_mutex_unlock(&queue->lock);
}

struct lock_wait *lock_queue_take(struct lock_queue *queue, const struct p9_session *session,
				  const uint16_t *tag, const uint32_t *fid)
{
	struct lock_wait *wait = NULL;
	struct lock_wait **at = &queue->first;

	if (atomic_load(&queue->count) == 0)
		return NULL;
	pthread_mutex_lock(&queue->lock);
	while (*at && ((*at)->session != session || (tag && (*at)->tag != *tag) ||
		       (fid && (*at)->fid->number != *fid)))
		at = &(*at)->next;
	if (*at) {
		wait = take_out(queue, at);
		atomic_fetch_sub(&queue->count, 1);
	}
	pthread_mutex_unlock(&queue->lock);
	return wait;
}
