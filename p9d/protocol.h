/* protocol.h: the protocol of one connection, without its bytes' transport.
 *
 * p9_session_answer turns a decoded request into a reply; who calls it decides how
 * messages travel (conn.h) and may call it from several threads at once, but
 * for Tversion. Sources: as in wire.h.
 */
#ifndef LANDBRIDGE_P9D_PROTOCOL_H
#define LANDBRIDGE_P9D_PROTOCOL_H

#include "p9d/fid.h"

enum p9_dialect { P9_DIALECT_NONE, P9_DIALECT_L, P9_DIALECT_W };

/* Who may attach as whom, and how files are made. */
struct p9_policy {
	bool anyone; /* the peer may name any user; else only `self` */
	uid_t self;  /* the peer's own uid */
	/* Who an `anyone` peer is when it names nobody: a name, looked up at each
	 * Tattach. NULL: uid 1000 if it has an account, else root. */
	const char *fallback;
	uid_t runs_as; /* the only user this process can be; P9_NOUID: any */
	/* Whoever a Tattach names acts as `self`, and is told to the tree as is, as
	 * P9_NOUID too: its users are another machine's. `accounts` is not asked. */
	bool all_self;
	bool read_only;
	uint32_t umask; /* for .W clients, which have none of their own */
	uint32_t fid_limit;
	struct fid_share *share; /* with the process's other sessions; may be NULL */
	const struct user_files *accounts;
};

#define SESSION_SPLICE_MIN 32768                /* reads below are cheaper to copy */
#define SESSION_PIPE_FULL (P9_MSIZE_MAX - 4096) /* what a pipe of the usual size holds */
#define SESSION_XATTR_MAX 65536
#define SESSION_XATTR_FIDS 64
#define SESSION_LOCKS 4096
#define SESSION_LOCK_WAITERS 256

struct lock_owner;

/* A Tlock that waits for its lock, and holds no thread meanwhile. Its reply comes
 * by lock_wait_try; lock_wait_free ends it, before or after. */
struct lock_wait {
	struct lock_wait *next;
	struct p9_session *session;
	struct fid *fid;
	struct lock_owner *owner;
	struct tree_lock lock;
	uint16_t tag;
	/* For who answers it, lock_queue.h. begin: whether its client can be told now;
	 * end: r, or NULL: not yet. */
	bool (*begin)(struct lock_wait *wait);
	void (*end)(struct lock_wait *wait, const struct p9_msg *r);
};

struct p9_session {
	struct filetree *tree;
	struct p9_policy policy;
	struct fid_table fids;
	uint32_t msize;
	enum p9_dialect dialect;
	pthread_mutex_t lock_mutex;
	struct lock_owner *owners;
	unsigned owner_count;
	unsigned lock_waiters;
	/* After Twwatch: the tree's, readable when changes are to be told under this
	 * tag, before the next reply. -1: nobody has asked. */
	int watch_fd;
	uint16_t watch_tag;
};

/* One request while it is worked on. The caller fills the first group. */
struct p9_request {
	struct p9_session *session;
	const struct p9_msg *t;
	struct p9_msg *r;
	uint8_t *room;    /* where a reply's data goes: msize - P9_DATA_HEADER bytes */
	uint8_t *scratch; /* working memory */
	size_t scratch_size;
	const atomic_bool *cancel; /* set, then a signal: give up waiting */
	uint64_t *acting;          /* attach::id the calling thread acts as; 0: none */
	int pipe;                  /* where large reads may go to; an empty pipe's write end */
	size_t pipe_size;          /* what it holds; 0: no pipe */
	bool may_wait;             /* a lock request may go to `wait` */

	unsigned era; /* a request that is late makes no fid in the next session */
	struct fid *fid;
	bool piped;             /* r->count bytes of data are in the pipe, r->data is NULL */
	struct lock_wait *wait; /* the caller's now: there is no reply yet */
};
#define SESSION_SCRATCH 32768

int p9_session_init(struct p9_session *session, struct filetree *tree,
		    const struct p9_policy *policy);
void p9_session_fini(struct p9_session *session);

/* Fills request->r. Always a reply with the request's tag: errors are Rlerror.
 * Tversion drops all fids; what is still under way is the caller's to end, before
 * that and before Tflush. */
void p9_session_answer(struct p9_request *request);

/* Tries again. False: somebody else has the lock still. True: r is the reply. */
bool lock_wait_try(struct lock_wait *wait, struct p9_msg *r);
void lock_wait_free(struct lock_wait *wait);

/* Which uid a Tattach asks for under this policy. 0, -EPERM, or -ENOENT: the
 * fallback has no account. */
int p9_session_attach_uid(const struct p9_policy *policy, const struct p9_msg *t, uid_t *uid);

#endif
