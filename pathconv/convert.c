/* convert.c: one path from one side to the other. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "pathconv/names.h"
#include "pathconv/pathconv.h"

static bool is_root(const char *path)
{
	return strcmp(path, "/") == 0;
}

static bool has_name(const struct pathconv *pc)
{
	return pc->name != NULL && pc->name[0] != '\0';
}

/* path (made absolute when asked to) in slash form. */
static ssize_t clean_linux(const struct pathconv *pc, const char *path, unsigned flags,
			   struct pathbuf *b)
{
	if (path[0] != '/' && !(flags & PATH_ABSOLUTE)) {
		pathbuf_relative(b, path, SYNTAX_LINUX);
		return pathbuf_end(b);
	}
	if (path[0] != '/') {
		if (pc->cwd == NULL)
			return -ENOENT;
		pathbuf_names(b, 0, pc->cwd, SYNTAX_LINUX);
		if (b->len > 0 && b->at[b->len - 1] == '/')
			b->len--;
	}
	pathbuf_names(b, 0, path, SYNTAX_LINUX);
	if (b->len == 0)
		pathbuf_put(b, "/", 1);
	return pathbuf_end(b);
}

/* The drive and directory that a mount shows. The colon of a drive is the one
 * that is not part of a name. */
static void put_mount(struct pathbuf *b, const struct mount *m, char separator)
{
	const char *dir = m->drive;

	if (dir[0] != '/') {
		pathbuf_put(b, dir, 2);
		dir += 2;
	}
	pathbuf_windows(b, dir, separator);
	if (!is_root(m->root))
		pathbuf_windows(b, m->root, separator);
}

static ssize_t put_absolute(const struct pathconv *pc, const char *path, char separator,
			    struct pathbuf *b)
{
	const struct mount *m = mounts_find(pc->mounts, path);
	const char *rest = path;

	if (m != NULL && m->drive != NULL) {
		put_mount(b, m, separator);
		rest += path_below(path, m->point);
		if (rest[0] == '\0' && b->len == 2)
			rest = "/";
	} else if (has_name(pc)) {
		pathbuf_windows(b, "//wsl.localhost/", separator);
		pathbuf_puts(b, pc->name);
	} else {
		return -EXDEV;
	}
	pathbuf_windows(b, rest, separator);
	return pathbuf_end(b);
}

ssize_t path_to_windows(const struct pathconv *pc, const char *path, unsigned flags, char *out,
			size_t size)
{
	char clean[PATH_MAX];
	struct pathbuf from = { .at = clean, .size = sizeof(clean) };
	struct pathbuf to = { .at = out, .size = size };
	char separator = flags & PATH_FORWARD ? '/' : '\\';
	ssize_t rc;

	if (path[0] == '\0')
		return -EINVAL;
	rc = clean_linux(pc, path, flags, &from);
	if (rc < 0)
		return rc;
	if (clean[0] == '/')
		return put_absolute(pc, clean, separator, &to);
	pathbuf_windows(&to, clean, separator);
	return pathbuf_end(&to);
}

/* The mount of the current directory when that is on a drive. */
static const struct mount *cwd_mount(const struct pathconv *pc)
{
	const struct mount *m = pc->cwd == NULL ? NULL : mounts_find(pc->mounts, pc->cwd);

	return m != NULL && m->drive != NULL ? m : NULL;
}

/* How much of a slash form is its drive or share. */
static size_t root_length(const char *s)
{
	size_t len = 2;

	if (s[0] != '/')
		return len;
	len += strcspn(s + len, "/");
	len += s[len] == '/';
	return len + strcspn(s + len, "/");
}

static int put_drive_of_cwd(const struct pathconv *pc, struct pathbuf *b)
{
	const struct mount *m = cwd_mount(pc);

	if (m == NULL)
		return pc->cwd == NULL ? -ENOENT : -EXDEV;
	pathbuf_put(b, m->drive, root_length(m->drive));
	return 0;
}

/* C:x counts from the current directory when that is on C:, from C:\ when not,
 * as on Windows. */
static void put_drive_relative(const struct pathconv *pc, char letter, const char *rest,
			       struct pathbuf *b)
{
	const struct mount *m = cwd_mount(pc);
	char drive[2] = { letter, ':' };

	if (m != NULL && path_same_letter(m->drive[0], letter)) {
		pathbuf_puts(b, m->drive);
		if (!is_root(m->root))
			pathbuf_puts(b, m->root);
		pathbuf_names(b, sizeof(drive), pc->cwd + path_below(pc->cwd, m->point),
			      SYNTAX_LINUX);
	} else {
		pathbuf_put(b, drive, sizeof(drive));
	}
	pathbuf_names(b, sizeof(drive), rest, SYNTAX_WINDOWS);
}

/* A Windows path as an absolute one in slash form. */
static ssize_t clean_windows(const struct pathconv *pc, const char *path, struct pathbuf *b)
{
	const char *rest;
	char letter;
	enum windows_kind kind = windows_kind(path, &letter, &rest);
	int rc;

	switch (kind) {
	case WINDOWS_DRIVE:
	case WINDOWS_SHARE:
		pathbuf_rooted(b, kind, letter, rest);
		break;
	case WINDOWS_DRIVE_RELATIVE:
		put_drive_relative(pc, letter, rest, b);
		break;
	case WINDOWS_ROOTED:
		rc = put_drive_of_cwd(pc, b);
		if (rc < 0)
			return rc;
		pathbuf_names(b, b->len, path, SYNTAX_WINDOWS);
		break;
	case WINDOWS_RELATIVE:
	case WINDOWS_STRANGE:
		return -EXDEV;
	}
	return pathbuf_end(b);
}

/* What follows \\wsl.localhost\NAME or \\wsl$\NAME in a slash form, or NULL. */
static const char *guest_part(const struct pathconv *pc, const char *s)
{
	static const char *const hosts[] = { "//wsl.localhost/", "//wsl$/" };

	for (size_t i = 0; has_name(pc) && i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t len = strlen(hosts[i]), name = strlen(pc->name);

		if (!path_has_prefix(s, hosts[i], len) || !path_has_prefix(s + len, pc->name, name))
			continue;
		s += len + name;
		return *s == '\0' || *s == '/' ? s : NULL;
	}
	return NULL;
}

/* How many bytes of slash form s are the directory that m shows; -1: s is
 * not below it. */
static ssize_t match_mount(const struct mount *m, const char *s)
{
	size_t drive, root;

	if (m->drive == NULL)
		return -1;
	drive = strlen(m->drive);
	root = is_root(m->root) ? 0 : strlen(m->root);
	if (!path_has_prefix(s, m->drive, drive) || !path_has_prefix(s + drive, m->root, root))
		return -1;
	s += drive + root;
	return *s == '\0' || *s == '/' ? (ssize_t)(drive + root) : -1;
}

/* A mount that shows s, and how well: the longer, then the later, the better. */
struct match {
	ssize_t len;
	size_t index;
};

/* The best one that is worse than *m. */
static bool match_next(const struct mounts *mounts, const char *s, struct match *m)
{
	struct match best = { -1, 0 };

	for (size_t i = 0; i < mounts->count; i++) {
		ssize_t len = match_mount(&mounts->at[i], s);
		bool worse = len < m->len || (len == m->len && i < m->index);

		if (len >= 0 && worse && len >= best.len)
			best = (struct match){ len, i };
	}
	*m = best;
	return best.len >= 0;
}

/* Where mount m shows what lies `rest` below it. */
static ssize_t put_place(const struct mount *m, const char *rest, struct pathbuf *b)
{
	if (!is_root(m->point))
		pathbuf_puts(b, m->point);
	pathbuf_puts(b, rest);
	if (b->len == 0)
		pathbuf_put(b, "/", 1);
	return pathbuf_end(b);
}

/* Where slash form s is visible in the guest, to `place` of PATH_MAX bytes. */
static ssize_t find_place(const struct pathconv *pc, const char *s, char *place)
{
	struct pathbuf b = { .at = place, .size = PATH_MAX };
	struct match m = { SSIZE_MAX, 0 };
	const char *guest = guest_part(pc, s);

	if (guest != NULL) {
		pathbuf_puts(&b, *guest == '\0' ? "/" : guest);
		return pathbuf_end(&b);
	}
	while (match_next(pc->mounts, s, &m)) {
		const struct mount *mount = &pc->mounts->at[m.index];
		ssize_t len;

		b = (struct pathbuf){ .at = place, .size = PATH_MAX };
		len = put_place(mount, s + m.len, &b);
		if (len >= 0 && mounts_find(pc->mounts, place) == mount)
			return len;
	}
	return -EXDEV;
}

static ssize_t relative_to_linux(const struct pathconv *pc, const char *path, unsigned flags,
				 struct pathbuf *b)
{
	if (!(flags & PATH_ABSOLUTE)) {
		pathbuf_relative(b, path, SYNTAX_WINDOWS);
		return pathbuf_end(b);
	}
	if (pc->cwd == NULL)
		return -ENOENT;
	if (!is_root(pc->cwd))
		pathbuf_puts(b, pc->cwd);
	pathbuf_names(b, 0, path, SYNTAX_WINDOWS);
	if (b->len == 0)
		pathbuf_put(b, "/", 1);
	return pathbuf_end(b);
}

ssize_t path_to_linux(const struct pathconv *pc, const char *path, unsigned flags, char *out,
		      size_t size)
{
	char clean[PATH_MAX], place[PATH_MAX];
	struct pathbuf from = { .at = clean, .size = sizeof(clean) };
	struct pathbuf to = { .at = out, .size = size };
	const char *rest;
	char letter;
	ssize_t rc;

	if (path[0] == '\0')
		return -EINVAL;
	if (windows_kind(path, &letter, &rest) == WINDOWS_RELATIVE)
		return relative_to_linux(pc, path, flags, &to);
	rc = clean_windows(pc, path, &from);
	if (rc >= 0)
		rc = find_place(pc, clean, place);
	if (rc < 0)
		return rc;
	pathbuf_put(&to, place, (size_t)rc);
	return pathbuf_end(&to);
}
