/* conn.h: one 9P connection: bytes in, requests run, replies out, by whichever
 * of the pool's threads it has. */
#ifndef LANDBRIDGE_P9D_CONN_H
#define LANDBRIDGE_P9D_CONN_H

#include "p9d/changes.h"
#include "p9d/pool.h"

#define CONN_NEWS (CHANGES_BUFFER + P9_DATA_HEADER)
#define CONN_THREADS 24 /* at the same time, all but one of them blocked */

struct conn {
	struct task task;
	struct pool *pool;
	int fd;
	bool watched;   /* known to epoll */
	int either;     /* epoll(7): readable when fd or session.watch_fd is; -1 */
	uint8_t *news;  /* an Rwwatch, under send_lock */
	uint8_t *saved; /* input, while no thread has it */
	size_t saved_len;
	unsigned errors; /* malformed messages */
	pthread_mutex_t send_lock;
	pthread_mutex_t lock; /* for what follows */
	unsigned refs;        /* threads */
	struct thread *detached;
	struct p9_session session;
};

/* What a connection has agreed on and sent before it came to us. */
struct conn_greeting {
	uint32_t msize; /* 0: it begins with Tversion */
	uint8_t dialect;
	const void *input;
	size_t input_len;
};

/* A connection on this socket, with input that was received already. The
 * socket belongs to it from here on, also on an error. */
int conn_start(struct pool *pool, int fd, struct filetree *tree, const struct p9_policy *policy,
	       const struct conn_greeting *greeting);

#endif
