/* promise.c: changes that the server tells of become notices to the kernel. */
#include "p9fs/promise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"
#include "p9fs/op.h"

#define NAMES (P9_CHANGE_CREATE | P9_CHANGE_DELETE | P9_CHANGE_MOVED_FROM | P9_CHANGE_MOVED_TO)
#define BYTES (P9_CHANGE_MODIFY | P9_CHANGE_CLOSE_WRITE)

/* --- notices -------------------------------------------------------------------------- */

struct forgetting {
	struct notice notice;
	char name[]; /* of an entry */
};

static void forgotten(struct notice *notice)
{
	free(container_of(notice, struct forgetting, notice));
}

/* A promise that cannot be kept ends the mount: better than one that is broken. */
static void forget_by(struct p9fs *m, struct notifier *notifier, struct notice notice,
		      const char *name)
{
	size_t len = strlen(name);
	struct forgetting *f = malloc(sizeof(*f) + len + 1);

	if (!f) {
		m->promises.broken = true; /* who calls us is not done with its inodes */
		return;
	}
	memcpy(f->name, name, len + 1);
	notice.name = f->name;
	notice.done = forgotten;
	f->notice = notice;
	notifier_add(notifier, &f->notice);
}

static void forget(struct p9fs *m, struct notice notice, const char *name)
{
	forget_by(m, &m->notifier, notice, name);
}

static void forget_entry(struct p9fs *m, const struct inode *dir, const char *name)
{
	forget(m, (struct notice){ .kind = NOTICE_ENTRY, .node = node_of(m, dir) }, name);
}

/* Its attributes; with off 0 its bytes, or its listing, too. */
static void forget_inode(struct p9fs *m, const struct inode *inode, int64_t off)
{
	forget(m, (struct notice){ .kind = NOTICE_INODE, .node = node_of(m, inode), .off = off },
	       "");
}

/* An answer that tells the kernel of a file may still be on its way through it, and
 * what is said of the file now would be lost. To forget a name, whichever, waits
 * for those: both want the directory's lock. */
static void wait_for_answers(struct p9fs *m, const struct inode *dir)
{
	forget_entry(m, dir, "\001");
}

/* --- changes -------------------------------------------------------------------------- */

/* One that had the name may be another by now, and is kept again when it is seen:
 * inode numbers are used again. */
static void change_of_child(struct p9fs *m, struct inode *child, uint32_t what)
{
	child->heard = m->promises.heard;
	listing_spoil_file(m, child->id);
	if (what & NAMES) {
		listing_drop(child);
		child->kept = false;
	}
	if (what & (NAMES | BYTES | P9_CHANGE_ATTRIB))
		forget_inode(m, child, what & (NAMES | BYTES) ? 0 : -1);
}

/* Answers overtake each other, and so of several that were seen as this name not the one
 * seen last need be there. */
static void change_in(struct p9fs *m, struct inode *dir, const struct p9_change *change)
{
	char name[P9_NAME_MAX + 1];
	struct inode *child;

	memcpy(name, change->name.at, change->name.len);
	name[change->name.len] = '\0';
	listing_spoil(dir, name);
	child = inode_child(&m->inodes, dir, name);
	if (change->what & NAMES) {
		forget_entry(m, dir, name);
		forget_inode(m, dir, 0);
	} else if (child) {
		wait_for_answers(m, dir);
	}
	for (; child; child = inode_child_before(child))
		change_of_child(m, child, change->what);
}

static void forget_one(struct inode *inode, void *arg)
{
	struct p9fs *m = arg;

	inode->kept = false;
	forget_inode(m, inode, 0);
	/* With it all that is known below it, and that names are not there. */
	if (inode->parent == &m->inodes.root && inode->named)
		forget_entry(m, inode->parent, inode->name);
}

static void change_of_all(struct p9fs *m)
{
	m->promises.all = m->promises.heard;
	listings_drop(m);
	wait_for_answers(m, &m->inodes.root);
	forget_inode(m, &m->inodes.root, 0);
	inodes_each(&m->inodes, forget_one, m);
}

static void change(struct p9fs *m, const struct p9_change *change)
{
	struct inode *dir = inode_find(&m->inodes, change->dir);

	m->promises.heard++;
	if (change->what & P9_CHANGE_ALL) {
		change_of_all(m);
		return;
	}
	/* Of a directory that nobody here knows yet its parent's listing may tell. */
	listing_spoil_file(m, change->dir);
	if (!dir)
		return;
	dir->heard = m->promises.heard;
	if (change->name.len == 0)
		forget_inode(m, dir, -1);
	else if (change->name.len <= P9_NAME_MAX)
		change_in(m, dir, change);
	replay_change(m, dir, change);
}

static void told(struct remote_call *call, const struct p9_msg *r)
{
	struct promises *promises = container_of(call, struct promises, watch);
	struct p9fs *m = container_of(promises, struct p9fs, promises);
	struct p9_change one;
	struct reader reader;

	promises->given = r->type == P9_TWWATCH + 1;
	if (!promises->given)
		return;
	reader_init(&reader, r->data, r->count);
	while (p9_change_get(&reader, &one))
		change(m, &one);
	replay_flush(m);
	if (reader.bad)
		remote_fail(&m->remote, -EPROTO);
}

struct remote_call *promises_ask(struct promises *promises)
{
	promises->watch = (struct remote_call){ .done = told };
	promises->given = promises->broken = false;
	return &promises->watch;
}

void promises_lost(struct p9fs *m)
{
	m->promises.heard++;
	change_of_all(m);
}

/* --- replies -------------------------------------------------------------------------- */

bool promise_holds(const struct op *op, const struct inode *inode, struct p9_qid qid)
{
	const struct promises *promises = &op->mount->promises;

	return promises->given && qid.type & P9_QTKEPT && inode->heard <= op->asked &&
	       promises->all <= op->asked;
}

void promise_forget(struct p9fs *m, const struct inode *inode)
{
	forget_by(m, &m->dropper,
		  (struct notice){ .kind = NOTICE_INODE, .node = node_of(m, inode) }, "");
}

void promise_forget_name(struct p9fs *m, const struct inode *dir, const char *name)
{
	forget_entry(m, dir, name);
}

void promise_renew(struct p9fs *m, struct inode *inode, uint64_t asked)
{
	if (m->promises.given && (inode->heard > asked || m->promises.all > asked))
		forget_inode(m, inode, 0);
}
