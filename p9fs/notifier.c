/* notifier.c: the one thread that waits for the kernel. */
#include "p9fs/notifier.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/lib.h"

enum { STACK_SIZE = 64 * 1024 };

static void put(struct notices *list, struct notice *notice)
{
	notice->next = NULL;
	*list->end = notice;
	list->end = &notice->next;
}

static struct notice *take(struct notices *list)
{
	struct notice *notice = list->first;

	if (!notice)
		return NULL;
	list->first = notice->next;
	if (!list->first)
		list->end = &list->first;
	return notice;
}

static struct notice *next_wanted(struct notifier *notifier)
{
	struct notice *notice;

	while (sem_wait(&notifier->more) < 0)
		; /* a signal */
	pthread_mutex_lock(&notifier->lock);
	notice = take(&notifier->wanted);
	pthread_mutex_unlock(&notifier->lock);
	return notice;
}

static int send_one(struct fuse_session *fuse, struct notice *n)
{
	switch (n->kind) {
	case NOTICE_INODE:
		return fuse_notify_inode(fuse, n->node, n->off, n->len);
	case NOTICE_ENTRY:
		return fuse_notify_entry(fuse, n->node, n->name);
	case NOTICE_FENCE:
		return 0;
	case NOTICE_CALL:
		return n->call(n);
	}
	return -EINVAL;
}

static void *run(void *arg)
{
	struct notifier *notifier = arg;
	struct notice *notice;

	while ((notice = next_wanted(notifier))) {
		notice->error = send_one(notifier->fuse, notice);
		pthread_mutex_lock(&notifier->lock);
		put(&notifier->sent, notice);
		pthread_mutex_unlock(&notifier->lock);
		eventfd_write(notifier->event, 1);
	}
	sem_post(&notifier->ended);
	return NULL;
}

static int thread_start(struct notifier *notifier)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all); /* they are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&thread, &attr, run, notifier);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

int notifier_start(struct notifier *notifier, struct fuse_session *fuse)
{
	int err;

	*notifier = (struct notifier){ .fuse = fuse };
	notifier->wanted.end = &notifier->wanted.first;
	notifier->sent.end = &notifier->sent.first;
	pthread_mutex_init(&notifier->lock, NULL);
	sem_init(&notifier->more, 0, 0);
	sem_init(&notifier->ended, 0, 0);
	notifier->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = notifier->event < 0 ? -errno : thread_start(notifier);
	notifier->running = err == 0;
	return err;
}

void notifier_stop(struct notifier *notifier)
{
	if (!notifier->fuse)
		return;
	sem_post(&notifier->more); /* and there is none */
	while (notifier->running && sem_wait(&notifier->ended) < 0)
		; /* a signal */
	fd_close(&notifier->event);
	sem_destroy(&notifier->more);
	sem_destroy(&notifier->ended);
	pthread_mutex_destroy(&notifier->lock);
	notifier->fuse = NULL;
}

void notifier_add(struct notifier *notifier, struct notice *notice)
{
	pthread_mutex_lock(&notifier->lock);
	put(&notifier->wanted, notice);
	notifier->count++;
	pthread_mutex_unlock(&notifier->lock);
	sem_post(&notifier->more);
}

void notifier_collect(struct notifier *notifier)
{
	eventfd_t times;
	struct notice *notice;

	eventfd_read(notifier->event, &times);
	do {
		pthread_mutex_lock(&notifier->lock);
		notice = take(&notifier->sent);
		notifier->count -= notice != NULL;
		pthread_mutex_unlock(&notifier->lock);
		if (notice)
			notice->done(notice);
	} while (notice);
}
