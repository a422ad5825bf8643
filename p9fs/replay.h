/* replay.h: what the host changed, once more for those who watch here. Private to
 * p9fs.
 *
 * inotify(7) tells of what passes through this kernel, and a change of the host's does
 * not. So where somebody watches the file or its directory (watchers.h), a thread of
 * ours makes the system call that the change would have been: a mknod(2) for a new
 * file, a utimensat(2) for new bytes. The kernel asks us to do it, by the thread's
 * number (fuse_request's pid) we know that it is not meant, and answer with what is
 * there already; the kernel then tells whoever watches. Nothing of it reaches the host.
 *
 * Changes are made again in their order, after the kernel was told to forget what they
 * made wrong. What happened to one name at one time (p9_change) may come in another
 * order than it happened in. A file that is gone by then is a stand-in while its
 * changes are made again: the kernel knows it for the time of the call.
 */
#ifndef LANDBRIDGE_P9FS_REPLAY_H
#define LANDBRIDGE_P9FS_REPLAY_H

#include "p9fs/notifier.h"
#include "p9fs/watchers.h"

enum { REPLAY_PATH = 4096 };

/* So many changes may wait, as many as a queue of inotify(7)'s; with one more those
 * that wait are given up. */
enum { REPLAY_MAX = 16384 };

struct inode;
struct p9_change;
struct p9fs;

/* What the thread is at, and so how it is answered. */
enum replay_step {
	REPLAY_LOOK,   /* as anybody */
	REPLAY_MAKE,   /* there is no such name; what it makes is what is there */
	REPLAY_TOUCH,  /* what it sets is what is set */
	REPLAY_REMOVE, /* there is such a name, until it has removed it */
	REPLAY_RENAME, /* there is the old one and not the new one */
};

/* One change, or a rename, which is two. */
struct act {
	struct notice notice;
	struct act *next;
	struct p9fs *mount;
	uint32_t what;              /* P9_CHANGE_* */
	uint32_t pair;              /* p9_change's */
	uint64_t serial, child;     /* the file's number, or 0: nobody knew it */
	struct inode *dir, *to_dir; /* pinned; to_dir: NULL: no rename, or only half of one */
	char *name, *to_name;       /* "": dir itself; to_name is NULL where to_dir is */
};

struct replay {
	struct notifier thread;
	bool runs;
	struct act *half;         /* of a rename: where to is told next */
	struct act *ready, **end; /* in order */
	struct act *current;      /* the thread is at it */
	bool busy;                /* ... or looks who watches, or goes to rest */
	unsigned count;           /* not freed */
	uint64_t serial, looked;  /* of the newest; who watched those up to there is known */
	struct watchers watchers;
	struct notice chore;
	/* The thread's. */
	int root;                                     /* of the mount (p9fs_way's clone); -1 */
	int tid;                                      /* atomic; 0: not known */
	int step;                                     /* atomic; enum replay_step */
	uint64_t stand_ins;                           /* there were so many */
	char path[REPLAY_PATH], to_path[REPLAY_PATH]; /* of the directories, below the root */
};

/* 0 or negative errno. Where the way of mounting has no clone, nothing is done. */
int replay_start(struct p9fs *m);
/* As notifier_stop. */
void replay_stop(struct p9fs *m);

/* The server told of a change in `dir`. After the notices to the kernel about it. */
void replay_change(struct p9fs *m, struct inode *dir, const struct p9_change *change);
/* No other is going to be told of at once. */
void replay_flush(struct p9fs *m);

/* The name is in an act under way: the kernel is not to keep what it means, but to ask. */
bool replay_holds(const struct p9fs *m, const struct inode *dir, const char *name);

/* Whether the request is the thread's. */
bool replay_asks(const struct p9fs *m, const struct fuse_request *q);

/* op_replay.c: whether the request was the thread's; then it is answered, or will be. */
bool replay_answers(struct p9fs *m, const struct fuse_request *q);

#endif
