/* mounts.c: the mount table: what is mounted where, and what is a drive. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "pathconv/names.h"
#include "pathconv/pathconv.h"

/* A piece of the text. */
struct slice {
	char *at;
	size_t len;
};

/* Cuts `from` at the first `end`, or takes all of it. False: nothing is left. */
static bool slice_next(struct slice *from, char end, struct slice *out)
{
	char *stop;

	if (from->at == NULL)
		return false;
	stop = memchr(from->at, end, from->len);
	*out = *from;
	if (stop == NULL) {
		from->at = NULL;
		return true;
	}
	out->len = (size_t)(stop - out->at);
	from->at = stop + 1;
	from->len -= out->len + 1;
	return true;
}

static bool slice_is(const struct slice *s, const char *word)
{
	return s->len == strlen(word) && memcmp(s->at, word, s->len) == 0;
}

static bool slice_begins(const struct slice *s, const char *word)
{
	return s->len >= strlen(word) && memcmp(s->at, word, strlen(word)) == 0;
}

static bool slice_number(const struct slice *s, int *out)
{
	int n = 0;

	if (s->len == 0 || s->len > 9)
		return false;
	for (size_t i = 0; i < s->len; i++) {
		if (s->at[i] < '0' || s->at[i] > '9')
			return false;
		n = n * 10 + (s->at[i] - '0');
	}
	*out = n;
	return true;
}

/* The byte that \ooo stands for, or -1. The kernel never writes \000. */
static int octal_byte(const char *s, size_t len)
{
	int n = 0;

	if (len < 4 || s[0] != '\\' || s[1] > '3')
		return -1;
	for (int i = 1; i < 4; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -1;
		n = n * 8 + (s[i] - '0');
	}
	return n > 0 ? n : -1;
}

/* Decodes a field to a string in place. The string begins one byte early, on
 * the delimiter before the field, so that its NUL stays inside the field. */
static char *slice_string(const struct slice *s)
{
	char *start = s->at - 1, *to = start;

	for (size_t i = 0; i < s->len; i++) {
		int byte = octal_byte(s->at + i, s->len - i);

		*to++ = byte < 0 ? s->at[i] : (char)byte;
		i += byte < 0 ? 0 : 3;
	}
	*to = '\0';
	return start;
}

/* Any user may mount a FUSE file system and name its source: only root's say
 * what a drive is. The kernel writes user_id= among the options. */
static bool is_roots_fuse(struct slice options)
{
	struct slice option;

	while (slice_next(&options, ',', &option))
		if (slice_is(&option, "user_id=0"))
			return true;
	return false;
}

static bool is_fuse(const struct slice *type)
{
	return slice_is(type, "fuse") || slice_begins(type, "fuse.");
}

static bool is_drive_type(const struct slice *type, const struct slice *options)
{
	if (is_fuse(type))
		return is_roots_fuse(*options);
	return slice_is(type, "9p") || slice_is(type, "virtiofs") || slice_is(type, "drvfs");
}

/* Brings C:\dir\ or \\server\share to the slash form, in place. NULL: it is
 * neither. */
static const char *drive_string(char *source)
{
	struct pathbuf b = { .at = source, .size = strlen(source) + 1 };
	const char *rest;
	char letter;
	enum windows_kind kind = windows_kind(source, &letter, &rest);

	/* mount.drvfs hands WSL's server UNC\server\share. */
	if (kind == WINDOWS_RELATIVE && path_has_prefix(source, "UNC\\", 4)) {
		kind = WINDOWS_SHARE;
		rest = source + 4;
	}
	if (kind != WINDOWS_DRIVE && (kind != WINDOWS_SHARE || *rest == '\0'))
		return NULL;
	pathbuf_rooted(&b, kind, letter, rest);
	if (b.len > 0 && b.at[b.len - 1] == '/')
		b.len--;
	return pathbuf_end(&b) < 0 ? NULL : source;
}

/* The path of aname=drvfs;path=C:\;uid=0... among a mount's options. */
static char *aname_path(struct slice options)
{
	struct slice option;

	while (slice_next(&options, ',', &option)) {
		struct slice value = { option.at + 6, option.len - 6 }, item;

		if (!slice_begins(&option, "aname="))
			continue;
		value.at = slice_string(&value);
		value.len = strlen(value.at);
		if (!slice_next(&value, ';', &item) || !slice_is(&item, "drvfs"))
			return NULL;
		while (slice_next(&value, ';', &item)) {
			if (!slice_begins(&item, "path="))
				continue;
			item.at[item.len] = '\0';
			return item.at + 5;
		}
	}
	return NULL;
}

/* The kernel writes no other paths, but for the root of a bind whose directory
 * was removed since ("/dir//deleted"): that has no name any more. */
static bool is_clean(const char *path)
{
	if (strcmp(path, "/") == 0)
		return true;
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if (len == 0 || path_is_dots(path, len))
			return false;
		path += len;
		if (*path == '\0')
			return true;
	}
	return false;
}

/* Finds the type, source and options behind the "-" that ends the optional
 * fields. */
static bool read_tail(struct slice *line, struct slice tail[3])
{
	struct slice field;

	do {
		if (!slice_next(line, ' ', &field))
			return false;
	} while (!slice_is(&field, "-"));
	for (int i = 0; i < 2; i++)
		if (!slice_next(line, ' ', &tail[i]))
			return false;
	tail[2] = *line;
	return tail[0].len > 0;
}

static const char *read_drive(const struct mount *m, const struct slice tail[3])
{
	char *source;

	if (!is_drive_type(&tail[0], &tail[2]) || !is_clean(m->root))
		return NULL;
	source = aname_path(tail[2]);
	return drive_string(source != NULL ? source : slice_string(&tail[1]));
}

/* proc_pid_mountinfo(5):
 *     36 35 98:0 /root /point options [tag[:value]...] - type source options */
static bool read_line(struct slice line, struct mount *m)
{
	struct slice field[6], tail[3];

	if (memchr(line.at, '\0', line.len) != NULL)
		return false;
	for (int i = 0; i < 6; i++)
		if (!slice_next(&line, ' ', &field[i]))
			return false;
	if (!slice_number(&field[0], &m->id) || !slice_number(&field[1], &m->parent) ||
	    field[3].len == 0 || !read_tail(&line, tail))
		return false;
	m->root = slice_string(&field[3]);
	m->point = slice_string(&field[4]);
	m->drive = read_drive(m, tail);
	m->fuse = is_fuse(&tail[0]) ? slice_string(&field[2]) : NULL;
	return is_clean(m->point);
}

int mounts_parse(struct mounts *mounts, char *text, size_t len)
{
	struct slice rest = { text, len }, line;
	struct mount m;

	mounts->count = 0;
	while (slice_next(&rest, '\n', &line)) {
		if (!read_line(line, &m))
			continue;
		if (mounts->count == mounts->size)
			return -ENOSPC;
		mounts->at[mounts->count++] = m;
	}
	return 0;
}

size_t mounts_lines(const char *text, size_t len)
{
	size_t lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static const struct mount *mounts_by_id(const struct mounts *mounts, int id)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->at[i].id == id)
			return &mounts->at[i];
	return NULL;
}

/* Mounted on `parent`; on something outside of our root when that is NULL. */
static bool is_child(const struct mounts *mounts, const struct mount *m, const struct mount *parent)
{
	if (parent != NULL)
		return m->parent == parent->id && m->id != parent->id;
	return m->parent == m->id || mounts_by_id(mounts, m->parent) == NULL;
}

/* The first mount point that a walk along path meets below `parent`. */
static const struct mount *step_into(const struct mounts *mounts, const struct mount *parent,
				     const char *path)
{
	const struct mount *best = NULL;
	ssize_t best_len = 0;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *m = &mounts->at[i];
		ssize_t len = path_below(path, m->point);

		if (len < 0 || (best != NULL && len > best_len) || !is_child(mounts, m, parent))
			continue;
		best = m;
		best_len = len;
	}
	return best;
}

const struct mount *mounts_find(const struct mounts *mounts, const char *path)
{
	const struct mount *at = NULL, *next;
	size_t steps = 0;

	while (steps++ <= mounts->count && (next = step_into(mounts, at, path)) != NULL)
		at = next;
	return at;
}
