/* changes.h: what others do to the directories that a client keeps things of.
 *
 * A directory that is watched tells of what happens to its names, to its own
 * attributes, and to those and the bytes of the files in it, whichever process
 * does it but this one. By fanotify(7), of which Linux gives any user a group
 * since 5.13: unlike inotify(7) it says who it was. Order holds from one event
 * to the next; several things that happened to one name may come as one.
 *
 * Not told, because the kernel does not: what goes through another link of a
 * file, or through a mapping before it is unmapped; what another machine does on
 * a network file system (changes_local).
 */
#ifndef LANDBRIDGE_P9D_CHANGES_H
#define LANDBRIDGE_P9D_CHANGES_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "p9d/wire/wire.h"

/* The kernel keeps a watched directory's inode in memory: about 1 KiB each. */
enum { CHANGES_DIRS = 65536, CHANGES_BUFFER = 65536, CHANGES_MIN = 1024 };

struct watched;

struct changes {
	int fd; /* readable when something has changed; -1: nothing is watched */
	pid_t self;
	uint32_t pair;
	pthread_mutex_t lock; /* for what follows */
	struct watched **buckets;
	unsigned count, limit;
	uint8_t events[CHANGES_BUFFER]; /* the kernel's */
};

/* 0 or negative errno: -ENOSYS, -EINVAL: the kernel is too old; -EMFILE: the
 * user has too many groups already. */
int changes_init(struct changes *changes);
void changes_fini(struct changes *changes);

/* Whether all that happens on a file system of this kind (statfs(2), f_type)
 * happens on this machine. */
bool changes_local(unsigned long magic);

/* Watches the directory dir, an O_PATH descriptor, known to the client as `id`.
 * What happens from here on is told. Once more for one that is watched is cheap.
 * 0, or negative errno: it is not watched (-ENOSPC: too many are; -EACCES: it
 * may not be read; -EXDEV, -EOPNOTSUPP: not on this file system). */
int changes_watch(struct changes *changes, int dir, uint64_t id);

/* What others have done, and with `own` this process, as p9_change entries (wire.h). `size` is at least
 * CHANGES_MIN. Returns bytes, 0: nothing more. */
size_t changes_take(struct changes *changes, bool own, void *buf, size_t size);

#endif
