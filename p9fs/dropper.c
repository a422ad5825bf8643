/* dropper.c: the one thread that waits for the kernel. */
#include "p9fs/dropper.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FUSE_USE_VERSION 35
#include <fuse3/fuse_lowlevel.h>

#include "lib/lib.h"

static void put(struct drop ***end, struct drop *drop)
{
	drop->next = NULL;
	**end = drop;
	*end = &drop->next;
}

static struct drop *take(struct drop **first, struct drop ***end)
{
	struct drop *drop = *first;

	if (!drop)
		return NULL;
	*first = drop->next;
	if (!*first)
		*end = first;
	return drop;
}

static struct drop *next_wanted(struct dropper *dropper)
{
	struct drop *drop;

	pthread_mutex_lock(&dropper->lock);
	while (!(drop = take(&dropper->wanted, &dropper->wanted_end)) && !dropper->stop)
		pthread_cond_wait(&dropper->more, &dropper->lock);
	pthread_mutex_unlock(&dropper->lock);
	return drop;
}

static void *run(void *arg)
{
	struct dropper *dropper = arg;
	struct drop *drop;

	while ((drop = next_wanted(dropper))) {
		/* It cannot fail but where there is nothing to drop. */
		fuse_lowlevel_notify_inval_inode(dropper->fuse, drop->ino, 0, 0);
		pthread_mutex_lock(&dropper->lock);
		put(&dropper->dropped_end, drop);
		pthread_mutex_unlock(&dropper->lock);
		eventfd_write(dropper->event, 1);
	}
	return NULL;
}

int dropper_start(struct dropper *dropper, struct fuse_session *fuse)
{
	sigset_t all, before;
	int err;

	*dropper = (struct dropper){ .fuse = fuse };
	dropper->wanted_end = &dropper->wanted;
	dropper->dropped_end = &dropper->dropped;
	pthread_mutex_init(&dropper->lock, NULL);
	pthread_cond_init(&dropper->more, NULL);
	dropper->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = dropper->event < 0 ? -errno : 0;
	sigfillset(&all); /* they are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!err)
		err = -pthread_create(&dropper->thread, NULL, run, dropper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	dropper->running = err == 0;
	return err;
}

void dropper_stop(struct dropper *dropper)
{
	if (!dropper->fuse)
		return;
	pthread_mutex_lock(&dropper->lock);
	dropper->stop = true;
	pthread_cond_signal(&dropper->more);
	pthread_mutex_unlock(&dropper->lock);
	if (dropper->running)
		pthread_join(dropper->thread, NULL);
	fd_close(&dropper->event);
	pthread_cond_destroy(&dropper->more);
	pthread_mutex_destroy(&dropper->lock);
	dropper->fuse = NULL;
}

void dropper_add(struct dropper *dropper, struct drop *drop)
{
	pthread_mutex_lock(&dropper->lock);
	put(&dropper->wanted_end, drop);
	dropper->count++;
	pthread_cond_signal(&dropper->more);
	pthread_mutex_unlock(&dropper->lock);
}

void dropper_collect(struct dropper *dropper)
{
	eventfd_t times;
	struct drop *drop;

	eventfd_read(dropper->event, &times);
	do {
		pthread_mutex_lock(&dropper->lock);
		drop = take(&dropper->dropped, &dropper->dropped_end);
		dropper->count -= drop != NULL;
		pthread_mutex_unlock(&dropper->lock);
		if (drop)
			drop->done(drop);
	} while (drop);
}
