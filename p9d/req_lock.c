/* req_lock.c: Tlock and Tgetlock. A lock's owner is a process of a client, on
 * one file, as fcntl(2) has it: however many fids the process has on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9d/protocol_impl.h"

#define CLIENT_MAX 128

struct lock_owner {
	struct lock_owner *next;
	uint64_t dev;
	uint64_t ino;
	uint32_t proc_id;
	uint16_t client_len;
	char client[CLIENT_MAX];
	int handle;
	bool writes;   /* the handle is for write locks too */
	bool flocks;   /* it has asked for flock(2)'s: an owner has one kind */
	bool holds;    /* maybe a lock */
	unsigned refs; /* the list's, and one for each request that waits */
};

static bool is_owner(const struct lock_owner *owner, const struct p9_request *q)
{
	return owner->dev == q->fid->file.dev && owner->ino == q->fid->file.ino &&
	       owner->proc_id == q->t->proc_id && owner->client_len == q->t->name.len &&
	       memcmp(owner->client, q->t->name.at, owner->client_len) == 0;
}

static struct lock_owner *find_owner(struct p9_request *q)
{
	struct lock_owner *owner = q->session->owners;

	while (owner && !is_owner(owner, q))
		owner = owner->next;
	return owner;
}

static int new_owner(struct p9_request *q, bool write, struct lock_owner **out)
{
	struct p9_session *session = q->session;
	struct lock_owner *owner;
	int handle;

	if (session->owner_count >= SESSION_LOCKS || !fids_may_grow(&session->fids))
		return -ENOLCK;
	handle = ops_of(q)->lock_open(tree_of(q), &q->fid->file, write);
	if (handle < 0)
		return handle;
	owner = calloc(1, sizeof(*owner));
	if (!owner) {
		ops_of(q)->lock_close(tree_of(q), handle);
		return -ENOMEM;
	}
	*owner = (struct lock_owner){
		.next = session->owners,
		.dev = q->fid->file.dev,
		.ino = q->fid->file.ino,
		.proc_id = q->t->proc_id,
		.client_len = q->t->name.len,
		.handle = handle,
		.writes = write,
		.refs = 1,
	};
	memcpy(owner->client, q->t->name.at, q->t->name.len);
	session->owners = owner;
	session->owner_count++;
	fids_hold(&session->fids, 1);
	*out = owner;
	return 0;
}

/* Its first write lock, after read locks through a file opened for reading:
 * they move to a handle that takes both kinds. */
static int widen(struct p9_request *q, struct lock_owner *owner)
{
	int handle, err;

	handle = ops_of(q)->lock_open(tree_of(q), &q->fid->file, true);
	if (handle < 0)
		return handle;
	err = ops_of(q)->lock_copy(tree_of(q), owner->handle, handle);
	ops_of(q)->lock_close(tree_of(q), err ? handle : owner->handle);
	if (err)
		return err;
	owner->handle = handle;
	owner->writes = true;
	return 0;
}

static bool may_write(const struct fid *fid)
{
	return (fid->open_flags & P9_O_ACCMODE) != P9_O_RDONLY;
}

/* session->lock_mutex is held from here to the next line of dashes, and while a
 * lock is taken or asked about: none of that waits. */

static int get_owner(struct p9_request *q, bool write, struct lock_owner **out)
{
	*out = find_owner(q);
	if (!*out)
		return new_owner(q, write || may_write(q->fid), out);
	return write && !(*out)->writes ? widen(q, *out) : 0;
}

static void drop_owner(struct p9_session *session, struct lock_owner *owner)
{
	if (--owner->refs)
		return;
	session->tree->ops->lock_close(session->tree, owner->handle);
	fids_hold(&session->fids, -1);
	free(owner);
}

/* Takes the owner that *at is out of the list. */
static void unlist(struct p9_session *session, struct lock_owner **at)
{
	struct lock_owner *owner = *at;

	*at = owner->next;
	session->owner_count--;
	drop_owner(session, owner);
}

/* An owner that holds nothing and waits for nothing is forgotten. */
static void settle(struct p9_session *session, const struct lock_owner *owner)
{
	struct lock_owner **at = &session->owners;

	if (owner->holds || owner->refs > 1)
		return;
	while (*at && *at != owner)
		at = &(*at)->next;
	if (*at)
		unlist(session, at);
}

static int take_lock(struct p9_session *session, struct lock_owner *owner,
		     const struct tree_lock *lock)
{
	const struct tree_ops *ops = session->tree->ops;
	const struct tree_lock real = { lock->type, lock->start, lock->length, owner->flocks };
	int err = ops->lock(session->tree, owner->handle, &real);

	if (!err)
		owner->holds =
			lock->type != P9_LOCK_NONE || ops->lock_held(session->tree, owner->handle);
	return err;
}

/* The request waits with all it holds, and without this thread. */
static int wait_lock(struct p9_request *q, struct lock_owner *owner, const struct tree_lock *lock)
{
	struct lock_wait *wait;

	if (!q->may_wait || q->session->lock_waiters == SESSION_LOCK_WAITERS)
		return -EAGAIN;
	wait = malloc(sizeof(*wait));
	if (!wait)
		return -ENOMEM;
	*wait = (struct lock_wait){
		.session = q->session,
		.fid = q->fid,
		.owner = owner,
		.lock = *lock,
		.tag = q->t->tag,
	};
	q->wait = wait;
	q->fid = NULL;
	owner->refs++;
	q->session->lock_waiters++;
	return 0;
}

/* ------------------------------------------------------------------ */

/* All owners on the file of `fid`, or all there are. */
static struct lock_owner **next_of(struct lock_owner **at, const struct fid *fid)
{
	while (*at && fid && ((*at)->dev != fid->file.dev || (*at)->ino != fid->file.ino))
		at = &(*at)->next;
	return at;
}

static void forget(struct p9_session *session, const struct fid *fid)
{
	struct lock_owner **at = &session->owners;

	pthread_mutex_lock(&session->lock_mutex);
	while (*(at = next_of(at, fid)))
		unlist(session, at);
	pthread_mutex_unlock(&session->lock_mutex);
}

void locks_forget(struct p9_session *session, struct fid *fid)
{
	bool any;

	pthread_mutex_lock(&session->lock_mutex);
	any = *next_of(&session->owners, fid) != NULL;
	pthread_mutex_unlock(&session->lock_mutex);
	if (any && !fid_others_open(&session->fids, fid))
		forget(session, fid);
}

void locks_clear(struct p9_session *session)
{
	forget(session, NULL);
}

/* A word of its own for what went wrong, but for a lock that the user has no
 * right to: flock(2) gives EBADF on file systems that have no flock, and
 * flock(1) knows what to do then. Kinds of locks do not depend on how the file
 * was opened: fcntl(2) has seen to that on the client's side. */
static int lock_status(struct p9_msg *r, int err)
{
	r->status = !err ? P9_LOCK_OK : err == -EAGAIN ? P9_LOCK_BLOCKED : P9_LOCK_ERROR;
	return err == -EBADF ? err : 0;
}

bool lock_wait_try(struct lock_wait *wait, struct p9_msg *r)
{
	struct p9_session *session = wait->session;
	int err = fid_is_hooked(&session->fids, wait->fid) ? 0 : -ESHUTDOWN;

	if (!err) {
		pthread_mutex_lock(&session->lock_mutex);
		err = take_lock(session, wait->owner, &wait->lock);
		pthread_mutex_unlock(&session->lock_mutex);
	}
	if (err == -EAGAIN || err == -EINTR)
		return false;
	err = err == -ESHUTDOWN ? -EINTR : lock_status(r, err);
	r->type = err ? P9_RLERROR : P9_TLOCK + 1;
	r->error = (uint32_t)-err;
	return true;
}

void lock_wait_free(struct lock_wait *wait)
{
	struct p9_session *session = wait->session;

	pthread_mutex_lock(&session->lock_mutex);
	session->lock_waiters--;
	if (wait->owner->refs > 1) {
		wait->owner->refs--;
		settle(session, wait->owner);
	} else {
		drop_owner(session, wait->owner); /* it was forgotten meanwhile */
	}
	pthread_mutex_unlock(&session->lock_mutex);
	fid_put(&session->fids, wait->fid);
	free(wait);
}

static int check_lock(const struct p9_request *q)
{
	if (atomic_load(&q->fid->state) != FID_OPEN || q->fid->file.type != TREE_FILE)
		return -EBADF;
	return q->t->lock_type > P9_LOCK_NONE || q->t->name.len > CLIENT_MAX ? -EINVAL : 0;
}

static int run_lock(struct p9_request *q, const struct tree_lock *lock)
{
	bool write = lock->type == P9_LOCK_WRITE && !lock->flock;
	struct p9_session *session = q->session;
	struct lock_owner *owner;
	int err;

	if (write && session->policy.read_only)
		return -EBADF;
	pthread_mutex_lock(&session->lock_mutex);
	err = get_owner(q, write, &owner);
	if (!err) {
		owner->flocks |= lock->flock;
		err = take_lock(session, owner, lock);
		if (err == -EAGAIN && q->t->flags & P9_LOCK_FLAG_BLOCK)
			err = wait_lock(q, owner, lock);
		settle(session, owner);
	}
	pthread_mutex_unlock(&session->lock_mutex);
	return err;
}

int do_lock(struct p9_request *q)
{
	struct tree_lock lock = { q->t->lock_type, q->t->offset, q->t->length,
				  q->t->flags & P9_LOCK_FLAG_FLOCK };
	int err = check_lock(q);

	return err ? err : lock_status(q->r, run_lock(q, &lock));
}

int do_getlock(struct p9_request *q)
{
	struct tree_lock lock = { q->t->lock_type, q->t->offset, q->t->length, false };
	struct lock_owner *owner;
	int err = check_lock(q);

	/* The kernel's client asks for no lock whatever its caller asked for;
	 * what is in the way of reading is in the way of both. */
	if (lock.type == P9_LOCK_NONE)
		lock.type = P9_LOCK_READ;
	if (!err) {
		pthread_mutex_lock(&q->session->lock_mutex);
		err = get_owner(q, false, &owner);
		if (!err) {
			err = ops_of(q)->lock_test(tree_of(q), owner->handle, &lock);
			settle(q->session, owner);
		}
		pthread_mutex_unlock(&q->session->lock_mutex);
	}
	q->r->lock_type = lock.type;
	q->r->offset = lock.start;
	q->r->length = lock.length;
	q->r->proc_id = lock.type == P9_LOCK_NONE ? q->t->proc_id : 0;
	q->r->name = q->t->name;
	return err;
}
