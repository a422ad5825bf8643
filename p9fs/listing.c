/* listing.c: whole directories: fetched, found in, spoilt, dropped. */
#include "p9fs/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/lib.h"
#include "p9fs/op.h"

enum {
	LOOKS = 2,  /* so many questions, and a directory is fetched */
	UNREAD = 3, /* listings with bytes that nobody read: nobody is reading */
};

/* --- entries ------------------------------------------------------------------------------ */

/* FNV-1a. */
static uint32_t hash_of(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static struct p9_listed entry_at(const struct listing *l, size_t at)
{
	struct p9_listed listed;
	struct reader r;

	reader_init(&r, l->entries + at, l->used - at);
	p9_listed_get(&r, &listed);
	return listed;
}

static bool is_called(const struct p9_listed *listed, const char *name, size_t len)
{
	return listed->entry.name.len == len && memcmp(listed->entry.name.at, name, len) == 0;
}

static bool find(const struct listing *l, const char *name, struct p9_listed *listed)
{
	size_t len = strlen(name);
	uint32_t i = hash_of(name, len) & (l->slot_count - 1);

	for (; l->slots[i]; i = (i + 1) & (l->slot_count - 1)) {
		*listed = entry_at(l, l->slots[i] - 1);
		if (is_called(listed, name, len))
			return true;
	}
	return false;
}

static bool index_names(struct listing *l)
{
	struct p9_listed listed;
	struct reader r;

	l->slot_count = 16;
	while (l->slot_count < 2 * l->count)
		l->slot_count *= 2;
	l->slots = calloc(l->slot_count, sizeof(*l->slots));
	if (!l->slots)
		return false;
	reader_init(&r, l->entries, l->used);
	for (size_t at = 0; p9_listed_get(&r, &listed); at = l->used - r.left) {
		uint32_t i = hash_of(listed.entry.name.at, listed.entry.name.len);

		while (l->slots[i & (l->slot_count - 1)])
			i++;
		l->slots[i & (l->slot_count - 1)] = (uint32_t)at + 1;
	}
	return true;
}

/* --- all of them, by age ------------------------------------------------------------------ */

static size_t size_of(const struct listing *l)
{
	return sizeof(*l) + l->size + l->slot_count * sizeof(*l->slots);
}

static void listing_free(struct listing *l)
{
	free(l->entries);
	free(l->slots);
	free(l);
}

static void age_add(struct listings *all, struct listing *l)
{
	l->older = all->newest;
	*(all->newest ? &all->newest->newer : &all->oldest) = l;
	all->newest = l;
	all->total += size_of(l);
}

static void age_remove(struct listings *all, struct listing *l)
{
	*(l->newer ? &l->newer->older : &all->newest) = l->older;
	*(l->older ? &l->older->newer : &all->oldest) = l->newer;
	all->total -= size_of(l);
}

void listing_drop(struct inode *dir)
{
	struct listing *l = dir->listing;

	if (!l)
		return;
	if (!l->whole) {
		l->dropped = true;
		return;
	}
	dir->listing = NULL;
	dir->looks = dir->reads = 0;
	age_remove(&l->mount->listings, l);
	listing_free(l);
}

static void drop_one(struct inode *inode, void *arg)
{
	(void)arg;
	listing_drop(inode);
}

void listings_drop(struct p9fs *m)
{
	listing_drop(&m->inodes.root);
	inodes_each(&m->inodes, drop_one, NULL);
}

/* --- fetching ------------------------------------------------------------------------------- */

/* Those that waited go on, now that it is here or is not to be. */
static void fetched(struct listing *l, bool usable)
{
	struct p9fs *m = l->mount;
	struct inode *dir = l->dir;
	struct op *op = l->waiting, *next;

	l->waiting = NULL;
	l->whole = usable && !l->dropped && index_names(l);
	if (l->whole) {
		age_add(&m->listings, l);
		while (m->listings.total > LISTINGS_MAX && m->listings.oldest != l)
			listing_drop(m->listings.oldest->dir);
	} else {
		dir->listing = NULL;
		dir->looks = dir->reads = 0;
		listing_free(l);
	}
	for (; op; op = next) {
		next = op->awaits.next;
		op->awaits.listing = NULL;
		op->awaits.then(op);
	}
	inode_unpin(&m->inodes, dir);
}

/* Entries are kept as they came, if they can be read. */
static bool page_keep(struct listing *l, const struct p9_msg *r)
{
	struct p9_listed listed;
	struct reader in;
	uint8_t *grown;

	reader_init(&in, r->data, r->count);
	while (p9_listed_get(&in, &listed)) {
		if (listed.entry.name.len == 0 || listed.entry.name.len > P9_NAME_MAX)
			return false;
		l->next = listed.entry.offset;
		l->count++;
	}
	if (in.bad || l->used + r->count > LISTING_MAX)
		return false;
	grown = realloc(l->entries, l->used + r->count + 1);
	if (!grown)
		return false;
	memcpy(grown + l->used, r->data, r->count);
	l->entries = grown;
	l->used += r->count;
	l->size = l->used + 1;
	return true;
}

static void page_ask(struct listing *l);

/* Not what can be kept, or too much: it is not tried again. */
static void page_came(struct remote_call *call, const struct p9_msg *r)
{
	struct listing *l = container_of(call, struct listing, call);
	bool is_reply = r->type == P9_TWLIST + 1, ends = is_reply && r->flags & P9_LIST_END;

	if (is_reply &&
	    (r->qid.path != l->dir->id || !(r->qid.type & P9_QTKEPT) || !page_keep(l, r))) {
		l->dir->unlisted = true;
		is_reply = false;
	}
	if (is_reply && !ends && r->count && !l->dropped)
		page_ask(l);
	else
		fetched(l, is_reply && ends);
}

/* By names from a directory that has a fid: it need not have one itself. */
static void page_ask(struct listing *l)
{
	struct remote *remote = &l->mount->remote;
	struct p9_msg t = { .type = P9_TWLIST,
			    .offset = l->next,
			    .count = remote->msize - P9_IO_HEADER,
			    .length =
				    l->with_bytes && l->used < LISTING_BYTES ? LISTING_SMALL : 0 };
	struct route route;

	if (inode_route(l->dir, &route) < 0 || route.end != l->dir) {
		fetched(l, false);
		return;
	}
	t.fid = route.start->fid;
	t.name_count = (uint16_t)route.count;
	for (unsigned i = 0; i < route.count; i++)
		t.names[i] = p9_text(route.names[i]);
	if (remote_call(remote, &l->call, &t) < 0)
		fetched(l, false);
}

static void await(struct op *op, struct listing *l, op_step *next)
{
	struct op **at = &l->waiting;

	while (*at)
		at = &(*at)->awaits.next;
	*at = op;
	op->awaits = (struct awaiting){ .listing = l, .then = next };
}

static void fetch(struct op *op, struct inode *dir, op_step *next)
{
	struct p9fs *m = op->mount;
	struct listing *l = calloc(1, sizeof(*l));

	if (!l) {
		next(op);
		return;
	}
	if (m->listings.read && m->listings.unread++ == UNREAD)
		m->listings.read = false;
	l->call.done = page_came;
	l->mount = m;
	l->dir = dir;
	l->with_bytes = m->listings.read;
	l->begun = m->listings.clock;
	dir->listing = l;
	inode_pin(dir);
	await(op, l, next);
	page_ask(l);
}

bool op_unlist(struct op *op, int error)
{
	struct op **at;

	if (!op->awaits.listing)
		return false;
	for (at = &op->awaits.listing->waiting; *at != op;)
		at = &(*at)->awaits.next;
	*at = op->awaits.next;
	op_end(op, error);
	return true;
}

/* --- whether it is worth it ------------------------------------------------------------------ */

static bool may_fetch(const struct op *op, const struct inode *dir)
{
	const struct p9fs *m = op->mount;

	return m->promises.given && !dir->unlisted && (dir->kept || dir == &m->inodes.root);
}

/* Without a fid it was not looked up itself, but listed: so others will be. */
void op_listed(struct op *op, op_step *next)
{
	struct inode *dir = op->inode;

	if (dir->listing && !dir->listing->whole)
		await(op, dir->listing, next);
	else if (dir->listing || !may_fetch(op, dir) ||
		 (++dir->looks < LOOKS && (dir->fid != P9_NOFID || dir == &op->mount->inodes.root)))
		next(op);
	else
		fetch(op, dir, next);
}

void op_listed_names(struct op *op, uint64_t offset, op_step *next)
{
	struct inode *dir = op->inode;

	if (offset == 0 && dir->listing && dir->listing->spoilt)
		listing_drop(dir);
	if (dir->listing && !dir->listing->whole)
		await(op, dir->listing, next);
	else if (dir->listing || offset != 0 || !may_fetch(op, dir))
		next(op);
	else
		fetch(op, dir, next);
}

/* The second file that is read in a directory says that more will be, there and in
 * others. */
static bool reads_more(const struct op *op, struct inode *dir)
{
	const struct inode *inode = op->inode;

	return inode->kept && inode->size <= LISTING_SMALL && may_fetch(op, dir) &&
	       !(dir->listing && dir->listing->with_bytes) && ++dir->reads >= LOOKS;
}

void op_listed_bytes(struct op *op, op_step *next)
{
	struct inode *dir = op->inode->named ? op->inode->parent : NULL;

	if (dir && dir->listing && !dir->listing->whole) {
		await(op, dir->listing, next);
	} else if (!dir || !reads_more(op, dir)) {
		next(op);
	} else {
		listing_drop(dir);
		op->mount->listings.read = true;
		op->mount->listings.unread = 0;
		fetch(op, dir, next);
	}
}

/* --- answers ------------------------------------------------------------------------------------ */

static bool is_spoilt(const struct listing *l, const char *name)
{
	uint32_t mark = hash_of(name, strlen(name)) % LISTING_MARKS;

	return l->marks[mark / 8] >> mark % 8 & 1;
}

static uint32_t stamp_of(uint64_t id)
{
	return (uint32_t)(id * 0x9e3779b97f4a7c15u >> 32) % LISTING_STAMPS;
}

/* A file that is being changed is not what it was either. */
bool listing_is_sure(const struct p9fs *m, const struct inode *dir, struct p9_qid qid)
{
	const struct inode *inode = inode_find(&m->inodes, qid.path);

	return qid.type & P9_QTKEPT && !(inode && inode->changing) &&
	       m->listings.stamps[stamp_of(qid.path)] <= dir->listing->begun;
}

enum listed listing_name(const struct p9fs *m, struct inode *dir, const char *name,
			 struct p9_listed *listed)
{
	struct listing *l = dir->listing;

	if (!l || !l->whole || is_spoilt(l, name))
		return LISTED_UNKNOWN;
	if (!find(l, name, listed))
		return LISTED_NOT;
	if (listing_is_sure(m, dir, listed->entry.qid))
		return LISTED;
	if (listed->entry.qid.type & P9_QTKEPT && ++l->missed == LISTING_MISSED)
		listing_drop(dir); /* it may be worth to fetch it again */
	return LISTED_UNKNOWN;
}

bool listing_inode(const struct p9fs *m, const struct inode *inode, struct p9_listed *listed)
{
	return inode->parent && inode->named && inode->kept &&
	       listing_name(m, inode->parent, inode->name, listed) == LISTED &&
	       listed->entry.qid.path == inode->id;
}

bool listing_bytes(struct p9fs *m, const struct inode *inode, struct p9_listed *listed)
{
	bool known = listing_inode(m, inode, listed) && listed->count != P9_NO_BYTES &&
		     listed->count == listed->entry.attr.size && listed->count == inode->size;

	if (known)
		m->listings.unread = 0;
	return known;
}

/* Where what follows on the entry with this offset begins, looked for from `at` on. 0:
 * nowhere. */
static size_t behind(const struct listing *l, uint64_t offset, size_t at)
{
	struct p9_listed listed;
	struct reader r;

	reader_init(&r, l->entries + at, l->used - at);
	while (p9_listed_get(&r, &listed))
		if (listed.entry.offset == offset)
			return l->used - r.left;
	return 0;
}

const uint8_t *listing_from(const struct inode *dir, uint64_t offset, size_t *len)
{
	struct listing *l = dir->listing;
	size_t at = 0;

	if (!l || !l->whole || l->spoilt)
		return NULL;
	if (offset != 0)
		at = behind(l, offset, l->at);
	if (offset != 0 && at == 0)
		at = behind(l, offset, 0);
	if (offset != 0 && at == 0)
		return NULL;
	l->at = at;
	*len = l->used - at;
	return l->entries + at;
}

/* --- changes --------------------------------------------------------------------------------------- */

void listing_spoil(struct inode *dir, const char *name)
{
	struct listing *l = dir->listing;
	uint32_t mark = hash_of(name, strlen(name)) % LISTING_MARKS;

	if (!l || is_spoilt(l, name))
		return;
	l->marks[mark / 8] |= (uint8_t)(1u << mark % 8);
	if (++l->spoilt == LISTING_SPOILT)
		listing_drop(dir);
}

void listing_spoil_file(struct p9fs *m, uint64_t id)
{
	m->listings.stamps[stamp_of(id)] = ++m->listings.clock;
}

static void change_one(struct p9fs *m, struct inode *inode, const char *name, int more)
{
	struct inode *child = *name ? inode_child(&m->inodes, inode, name) : NULL;

	inode->changing += (unsigned)more;
	listing_spoil_file(m, inode->id);
	if (*name)
		listing_spoil(inode, name);
	if (child)
		listing_spoil_file(m, child->id);
}

static void change(struct op *op, int more)
{
	change_one(op->mount, op->inode, op->name, more);
	if (op->other)
		change_one(op->mount, op->other, op->newname, more);
}

void op_changes(struct op *op)
{
	op->changes = true;
	change(op, 1);
}

void op_changed(struct op *op)
{
	if (op->changes)
		change(op, -1);
	op->changes = false;
}
