/* fid.c: the table of fids: a hash with chains, its nodes from chunks. */
#include "p9d/fid.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK 16
#define BUCKETS_FIRST 16

struct fid_chunk {
	struct fid_chunk *next;
	struct fid fids[CHUNK];
};

int fids_init(struct fid_table *table, struct filetree *tree, uint32_t limit)
{
	*table = (struct fid_table){
		.tree = tree,
		.limit = limit,
		.bucket_count = BUCKETS_FIRST,
		.buckets = calloc(BUCKETS_FIRST, sizeof(struct fid *)),
	};
	pthread_mutex_init(&table->lock, NULL);
	return table->buckets ? 0 : -ENOMEM;
}

void fids_fini(struct fid_table *table)
{
	while (table->chunks) {
		struct fid_chunk *chunk = table->chunks;

		table->chunks = chunk->next;
		free(chunk);
	}
	free(table->buckets);
	table->buckets = NULL;
	pthread_mutex_destroy(&table->lock);
}

static struct fid **bucket_of(struct fid_table *table, uint32_t number)
{
	return &table->buckets[(number * 2654435761u >> 8 ^ number) & (table->bucket_count - 1)];
}

static struct fid *find(struct fid_table *table, uint32_t number)
{
	struct fid *fid = *bucket_of(table, number);

	while (fid && fid->number != number)
		fid = fid->next;
	return fid;
}

struct fid *fid_get(struct fid_table *table, uint32_t number)
{
	struct fid *fid;

	pthread_mutex_lock(&table->lock);
	fid = find(table, number);
	if (fid)
		fid->refs++;
	pthread_mutex_unlock(&table->lock);
	return fid;
}

/* More buckets; when there is no memory for them the chains get longer. */
static void grow(struct fid_table *table)
{
	uint32_t old_count = table->bucket_count;
	struct fid **old = table->buckets;
	struct fid **buckets = calloc((size_t)old_count * 4, sizeof(struct fid *));

	if (!buckets)
		return;
	table->buckets = buckets;
	table->bucket_count = old_count * 4;
	for (uint32_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct fid *fid = old[i];
			struct fid **bucket = bucket_of(table, fid->number);

			old[i] = fid->next;
			fid->next = *bucket;
			*bucket = fid;
		}
	}
	free(old);
}

static bool refill(struct fid_table *table)
{
	struct fid_chunk *chunk = calloc(1, sizeof(*chunk));

	if (!chunk)
		return false;
	chunk->next = table->chunks;
	table->chunks = chunk;
	for (int i = 0; i < CHUNK; i++) {
		pthread_mutex_init(&chunk->fids[i].busy, NULL);
		chunk->fids[i].next = table->spare;
		table->spare = &chunk->fids[i];
	}
	return true;
}

/* table->lock is held in these three. */

static bool may_grow(const struct fid_table *table)
{
	const struct fid_share *share = table->share;

	return !share || table->held + atomic_load(&share->used) < share->total;
}

static void hold(struct fid_table *table, int change)
{
	table->held += (unsigned)change;
	if (table->share)
		atomic_fetch_add(&table->share->used, (unsigned)change);
}

static void charge(struct fid_table *table, struct fid *fid)
{
	uint8_t now = (uint8_t)((fid->file.path >= 0) + (fid->file.data >= 0));

	hold(table, now - fid->charged);
	fid->charged = now;
}

void fid_charge(struct fid_table *table, struct fid *fid)
{
	pthread_mutex_lock(&table->lock);
	charge(table, fid);
	pthread_mutex_unlock(&table->lock);
}

bool fids_may_grow(struct fid_table *table)
{
	bool may;

	pthread_mutex_lock(&table->lock);
	may = may_grow(table);
	pthread_mutex_unlock(&table->lock);
	return may;
}

void fids_hold(struct fid_table *table, int change)
{
	pthread_mutex_lock(&table->lock);
	hold(table, change);
	pthread_mutex_unlock(&table->lock);
}

static struct fid *take_spare(struct fid_table *table)
{
	struct fid *fid;

	if (table->count >= table->limit || !may_grow(table) || (!table->spare && !refill(table)))
		return NULL;
	fid = table->spare;
	table->spare = fid->next;
	table->count++;
	return fid;
}

struct fid *fid_new(struct fid_table *table, struct attach *attach)
{
	struct fid *fid;

	pthread_mutex_lock(&table->lock);
	fid = take_spare(table);
	if (fid)
		attach->refs++;
	pthread_mutex_unlock(&table->lock);
	if (!fid)
		return NULL;
	fid->number = P9_NOFID;
	fid->refs = 1;
	fid->hooked = false;
	fid->attach = attach;
	fid->file = TREE_FILE_NONE;
	fid->xattr = NULL;
	fid->open_flags = 0;
	fid->charged = 0;
	atomic_init(&fid->state, FID_PATH);
	return fid;
}

static void unlink_fid(struct fid_table *table, struct fid *fid)
{
	struct fid **at = bucket_of(table, fid->number);

	while (*at != fid)
		at = &(*at)->next;
	*at = fid->next;
	fid->hooked = false;
	fid->refs--;
}

int fid_hook(struct fid_table *table, struct fid *fid, uint32_t number, struct fid *replaces,
	     unsigned era)
{
	struct fid *there;
	struct fid **bucket;

	pthread_mutex_lock(&table->lock);
	there = find(table, number);
	if (there != replaces || number == P9_NOFID || atomic_load(&table->era) != era) {
		pthread_mutex_unlock(&table->lock);
		return -EBADF;
	}
	if (there)
		unlink_fid(table, there);
	if (table->count > table->bucket_count * 2)
		grow(table);
	fid->number = number;
	bucket = bucket_of(table, number);
	fid->next = *bucket;
	*bucket = fid;
	fid->hooked = true;
	fid->refs++;
	charge(table, fid);
	pthread_mutex_unlock(&table->lock);
	return 0;
}

bool fid_unhook(struct fid_table *table, struct fid *fid)
{
	bool was;

	pthread_mutex_lock(&table->lock);
	was = fid->hooked;
	if (was)
		unlink_fid(table, fid);
	pthread_mutex_unlock(&table->lock);
	return was;
}

bool fid_is_hooked(struct fid_table *table, const struct fid *fid)
{
	bool is;

	pthread_mutex_lock(&table->lock);
	is = fid->hooked;
	pthread_mutex_unlock(&table->lock);
	return is;
}

void attach_put(struct fid_table *table, struct attach *attach)
{
	bool last;

	pthread_mutex_lock(&table->lock);
	last = --attach->refs == 0;
	pthread_mutex_unlock(&table->lock);
	if (!last)
		return;
	table->tree->ops->close(table->tree, &attach->top);
	free(attach);
}

int fid_put(struct fid_table *table, struct fid *fid)
{
	struct attach *attach = fid->attach;
	bool last;
	int err;

	pthread_mutex_lock(&table->lock);
	last = --fid->refs == 0;
	pthread_mutex_unlock(&table->lock);
	if (!last)
		return 0;
	err = table->tree->ops->close(table->tree, &fid->file);
	pthread_mutex_lock(&table->lock);
	hold(table, -fid->charged);
	if (fid->xattr)
		table->xattr_count--;
	free(fid->xattr);
	fid->next = table->spare;
	table->spare = fid;
	table->count--;
	pthread_mutex_unlock(&table->lock);
	attach_put(table, attach);
	return err;
}

static struct fid *take_any(struct fid_table *table)
{
	struct fid *fid = NULL;

	pthread_mutex_lock(&table->lock);
	for (uint32_t i = 0; i < table->bucket_count && !fid; i++)
		fid = table->buckets[i];
	if (fid) {
		fid->refs++;
		unlink_fid(table, fid);
	}
	pthread_mutex_unlock(&table->lock);
	return fid;
}

void fids_clear(struct fid_table *table)
{
	struct fid *fid;

	pthread_mutex_lock(&table->lock);
	atomic_fetch_add(&table->era, 1);
	pthread_mutex_unlock(&table->lock);
	while ((fid = take_any(table)))
		fid_put(table, fid);
}

static bool has_open(const struct fid *other, const struct fid *fid)
{
	return other != fid && atomic_load(&other->state) == FID_OPEN &&
	       other->file.dev == fid->file.dev && other->file.ino == fid->file.ino;
}

bool fid_others_open(struct fid_table *table, const struct fid *fid)
{
	bool found = false;

	pthread_mutex_lock(&table->lock);
	for (uint32_t i = 0; i < table->bucket_count && !found; i++)
		for (struct fid *at = table->buckets[i]; at && !found; at = at->next)
			found = has_open(at, fid);
	pthread_mutex_unlock(&table->lock);
	return found;
}
