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
	bool writes; /* the handle is for write locks too */
	bool holds;  /* maybe a lock; if not, it ends with its last user */
	bool shared; /* by requests at the same time: who came last is not known */
	unsigned refs;
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

	if (session->owner_count >= SESSION_LOCKS)
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
	*out = owner;
	return 0;
}

/* Its first write lock, after read locks through a file opened for reading:
 * they move to a handle that takes both kinds. That must not be taken from
 * under another request, which may wait long: then this lock has to, too. */
static int widen(struct p9_request *q, struct lock_owner *owner)
{
	int handle, err;

	if (owner->refs > 1)
		return -EAGAIN;
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

static int hold_owner(struct p9_request *q, bool write, struct lock_owner **out)
{
	int err = 0;

	pthread_mutex_lock(&q->session->lock_mutex);
	*out = find_owner(q);
	if (!*out)
		err = new_owner(q, write || may_write(q->fid), out);
	else if (write && !(*out)->writes)
		err = widen(q, *out);
	if (!err)
		(*out)->shared |= (*out)->refs++ > 1;
	pthread_mutex_unlock(&q->session->lock_mutex);
	return err;
}

static void drop_owner(struct p9_session *session, struct lock_owner *owner)
{
	if (--owner->refs)
		return;
	session->tree->ops->lock_close(session->tree, owner->handle);
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

static void unlist_idle(struct p9_session *session, const struct lock_owner *owner)
{
	struct lock_owner **at = &session->owners;

	if (owner->holds || owner->refs != 2) /* the list's and ours */
		return;
	while (*at && *at != owner)
		at = &(*at)->next;
	if (*at)
		unlist(session, at);
}

/* done: what was locked or unlocked, or NULL. */
static void put_owner(struct p9_session *session, struct lock_owner *owner,
		      const struct tree_lock *done)
{
	pthread_mutex_lock(&session->lock_mutex);
	if (done)
		owner->holds = (done->type != P9_LOCK_NONE && !owner->shared) ||
			       session->tree->ops->lock_held(session->tree, owner->handle);
	if (owner->refs == 2)
		owner->shared = false;
	unlist_idle(session, owner);
	drop_owner(session, owner);
	pthread_mutex_unlock(&session->lock_mutex);
}

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

static bool may_wait(struct p9_session *session, int change)
{
	bool may;

	pthread_mutex_lock(&session->lock_mutex);
	may = change < 0 || session->lock_waiters < SESSION_LOCK_WAITERS;
	if (may)
		session->lock_waiters += (unsigned)change;
	pthread_mutex_unlock(&session->lock_mutex);
	return may;
}

/* The connection goes on without this thread while it waits here. */
static int wait_lock(struct p9_request *q, struct lock_owner *owner, const struct tree_lock *lock)
{
	int err;

	if (!may_wait(q->session, 1))
		return -EAGAIN;
	do {
		err = ops_of(q)->lock(tree_of(q), owner->handle, lock, true);
	} while (err == -EINTR && !atomic_load(q->cancel));
	may_wait(q->session, -1);
	return err;
}

static int check_lock(const struct p9_request *q)
{
	if (atomic_load(&q->fid->state) != FID_OPEN || q->fid->file.type != TREE_FILE)
		return -EBADF;
	return q->t->lock_type > P9_LOCK_NONE || q->t->name.len > CLIENT_MAX ? -EINVAL : 0;
}

static int run_lock(struct p9_request *q, const struct tree_lock *lock)
{
	bool write = lock->type == P9_LOCK_WRITE;
	struct lock_owner *owner;
	int err;

	if (write && q->session->policy.read_only)
		return -EBADF;
	err = hold_owner(q, write, &owner);
	if (err)
		return err;
	err = ops_of(q)->lock(tree_of(q), owner->handle, lock, false);
	if (err == -EAGAIN && q->t->flags & P9_LOCK_FLAG_BLOCK)
		err = wait_lock(q, owner, lock);
	put_owner(q->session, owner, err ? NULL : lock);
	return err;
}

/* A word of its own for what went wrong, but for a lock that the user has no
 * right to: flock(2) gives EBADF on file systems that have no flock, and
 * flock(1) knows what to do then. Kinds of locks do not depend on how the file
 * was opened: fcntl(2) has seen to that on the client's side. */
int do_lock(struct p9_request *q)
{
	struct tree_lock lock = { q->t->lock_type, q->t->offset, q->t->length };
	int err = check_lock(q);

	if (err)
		return err;
	err = run_lock(q, &lock);
	if (err == -EINTR || err == -EBADF)
		return err;
	q->r->status = !err ? P9_LOCK_OK : err == -EAGAIN ? P9_LOCK_BLOCKED : P9_LOCK_ERROR;
	return 0;
}

int do_getlock(struct p9_request *q)
{
	struct tree_lock lock = { q->t->lock_type, q->t->offset, q->t->length };
	struct lock_owner *owner;
	int err = check_lock(q);

	/* The kernel's client asks for no lock whatever its caller asked for;
	 * what is in the way of reading is in the way of both. */
	if (lock.type == P9_LOCK_NONE)
		lock.type = P9_LOCK_READ;
	if (!err) {
		err = hold_owner(q, false, &owner);
		if (err)
			return err;
		err = ops_of(q)->lock_test(tree_of(q), owner->handle, &lock);
		put_owner(q->session, owner, NULL);
	}
	q->r->lock_type = lock.type;
	q->r->offset = lock.start;
	q->r->length = lock.length;
	q->r->proc_id = lock.type == P9_LOCK_NONE ? q->t->proc_id : 0;
	q->r->name = q->t->name;
	return err;
}
