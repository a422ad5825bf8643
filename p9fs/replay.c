/* replay.c: changes wait for the thread, and it makes them again. */
#include "p9fs/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/lib.h"
#include "p9fs/op.h"
#include "p9fs/way.h"

#define MAKES (P9_CHANGE_CREATE | P9_CHANGE_MOVED_TO)
#define REMOVES (P9_CHANGE_DELETE | P9_CHANGE_MOVED_FROM)

static void next_call(struct p9fs *m);

/* --- the thread: system calls on the mount ------------------------------------------ */

static void set_step(struct p9fs *m, enum replay_step step)
{
	__atomic_store_n(&m->replay.step, step, __ATOMIC_SEQ_CST);
}

/* Never through a link, nor to what is mounted there. */
static int dir_of(const struct p9fs *m, const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
						 RESOLVE_NO_XDEV };

	return (int)syscall(SYS_openat2, m->replay.root, *path ? path : ".", &how, sizeof(how));
}

static int make(int dir, const char *name, mode_t type)
{
	switch (type) {
	case S_IFDIR:
		return mkdirat(dir, name, 0700);
	case S_IFLNK:
		return symlinkat(name, dir, name);
	default:
		return mknodat(dir, name, type | 0600, 0);
	}
}

/* The time of its bytes alone: they changed; both times: something else of it did. */
static int touch(int dir, const char *name, bool bytes)
{
	const struct timespec times[] = { { .tv_nsec = bytes ? UTIME_OMIT : UTIME_NOW },
					  { .tv_nsec = UTIME_NOW } };

	return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

static void close_written(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

static void remove_it(struct p9fs *m, int dir, const struct act *act)
{
	set_step(m, REPLAY_REMOVE);
	unlinkat(dir, act->name, act->what & P9_CHANGE_IS_DIR ? AT_REMOVEDIR : 0);
}

static void make_it(struct p9fs *m, int dir, const struct act *act, mode_t mode)
{
	set_step(m, REPLAY_MAKE);
	make(dir, act->name, mode & S_IFMT);
}

static void touch_it(struct p9fs *m, int dir, const struct act *act, mode_t mode)
{
	set_step(m, REPLAY_TOUCH);
	if (act->what & P9_CHANGE_MODIFY)
		touch(dir, act->name, true);
	if (act->what & P9_CHANGE_ATTRIB)
		touch(dir, act->name, false);
	/* Where open(2) is the host's it would hear of one. */
	if (act->what & P9_CHANGE_CLOSE_WRITE && S_ISREG(mode) && m->config.guest_locks)
		close_written(dir, act->name);
}

/* What came about and went comes in an order in which it can have been. */
static void act_on_name(struct p9fs *m, int dir, const struct act *act)
{
	struct stat st = { .st_mode = act->what & P9_CHANGE_IS_DIR ? S_IFDIR : S_IFREG };
	bool there, makes = act->what & MAKES, removes = act->what & REMOVES;

	set_step(m, REPLAY_LOOK);
	there = fstatat(dir, act->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (removes && there && makes)
		remove_it(m, dir, act);
	if (makes)
		make_it(m, dir, act, st.st_mode);
	if (there)
		touch_it(m, dir, act, st.st_mode);
	if (removes && !(there && makes))
		remove_it(m, dir, act);
}

static void act_rename(struct p9fs *m, int dir, const struct act *act)
{
	int to = dir_of(m, m->replay.to_path);

	set_step(m, REPLAY_RENAME);
	if (to >= 0)
		syscall(SYS_renameat2, dir, act->name, to, act->to_name, 0);
	fd_close(&to);
}

/* Somebody may have looked since the change was told, and the kernel has kept what the
 * names mean now: from here on it asks each time (replay_holds). */
static void forget_names(struct p9fs *m, const struct act *act)
{
	if (act->what & (MAKES | REMOVES))
		fuse_notify_entry(&m->fuse, node_of(m, act->dir), act->name);
	if (act->to_dir)
		fuse_notify_entry(&m->fuse, node_of(m, act->to_dir), act->to_name);
}

static int call_act(struct notice *notice)
{
	const struct act *act = container_of(notice, struct act, notice);
	struct p9fs *m = act->mount;
	int dir;

	set_step(m, REPLAY_LOOK);
	dir = dir_of(m, m->replay.path);
	if (dir < 0)
		return -errno;
	forget_names(m, act);
	if (act->to_dir) {
		act_rename(m, dir, act);
	} else if (*act->name) {
		act_on_name(m, dir, act);
	} else if (act->what & P9_CHANGE_ATTRIB) {
		set_step(m, REPLAY_TOUCH);
		touch(dir, "", false);
	}
	set_step(m, REPLAY_LOOK);
	close(dir);
	return 0;
}

static int call_look(struct notice *notice)
{
	struct p9fs *m = container_of(notice, struct p9fs, replay.chore);

	__atomic_store_n(&m->replay.tid, (int)gettid(), __ATOMIC_SEQ_CST);
	if (m->replay.root < 0)
		m->replay.root = m->config.way->clone(&m->config, m->replay.watchers.device);
	watchers_find(&m->replay.watchers);
	return 0;
}

/* To hold the mount longer would keep it from ending. */
static int call_rest(struct notice *notice)
{
	struct p9fs *m = container_of(notice, struct p9fs, replay.chore);

	fd_close(&m->replay.root);
	return 0;
}

/* --- one after the other ---------------------------------------------------------------- */

static void act_free(struct act *act)
{
	struct p9fs *m = act->mount;

	m->replay.count--;
	inode_unpin(&m->inodes, act->dir);
	if (act->to_dir)
		inode_unpin(&m->inodes, act->to_dir);
	free(act->name);
	free(act->to_name);
	free(act);
}

static void acts_free(struct replay *r)
{
	struct act *act;

	while ((act = r->ready)) {
		r->ready = act->next;
		act_free(act);
	}
	r->end = &r->ready;
}

/* From the root down to it; -ENOENT: nobody knows the way. */
static int path_of(const struct p9fs *m, const struct inode *dir, char out[REPLAY_PATH])
{
	size_t at = REPLAY_PATH - 1, len;

	out[at] = '\0';
	for (; dir != &m->inodes.root; dir = dir->parent) {
		if (!dir || !dir->named)
			return -ENOENT;
		len = strlen(dir->name);
		if (len + 1 > at)
			return -ENAMETOOLONG;
		if (out[at])
			out[--at] = '/';
		at -= len;
		memcpy(out + at, dir->name, len);
	}
	memmove(out, out + at, REPLAY_PATH - at);
	return 0;
}

static bool is_watched(const struct replay *r, const struct act *act)
{
	const struct watchers *w = &r->watchers;

	return watchers_has(w, act->dir->id) || (act->child && watchers_has(w, act->child)) ||
	       (act->to_dir && watchers_has(w, act->to_dir->id));
}

static void called(struct notice *notice)
{
	struct act *act = container_of(notice, struct act, notice);
	struct p9fs *m = act->mount;

	m->replay.current = NULL;
	act_free(act);
	next_call(m);
}

static void chore_done(struct notice *notice)
{
	struct p9fs *m = container_of(notice, struct p9fs, replay.chore);

	m->replay.busy = false;
	next_call(m);
}

/* After a rest it has to look again, also for those that are not ready yet. */
static void call_chore(struct p9fs *m, int (*call)(struct notice *notice))
{
	struct replay *r = &m->replay;

	r->busy = true;
	r->looked = call == call_look ? r->serial : 0;
	r->chore = (struct notice){ .kind = NOTICE_CALL, .call = call, .done = chore_done };
	notifier_add(&r->thread, &r->chore);
}

static struct act *next_watched(struct p9fs *m)
{
	struct replay *r = &m->replay;
	struct act *act;

	while ((act = r->ready) && act->serial <= r->looked) {
		r->ready = act->next;
		if (!r->ready)
			r->end = &r->ready;
		if (r->root >= 0 && is_watched(r, act) && path_of(m, act->dir, r->path) == 0 &&
		    (!act->to_dir || path_of(m, act->to_dir, r->to_path) == 0))
			return act;
		act_free(act);
	}
	return NULL;
}

static void next_call(struct p9fs *m)
{
	struct replay *r = &m->replay;
	struct act *act;

	if (r->busy || r->current || !r->runs)
		return;
	act = next_watched(m);
	if (act) {
		r->current = act;
		act->notice =
			(struct notice){ .kind = NOTICE_CALL, .call = call_act, .done = called };
		notifier_add(&r->thread, &act->notice);
	} else if (r->ready) {
		call_chore(m, call_look);
	} else if (r->root >= 0) {
		call_chore(m, call_rest);
	}
}

/* The kernel has forgotten what was wrong. */
static void noticed(struct notice *notice)
{
	struct act *act = container_of(notice, struct act, notice);
	struct p9fs *m = act->mount;

	if (!m->replay.runs) {
		act_free(act);
		return;
	}
	act->next = NULL;
	*m->replay.end = act;
	m->replay.end = &act->next;
	next_call(m);
}

/* --- changes -------------------------------------------------------------------------------- */

static void act_add(struct act *act)
{
	struct p9fs *m = act->mount;

	act->serial = ++m->replay.serial;
	act->notice = (struct notice){ .kind = NOTICE_FENCE, .done = noticed };
	notifier_add(&m->notifier, &act->notice);
}

void replay_flush(struct p9fs *m)
{
	struct act *half = m->replay.half;

	m->replay.half = NULL;
	if (half)
		act_add(half);
}

static struct act *act_new(struct p9fs *m, struct inode *dir, const struct p9_change *change)
{
	struct act *act = calloc(1, sizeof(*act));
	const struct inode *child;

	if (act)
		act->name = strndup(change->name.len ? change->name.at : "", change->name.len);
	if (!act || !act->name) {
		free(act);
		return NULL;
	}
	m->replay.count++;
	act->mount = m;
	act->what = change->what;
	act->pair = change->pair;
	act->dir = dir;
	inode_pin(dir);
	child = *act->name ? inode_child(&m->inodes, dir, act->name) : dir;
	act->child = child ? child->id : 0;
	return act;
}

/* The other half of a rename whose first half waits for it. */
static void rename_add(struct act *half, struct act *other)
{
	half->to_dir = other->dir;
	half->to_name = other->name;
	inode_pin(half->to_dir);
	other->name = NULL;
	act_free(other);
	act_add(half);
}

/* The server's word, that goes into system calls of ours. */
static bool name_fits(const struct p9_change *change)
{
	const char *at = change->name.at;
	size_t len = change->name.len;

	return len <= P9_NAME_MAX && (!len || (!memchr(at, '/', len) && !memchr(at, '\0', len))) &&
	       !(len == 1 && at[0] == '.') && !(len == 2 && at[0] == '.' && at[1] == '.');
}

void replay_change(struct p9fs *m, struct inode *dir, const struct p9_change *change)
{
	struct replay *r = &m->replay;
	struct act *act, *half = r->half;

	if (!r->runs || !name_fits(change))
		return;
	if (r->count >= REPLAY_MAX)
		acts_free(r);
	act = r->count < REPLAY_MAX ? act_new(m, dir, change) : NULL;
	if (half && act && act->pair == half->pair && act->what & P9_CHANGE_MOVED_TO) {
		r->half = NULL;
		rename_add(half, act);
		return;
	}
	replay_flush(m);
	if (act && act->pair && act->what & P9_CHANGE_MOVED_FROM)
		r->half = act;
	else if (act)
		act_add(act);
}

/* --- life ------------------------------------------------------------------------------------ */

int replay_start(struct p9fs *m)
{
	struct replay *r = &m->replay;
	int err;

	r->root = r->thread.event = -1;
	r->end = &r->ready;
	if (!m->config.way->clone || !m->promises.given)
		return 0;
	err = notifier_start(&r->thread, &m->fuse);
	r->runs = err == 0;
	return err;
}

void replay_stop(struct p9fs *m)
{
	struct replay *r = &m->replay;

	r->runs = false;
	replay_flush(m);
	acts_free(r);
}
