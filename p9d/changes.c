/* changes.c: fanotify's events as entries of Rwwatch. */
#include "p9d/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/fanotify.h>

#include "lib/fd.h"
#include "lib/lib.h"

#ifndef FAN_RENAME /* Linux 5.17 */
#define FAN_RENAME 0x10000000
#define FAN_EVENT_INFO_TYPE_OLD_DFID_NAME 10
#define FAN_EVENT_INFO_TYPE_NEW_DFID_NAME 12
#endif

enum { BUCKETS = 4096, HANDLE_MAX = 128 };

/* The kernel names a directory by its file system and its file handle there. */
struct dir_key {
	int32_t fsid[2];
	int32_t type;
	uint32_t size;
	uint8_t handle[HANDLE_MAX];
};

struct watched {
	struct watched *next;
	uint64_t id;
	uint32_t hash;
	struct dir_key key; /* not all of it: only `size` bytes of the handle */
};

/* name_to_handle_at(2) */
struct file_handle_room {
	uint32_t size;
	int32_t type;
	uint8_t bytes[HANDLE_MAX];
};

int changes_init(struct changes *changes)
{
	*changes = (struct changes){ .fd = -1, .limit = CHANGES_DIRS, .self = getpid() };
	pthread_mutex_init(&changes->lock, NULL);
	changes->buckets = calloc(BUCKETS, sizeof(struct watched *));
	if (!changes->buckets)
		return -ENOMEM;
	changes->fd = (int)syscall(
		SYS_fanotify_init,
		FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_NONBLOCK | FAN_CLOEXEC, 0);
	return changes->fd < 0 ? -errno : 0;
}

void changes_fini(struct changes *changes)
{
	for (unsigned i = 0; changes->buckets && i < BUCKETS; i++)
		while (changes->buckets[i]) {
			struct watched *dir = changes->buckets[i];

			changes->buckets[i] = dir->next;
			free(dir);
		}
	free(changes->buckets);
	fd_close(&changes->fd);
	pthread_mutex_destroy(&changes->lock);
}

bool changes_local(unsigned long magic)
{
	static const uint32_t magics[] = {
		0xef53,     /* ext2, ext3, ext4 */
		0x58465342, /* xfs */
		0x9123683e, /* btrfs */
		0x01021994, /* tmpfs */
		0x794c7630, /* overlay, by its own mount */
		0xf2f52010, /* f2fs */
		0xca451a4e, /* bcachefs */
		0x2fc12fc1, /* zfs */
		0x4d44,     /* vfat */
		0x2011bab0, /* exfat */
		0x7366746e, /* ntfs3 */
	};

	for (size_t i = 0; i < array_len(magics); i++)
		if (magics[i] == magic)
			return true;
	return false;
}

/* --- the directories ---------------------------------------------------------------- */

static size_t key_size(const struct dir_key *key)
{
	return offsetof(struct dir_key, handle) + key->size;
}

/* FNV-1a. */
static uint32_t key_hash(const struct dir_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < key_size(key); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

/* Where the directory is, or would be. */
static struct watched **place_of(struct changes *changes, const struct dir_key *key, uint32_t hash)
{
	struct watched **at = &changes->buckets[hash % BUCKETS];

	while (*at && ((*at)->hash != hash || memcmp(&(*at)->key, key, key_size(key)) != 0))
		at = &(*at)->next;
	return at;
}

static int key_of(struct dir_key *key, int dir)
{
	struct file_handle_room handle = { .size = HANDLE_MAX };
	struct statfs fs;
	int mount;

	if (syscall(SYS_name_to_handle_at, dir, "", &handle, &mount, AT_EMPTY_PATH) < 0 ||
	    fstatfs(dir, &fs) < 0)
		return -errno;
	memcpy(key->fsid, &fs.f_fsid, sizeof(key->fsid));
	key->type = handle.type;
	key->size = handle.size;
	memcpy(key->handle, handle.bytes, handle.size);
	return 0;
}

/* The kernel refuses what it does not know: FAN_RENAME says both names of a file
 * that was moved, older kernels one after the other. */
static int mark(const struct changes *changes, int dir)
{
	static const uint64_t all = FAN_CREATE | FAN_DELETE | FAN_MODIFY | FAN_CLOSE_WRITE |
				    FAN_ATTRIB | FAN_DELETE_SELF | FAN_ONDIR | FAN_EVENT_ON_CHILD;
	static const uint64_t moves[] = { FAN_RENAME, FAN_MOVED_FROM | FAN_MOVED_TO };

	for (size_t i = 0; i < array_len(moves); i++) {
		if (syscall(SYS_fanotify_mark, changes->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
			    all | moves[i], dir, ".") == 0)
			return 0;
		if (errno != EINVAL)
			break;
	}
	return -errno;
}

static int add(struct changes *changes, int dir, uint64_t id, const struct dir_key *key)
{
	uint32_t hash = key_hash(key);
	struct watched **at = place_of(changes, key, hash), *new;
	int err;

	if (*at)
		return 0;
	if (changes->count == changes->limit)
		return -ENOSPC;
	new = malloc(offsetof(struct watched, key) + key_size(key));
	if (!new)
		return -ENOMEM;
	err = mark(changes, dir);
	if (err) {
		free(new);
		return err;
	}
	new->next = NULL;
	new->id = id;
	new->hash = hash;
	memcpy(&new->key, key, key_size(key));
	*at = new;
	changes->count++;
	return 0;
}

int changes_watch(struct changes *changes, int dir, uint64_t id)
{
	struct dir_key key = { .size = 0 };
	int err = key_of(&key, dir);

	if (err)
		return err;
	/* An event is only read when its directory is in the table. */
	pthread_mutex_lock(&changes->lock);
	err = add(changes, dir, id, &key);
	pthread_mutex_unlock(&changes->lock);
	return err;
}

/* --- events -------------------------------------------------------------------------- */

/* An information record of an event: a directory, and a name in it. */
struct where {
	uint8_t type;
	uint16_t size;
	struct dir_key dir;
	struct p9_str name; /* empty: the directory itself */
};

/* type[1] zero[1] size[2] fsid[8] handle_size[4] handle_type[4] handle name NUL */
static bool where_get(struct where *where, const void *at, size_t len)
{
	struct reader r;
	const char *text;

	reader_init(&r, at, len);
	where->type = read_u8(&r);
	read_u8(&r);
	where->size = read_u16(&r);
	for (int i = 0; i < 2; i++)
		where->dir.fsid[i] = (int32_t)read_u32(&r);
	where->dir.size = read_u32(&r);
	where->dir.type = (int32_t)read_u32(&r);
	at = where->dir.size <= HANDLE_MAX ? read_bytes(&r, where->dir.size) : NULL;
	if (!at || where->size > len || where->size < len - r.left)
		return false;
	memcpy(where->dir.handle, at, where->dir.size);
	text = (const char *)r.at;
	where->name =
		(struct p9_str){ text, (uint16_t)strnlen(text, where->size - (len - r.left)) };
	if (where->name.len == 1 && text[0] == '.')
		where->name.len = 0;
	return true;
}

static uint32_t what_of(uint64_t mask)
{
	static const struct {
		uint64_t ours;
		uint32_t p9;
	} bits[] = {
		{ FAN_CREATE, P9_CHANGE_CREATE },     { FAN_DELETE, P9_CHANGE_DELETE },
		{ FAN_MODIFY, P9_CHANGE_MODIFY },     { FAN_CLOSE_WRITE, P9_CHANGE_CLOSE_WRITE },
		{ FAN_ATTRIB, P9_CHANGE_ATTRIB },     { FAN_MOVED_FROM, P9_CHANGE_MOVED_FROM },
		{ FAN_MOVED_TO, P9_CHANGE_MOVED_TO }, { FAN_ONDIR, P9_CHANGE_IS_DIR },
	};
	uint32_t what = 0;

	for (size_t i = 0; i < array_len(bits); i++)
		if (mask & bits[i].ours)
			what |= bits[i].p9;
	return what;
}

static void forget(struct changes *changes, struct watched **at)
{
	struct watched *gone = *at;

	*at = gone->next;
	free(gone);
	changes->count--;
}

static void put_where(struct changes *changes, struct writer *w, const struct where *where,
		      const struct fanotify_event_metadata *event)
{
	struct watched **dir = place_of(changes, &where->dir, key_hash(&where->dir));
	struct p9_change change = { .what = what_of(event->mask), .name = where->name };

	if (!*dir)
		return;
	if (where->type == FAN_EVENT_INFO_TYPE_OLD_DFID_NAME)
		change.what |= P9_CHANGE_MOVED_FROM;
	if (where->type == FAN_EVENT_INFO_TYPE_NEW_DFID_NAME)
		change.what |= P9_CHANGE_MOVED_TO;
	if (event->mask & FAN_RENAME)
		change.pair = changes->pair;
	change.dir = (*dir)->id;
	if (event->pid != changes->self && change.what & ~P9_CHANGE_IS_DIR)
		p9_change_put(w, &change);
	if (event->mask & FAN_DELETE_SELF && change.name.len == 0)
		forget(changes, dir);
}

static void put_event(struct changes *changes, struct writer *w,
		      const struct fanotify_event_metadata *event, const uint8_t *at)
{
	static const struct p9_change all = { .what = P9_CHANGE_ALL };
	const uint8_t *end = at + event->event_len;
	struct where where = { .type = 0 };

	if (event->mask & FAN_Q_OVERFLOW) {
		p9_change_put(w, &all);
		return;
	}
	changes->pair += event->mask & FAN_RENAME ? 1 : 0;
	at += event->metadata_len;
	while (at < end && where_get(&where, at, (size_t)(end - at))) {
		put_where(changes, w, &where, event);
		at += where.size;
	}
}

/* No entry is longer than the event it stands for, so all of them fit. */
size_t changes_take(struct changes *changes, bool own, void *buf, size_t size)
{
	struct writer w;
	ssize_t n;

	writer_init(&w, buf, size);
	pthread_mutex_lock(&changes->lock);
	do {
		n = read(changes->fd, changes->events,
			 size < CHANGES_BUFFER ? size : CHANGES_BUFFER);
	} while (n < 0 && errno == EINTR);
	for (const uint8_t *at = changes->events, *end = at + (n > 0 ? n : 0);
	     at + FAN_EVENT_METADATA_LEN <= end;) {
		struct fanotify_event_metadata event; /* there it is not aligned */

		memcpy(&event, at, sizeof(event));
		if (own)
			event.pid = -1; /* like others' */
		put_event(changes, &w, &event, at);
		at += event.event_len;
	}
	pthread_mutex_unlock(&changes->lock);
	return w.used;
}
