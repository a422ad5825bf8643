/* inode.c: files by their ids, and which of them have a fid. */
#include "p9fs/handle.h"
#include "p9fs/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

static struct inode **bucket_of(const struct inodes *inodes, uint64_t id)
{
	return &inodes->buckets[(id * 0x9e3779b97f4a7c15u >> 32) & (inodes->bucket_count - 1)];
}

static struct inode *find(const struct inodes *inodes, uint64_t id)
{
	struct inode *inode = *bucket_of(inodes, id);

	while (inode && inode->id != id)
		inode = inode->chain;
	return inode;
}

/* FNV-1a. */
static struct inode **name_bucket(struct inodes *inodes, const struct inode *parent,
				  const char *name)
{
	uint64_t hash = (uintptr_t)parent ^ 0xcbf29ce484222325u; /* ids of roots change */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 0x100000001b3u;
	return &inodes->names[(hash ^ hash >> 32) & (inodes->bucket_count - 1)];
}

static void name_add(struct inodes *inodes, struct inode *inode)
{
	struct inode **bucket = name_bucket(inodes, inode->parent, inode->name);

	inode->by_name = *bucket;
	*bucket = inode;
	inode->named = true;
}

int inodes_init(struct inodes *inodes, uint64_t root_id, unsigned limit,
		void (*drop)(struct inodes *inodes, uint32_t fid))
{
	*inodes = (struct inodes){ .root = { .id = root_id, .lookups = 1 },
				   .bucket_count = BUCKETS,
				   .limit = limit,
				   .drop = drop };
	inodes->buckets = calloc(BUCKETS, sizeof(struct inode *));
	inodes->names = calloc(BUCKETS, sizeof(struct inode *));
	return inodes->buckets && inodes->names ? 0 : -ENOMEM;
}

static void inode_free(struct inode *inode)
{
	listing_drop(inode);
	free(inode->name);
	free(inode);
}

static void handles_free(struct inode *inode)
{
	while (inode->handles) {
		struct handle *handle = inode->handles;

		inode->handles = handle->next;
		free(handle);
	}
}

void inodes_fini(struct inodes *inodes)
{
	for (uint32_t i = 0; inodes->buckets && i < inodes->bucket_count; i++) {
		struct inode *inode = inodes->buckets[i], *next;

		for (; inode; inode = next) {
			next = inode->chain;
			handles_free(inode);
			inode_free(inode);
		}
	}
	handles_free(&inodes->root);
	listing_drop(&inodes->root);
	free(inodes->buckets);
	free(inodes->names);
	inodes->buckets = inodes->names = NULL;
}

static void chain_again(struct inodes *inodes, struct inode *inode)
{
	struct inode **to;

	for (struct inode *next; inode; inode = next) {
		next = inode->chain;
		to = bucket_of(inodes, inode->id);
		inode->chain = *to;
		*to = inode;
	}
}

/* In the same order: of those with one name the one seen last comes first. */
static void name_again(struct inodes *inodes, struct inode *inode)
{
	struct inode **to;

	for (struct inode *next; inode; inode = next) {
		next = inode->by_name;
		inode->by_name = NULL;
		to = name_bucket(inodes, inode->parent, inode->name);
		while (*to)
			to = &(*to)->by_name;
		*to = inode;
	}
}

/* Longer chains cost time, but nothing else: failing to grow is no error. */
static void grow(struct inodes *inodes)
{
	const struct inodes old = *inodes;
	struct inode **buckets = calloc(2 * (size_t)old.bucket_count, sizeof(struct inode *));
	struct inode **names = calloc(2 * (size_t)old.bucket_count, sizeof(struct inode *));

	if (!buckets || !names) {
		free(buckets);
		free(names);
		return;
	}
	inodes->buckets = buckets;
	inodes->names = names;
	inodes->bucket_count = 2 * old.bucket_count;
	for (uint32_t i = 0; i < old.bucket_count; i++) {
		chain_again(inodes, old.buckets[i]);
		name_again(inodes, old.names[i]);
	}
	free(old.buckets);
	free(old.names);
}

/* --- fids, by age ------------------------------------------------------------- */

static void age_remove(struct inodes *inodes, struct inode *inode)
{
	*(inode->newer ? &inode->newer->older : &inodes->newest) = inode->older;
	*(inode->older ? &inode->older->newer : &inodes->oldest) = inode->newer;
	inode->newer = inode->older = NULL;
	inodes->with_fid--;
}

static void age_add(struct inodes *inodes, struct inode *inode)
{
	inode->older = inodes->newest;
	*(inodes->newest ? &inodes->newest->newer : &inodes->oldest) = inode;
	inodes->newest = inode;
	inodes->with_fid++;
}

static void fid_give_up(struct inodes *inodes, struct inode *inode)
{
	age_remove(inodes, inode);
	inodes->drop(inodes, inode->fid);
	inode->fid = P9_NOFID;
}

/* An inode that is only a parent gives up its fid like any other; but one without a
 * name would never be found again. */
static bool is_used(const struct inode *inode)
{
	return inode->handles != NULL || (inode->lookups && !inode->named);
}

static void fids_trim(struct inodes *inodes)
{
	struct inode *inode = inodes->oldest, *newer;

	/* Never the newest: somebody is about to use it. */
	for (; inode && inodes->with_fid > inodes->limit; inode = newer) {
		newer = inode->newer;
		if (!newer)
			return;
		if (!is_used(inode))
			fid_give_up(inodes, inode);
	}
}

void inodes_lose_fids(struct inodes *inodes)
{
	while (inodes->newest) {
		struct inode *inode = inodes->newest;

		age_remove(inodes, inode);
		inode->fid = P9_NOFID;
	}
}

void inode_touch(struct inodes *inodes, struct inode *inode)
{
	if (inode->fid == P9_NOFID || inode == &inodes->root)
		return;
	age_remove(inodes, inode);
	age_add(inodes, inode);
}

void inode_set_fid(struct inodes *inodes, struct inode *inode, uint32_t fid)
{
	if (fid == P9_NOFID)
		return;
	if (inode == &inodes->root || inode->fid != P9_NOFID) {
		inodes->drop(inodes, fid);
		inode_touch(inodes, inode);
		return;
	}
	inode->fid = fid;
	age_add(inodes, inode);
	fids_trim(inodes);
}

/* --- life ------------------------------------------------------------------------ */

void inode_unname(struct inodes *inodes, struct inode *inode)
{
	struct inode **at = inode->named ? name_bucket(inodes, inode->parent, inode->name) : NULL;

	if (!at)
		return;
	while (*at != inode)
		at = &(*at)->by_name;
	*at = inode->by_name;
	inode->named = false;
}

static void unlink_chain(struct inodes *inodes, struct inode *inode)
{
	struct inode **at = bucket_of(inodes, inode->id);

	while (*at != inode)
		at = &(*at)->chain;
	*at = inode->chain;
	inodes->count--;
}

/* Its end may be its parent's, and so on up. */
static void inode_check(struct inodes *inodes, struct inode *inode)
{
	while (inode && inode != &inodes->root && !inode->lookups && !inode->pins) {
		struct inode *parent = inode->parent;

		inode_unname(inodes, inode);
		unlink_chain(inodes, inode);
		if (inode->fid != P9_NOFID)
			fid_give_up(inodes, inode);
		inode_free(inode);
		if (parent)
			parent->pins--;
		inode = parent;
	}
}

void inode_pin(struct inode *inode)
{
	inode->pins++;
}

void inode_unpin(struct inodes *inodes, struct inode *inode)
{
	inode->pins--;
	inode_check(inodes, inode);
}

void inode_forget(struct inodes *inodes, struct inode *inode, uint64_t lookups)
{
	if (inode == &inodes->root)
		return;
	inode->lookups -= lookups < inode->lookups ? lookups : inode->lookups;
	inode_check(inodes, inode);
}

/* --- places ------------------------------------------------------------------------ */

/* Others may have moved directories since we looked: nobody is below itself. */
static bool is_below(const struct inode *inode, const struct inode *top)
{
	for (int depth = 0; inode && depth < INODE_DEPTH; depth++, inode = inode->parent)
		if (inode == top)
			return true;
	return inode != NULL;
}

static struct inode *first_child(struct inode *inode, const struct inode *parent, const char *name)
{
	while (inode && (inode->parent != parent || strcmp(inode->name, name) != 0))
		inode = inode->by_name;
	return inode;
}

struct inode *inode_child(struct inodes *inodes, const struct inode *parent, const char *name)
{
	return first_child(*name_bucket(inodes, parent, name), parent, name);
}

struct inode *inode_child_before(const struct inode *child)
{
	return first_child(child->by_name, child->parent, child->name);
}

static int place(struct inodes *inodes, struct inode *inode, struct inode *parent, const char *name)
{
	struct inode *before = inode->parent;
	char *copy;

	if (before == parent && inode->named && strcmp(inode->name, name) == 0) {
		inode_unname(inodes, inode);
		name_add(inodes, inode); /* the one seen last comes first */
		return 0;
	}
	inode_unname(inodes, inode);
	if (!parent || is_below(parent, inode))
		return 0;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(inode->name);
	inode->name = copy;
	inode->parent = parent;
	inode_pin(parent);
	name_add(inodes, inode);
	if (before)
		inode_unpin(inodes, before);
	return 0;
}

int inode_move(struct inodes *inodes, struct inode *inode, struct inode *parent, const char *name)
{
	return inode == &inodes->root ? 0 : place(inodes, inode, parent, name);
}

struct inode *inode_find(const struct inodes *inodes, uint64_t id)
{
	return id == inodes->root.id ? (struct inode *)(uintptr_t)&inodes->root : find(inodes, id);
}

void inodes_each(struct inodes *inodes, void (*visit)(struct inode *inode, void *arg), void *arg)
{
	for (uint32_t i = 0; i < inodes->bucket_count; i++)
		for (struct inode *inode = inodes->buckets[i]; inode; inode = inode->chain)
			visit(inode, arg);
}

static struct inode *inode_new(struct inodes *inodes, uint64_t id)
{
	struct inode *inode = calloc(1, sizeof(*inode));
	struct inode **bucket;

	if (!inode)
		return NULL;
	if (inodes->count >= inodes->bucket_count)
		grow(inodes);
	bucket = bucket_of(inodes, id);
	*inode = (struct inode){ .id = id, .fid = P9_NOFID, .chain = *bucket };
	*bucket = inode;
	inodes->count++;
	return inode;
}

struct inode *inode_see(struct inodes *inodes, struct inode *parent, const char *name, uint64_t id,
			uint32_t fid)
{
	struct inode *inode = find(inodes, id);

	if (!inode)
		inode = inode_new(inodes, id);
	if (inode && place(inodes, inode, parent, name) < 0) {
		inode_check(inodes, inode);
		inode = NULL;
	}
	if (!inode) {
		if (fid != P9_NOFID)
			inodes->drop(inodes, fid);
		return NULL;
	}
	inode->lookups++;
	inode_set_fid(inodes, inode, fid);
	return inode;
}

struct inode *inode_see_unnamed(struct inodes *inodes, uint64_t id)
{
	struct inode *inode = find(inodes, id);

	if (!inode)
		inode = inode_new(inodes, id);
	if (inode)
		inode->lookups++;
	return inode;
}

int inode_route(struct inode *inode, struct route *route)
{
	struct inode *way[P9_NAMES_MAX]; /* the last ones seen, in a circle */
	unsigned steps = 0;

	for (; inode->fid == P9_NOFID; inode = inode->parent) {
		if (!inode->parent || steps == INODE_DEPTH)
			return -ESTALE;
		way[steps++ % P9_NAMES_MAX] = inode;
	}
	route->start = inode;
	route->end = inode;
	for (route->count = 0; steps > 0 && route->count < P9_NAMES_MAX; route->count++) {
		route->end = way[--steps % P9_NAMES_MAX];
		route->names[route->count] = route->end->name;
	}
	return 0;
}
