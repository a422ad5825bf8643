/* protocol.c: from a request to its handler and back; versions; attaching. */
#include "p9d/protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fmt.h"
#include "p9d/protocol_impl.h"

#define LOGIN_UID 1000 /* whom the distributions give to their first user */

enum need {
	NEED_FID = 1,
	NEED_WRITE = 2,            /* refused on a read-only export */
	NEED_W = 4,                /* of the .W dialect */
	NEED_FILE = 8 | NEED_FID,  /* a fid that is not an attribute's to read */
	NEED_NOTHING = 16,         /* not even a dialect agreed on */
	NEED_DIR = 32 | NEED_FILE, /* a directory, names in which are used */
};

static int do_auth(struct p9_request *q)
{
	(void)q;
	return -ENOENT; /* by which clients know that none is needed */
}

static bool is_text(struct p9_str s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static enum p9_dialect dialect_of(struct p9_str version)
{
	if (is_text(version, "9P2000.L"))
		return P9_DIALECT_L;
	return is_text(version, "9P2000.W") ? P9_DIALECT_W : P9_DIALECT_NONE;
}

static int do_version(struct p9_request *q)
{
	struct p9_session *session = q->session;
	const struct p9_msg *t = q->t;
	struct p9_msg *r = q->r;
	static const char unknown[] = "unknown";

	fids_clear(&session->fids);
	locks_clear(session);
	session->dialect = P9_DIALECT_NONE;
	if (t->msize < P9_MSIZE_MIN)
		return -EMSGSIZE;
	r->msize = t->msize < P9_MSIZE_MAX ? t->msize : P9_MSIZE_MAX;
	session->dialect = dialect_of(t->name);
	r->name = (struct p9_str){ unknown, sizeof(unknown) - 1 };
	if (session->dialect == P9_DIALECT_NONE)
		return 0;
	session->msize = r->msize;
	r->name = t->name;
	return 0;
}

static int do_flush(struct p9_request *q)
{
	(void)q; /* what it is about has been answered, or is not there */
	return 0;
}

/* Who asks before attaching has promises about all its files. */
static int do_wwatch(struct p9_request *q)
{
	int fd = ops_of(q)->watch ? ops_of(q)->watch(tree_of(q)) : -EOPNOTSUPP;

	if (fd < 0)
		return fd;
	q->session->watch_tag = q->t->tag;
	q->session->watch_fd = fd;
	q->r->count = 0;
	return 0;
}

/* Requests have even types. */
#define OF(type) ((type) / 2)
static const struct {
	int (*run)(struct p9_request *q);
	unsigned need;
} handlers[OF(P9_TYPE_COUNT)] = {
	[OF(P9_TVERSION)] = { do_version, NEED_NOTHING },
	[OF(P9_TFLUSH)] = { do_flush, NEED_NOTHING },
	[OF(P9_TAUTH)] = { do_auth, 0 },
	[OF(P9_TATTACH)] = { do_attach, 0 },
	[OF(P9_TSTATFS)] = { do_statfs, NEED_FILE },
	[OF(P9_TLOPEN)] = { do_lopen, NEED_FILE },
	[OF(P9_TLCREATE)] = { do_lcreate, NEED_DIR | NEED_WRITE },
	[OF(P9_TSYMLINK)] = { do_symlink, NEED_DIR | NEED_WRITE },
	[OF(P9_TMKNOD)] = { do_mknod, NEED_DIR | NEED_WRITE },
	[OF(P9_TRENAME)] = { do_rename, NEED_FILE | NEED_WRITE },
	[OF(P9_TREADLINK)] = { do_readlink, NEED_FILE },
	[OF(P9_TGETATTR)] = { do_getattr, NEED_FILE },
	[OF(P9_TSETATTR)] = { do_setattr, NEED_FILE | NEED_WRITE },
	[OF(P9_TXATTRWALK)] = { do_xattrwalk, NEED_FILE },
	[OF(P9_TXATTRCREATE)] = { do_xattrcreate, NEED_FILE | NEED_WRITE },
	[OF(P9_TREADDIR)] = { do_readdir, NEED_DIR },
	[OF(P9_TFSYNC)] = { do_fsync, NEED_FILE },
	[OF(P9_TLOCK)] = { do_lock, NEED_FILE },
	[OF(P9_TGETLOCK)] = { do_getlock, NEED_FILE },
	[OF(P9_TLINK)] = { do_link, NEED_DIR | NEED_WRITE },
	[OF(P9_TMKDIR)] = { do_mkdir, NEED_DIR | NEED_WRITE },
	[OF(P9_TRENAMEAT)] = { do_renameat, NEED_DIR | NEED_WRITE },
	[OF(P9_TUNLINKAT)] = { do_unlinkat, NEED_DIR | NEED_WRITE },
	[OF(P9_TWALK)] = { do_walk, NEED_DIR },
	[OF(P9_TREAD)] = { do_read, NEED_FID },
	[OF(P9_TWRITE)] = { do_write, NEED_FID },
	[OF(P9_TCLUNK)] = { do_clunk, NEED_FID },
	[OF(P9_TREMOVE)] = { do_remove, NEED_FID },
	[OF(P9_TACCESS)] = { do_access, NEED_FILE | NEED_W },
	[OF(P9_TWREADDIR)] = { do_wreaddir, NEED_DIR | NEED_W },
	[OF(P9_TWLIST)] = { do_wlist, NEED_DIR | NEED_W },
	[OF(P9_TWOPEN)] = { do_wopen, NEED_DIR | NEED_W },
	[OF(P9_TWSEEK)] = { do_wseek, NEED_FILE | NEED_W },
	[OF(P9_TWWATCH)] = { do_wwatch, NEED_W },
	[OF(P9_TWRENAME)] = { do_wrename, NEED_DIR | NEED_W | NEED_WRITE },
};

int p9_session_init(struct p9_session *session, struct filetree *tree,
		    const struct p9_policy *policy)
{
	int err;

	*session = (struct p9_session){
		.tree = tree,
		.policy = *policy,
		.msize = P9_MSIZE_MIN * 2,
		.watch_fd = -1,
	};
	pthread_mutex_init(&session->lock_mutex, NULL);
	err = fids_init(&session->fids, tree, policy->fid_limit);
	session->fids.share = policy->share;
	return err;
}

void p9_session_fini(struct p9_session *session)
{
	fids_clear(&session->fids);
	locks_clear(session);
	fids_fini(&session->fids);
	pthread_mutex_destroy(&session->lock_mutex);
}

int name_take(struct p9_str from, char name[P9_NAME_MAX + 1])
{
	if (from.len > P9_NAME_MAX)
		return -ENAMETOOLONG;
	if (from.len == 0 || memchr(from.at, '/', from.len) || memchr(from.at, '\0', from.len))
		return -EINVAL;
	memcpy(name, from.at, from.len);
	name[from.len] = '\0';
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? -EINVAL : 0;
}

uint32_t data_limit(const struct p9_request *q, uint32_t wanted)
{
	uint32_t most = q->session->msize - P9_DATA_HEADER;

	return wanted < most ? wanted : most;
}

/* Threads keep the identity of their last request: switching costs more than
 * most requests do. */
int become(struct p9_request *q, struct attach *attach)
{
	int err;

	if (*q->acting == attach->id)
		return 0;
	*q->acting = 0;
	err = ops_of(q)->become(tree_of(q), &attach->user);
	if (!err)
		*q->acting = attach->id;
	return err;
}

int request_hook(struct p9_request *q, struct fid *fid, uint32_t number, struct fid *replaces)
{
	return fid_hook(&q->session->fids, fid, number, replaces, q->era);
}

static bool has_file(const struct fid *fid)
{
	return fid->file.path >= 0 || fid->file.data >= 0;
}

int other_fid(struct p9_request *q, uint32_t number, struct fid **fid)
{
	*fid = fid_get(&q->session->fids, number);
	if (*fid && has_file(*fid))
		return 0;
	if (*fid)
		fid_put(&q->session->fids, *fid);
	return -EBADF;
}

int fid_inside(struct p9_request *q, const struct fid *fid)
{
	if (!ops_of(q)->inside || fid->file.type != TREE_DIR)
		return 0;
	return ops_of(q)->inside(tree_of(q), &fid->file, &fid->attach->top);
}

static int run_handler(struct p9_request *q)
{
	struct p9_session *session = q->session;
	uint8_t type = q->t->type;
	unsigned need;
	int err;

	if (type >= P9_TYPE_COUNT || type % 2 || !handlers[OF(type)].run)
		return -EOPNOTSUPP;
	need = handlers[OF(type)].need;
	if (session->dialect == P9_DIALECT_NONE && need != NEED_NOTHING)
		return -EPROTO;
	if (need & NEED_W && session->dialect != P9_DIALECT_W)
		return -EOPNOTSUPP;
	if (need & NEED_WRITE && session->policy.read_only)
		return -EROFS;
	if (need & NEED_FID) {
		q->fid = fid_get(&session->fids, q->t->fid);
		if (!q->fid || ((need & NEED_FILE) == NEED_FILE && !has_file(q->fid)))
			return -EBADF;
		err = become(q, q->fid->attach);
		if (!err && (need & NEED_DIR) == NEED_DIR)
			err = fid_inside(q, q->fid);
		if (err)
			return err;
	}
	return handlers[OF(type)].run(q);
}

/* A signal that was for the thread's last wait may hit the next operation, and
 * some file systems then give it up. */
static bool may_repeat(const struct p9_request *q)
{
	return q->t->type != P9_TCLUNK && q->t->type != P9_TREMOVE && q->cancel &&
	       !atomic_load(q->cancel);
}

void p9_session_answer(struct p9_request *q)
{
	int err;

	q->era = atomic_load(&q->session->fids.era);
	q->r->type = (uint8_t)(q->t->type + 1);
	q->r->tag = q->t->tag;
	do {
		q->fid = NULL;
		q->piped = false;
		q->wait = NULL;
		err = run_handler(q);
		if (q->fid)
			fid_put(&q->session->fids, q->fid);
	} while (err == -EINTR && may_repeat(q));
	if (err < 0) {
		q->r->type = P9_RLERROR;
		q->r->error = (uint32_t)-err;
	}
}

/* ---- Tattach ---- */

static int fallback_uid(const struct p9_policy *policy, uid_t *uid)
{
	struct user user;
	int err;

	if (policy->fallback)
		return user_uid_of(policy->accounts, policy->fallback, strlen(policy->fallback),
				   uid);
	err = user_by_uid(policy->accounts, LOGIN_UID, &user);
	*uid = !err && user.has_account ? LOGIN_UID : 0;
	return err;
}

int p9_session_attach_uid(const struct p9_policy *policy, const struct p9_msg *t, uid_t *uid)
{
	*uid = policy->all_self ? policy->self : t->uid;
	if (policy->all_self)
		return 0;
	if (!policy->anyone) {
		if (t->uid == P9_NOUID)
			*uid = policy->self;
		return *uid == policy->self ? 0 : -EPERM;
	}
	if (t->uid != P9_NOUID || user_uid_of(policy->accounts, t->name.at, t->name.len, uid) == 0)
		return 0;
	return fallback_uid(policy, uid);
}

static int new_attach(struct p9_request *q, uid_t uid, struct attach **out)
{
	static atomic_uint_least64_t last_id;
	struct attach *attach = calloc(1, sizeof(*attach));
	int err = 0;

	if (!attach)
		return -ENOMEM;
	if (q->session->policy.all_self)
		attach->user = (struct user){ .uid = q->t->uid, .gid = P9_NOUID };
	else
		err = user_by_uid(q->session->policy.accounts, uid, &attach->user);
	if (err) {
		free(attach);
		return err;
	}
	attach->id = atomic_fetch_add(&last_id, 1) + 1;
	attach->top = TREE_FILE_NONE;
	attach->refs = 1;
	*out = attach;
	return 0;
}

static int attach_top(struct p9_request *q, struct attach *attach)
{
	char path[1024];
	int err;

	if (q->t->target.len >= sizeof(path))
		return -ENAMETOOLONG;
	if (q->t->target.len && memchr(q->t->target.at, '\0', q->t->target.len))
		return -EINVAL;
	fmt(path, sizeof(path), "%.*s", (int)q->t->target.len, q->t->target.at);
	err = become(q, attach);
	return err ? err : ops_of(q)->attach(tree_of(q), path, &attach->top);
}

static int attach_fid(struct p9_request *q, struct attach *attach)
{
	struct fid *fid = fid_new(&q->session->fids, attach);
	int err;

	if (!fid)
		return -ENFILE;
	err = ops_of(q)->clone(tree_of(q), &attach->top, &fid->file);
	if (!err)
		err = request_hook(q, fid, q->t->fid, NULL);
	if (!err)
		q->r->qid = tree_qid(&fid->file);
	fid_put(&q->session->fids, fid);
	return err;
}

int do_attach(struct p9_request *q)
{
	const struct p9_policy *policy = &q->session->policy;
	struct attach *attach;
	uid_t uid;
	int err;

	if (q->t->newfid != P9_NOFID)
		return -EBADF;
	err = p9_session_attach_uid(policy, q->t, &uid);
	if (err)
		return err;
	if (policy->runs_as != P9_NOUID && uid != policy->runs_as)
		return -EPERM;
	err = new_attach(q, uid, &attach);
	if (err)
		return err;
	err = attach_top(q, attach);
	if (!err)
		err = attach_fid(q, attach);
	attach_put(&q->session->fids, attach);
	return err;
}
