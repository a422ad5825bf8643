/* names.c: building paths, and the names in them. */
#include "pathconv/names.h"

#include <errno.h>
#include <string.h>

void pathbuf_put(struct pathbuf *b, const char *s, size_t len)
{
	if (b->cut || len >= b->size - b->len) {
		b->cut = true;
		return;
	}
	memmove(b->at + b->len, s, len);
	b->len += len;
}

void pathbuf_puts(struct pathbuf *b, const char *s)
{
	pathbuf_put(b, s, strlen(s));
}

ssize_t pathbuf_end(struct pathbuf *b)
{
	if (b->cut || b->len >= b->size)
		return -ENAMETOOLONG;
	b->at[b->len] = '\0';
	return (ssize_t)b->len;
}

bool path_is_separator(char c, enum syntax syntax)
{
	return c == '/' || (c == '\\' && syntax == SYNTAX_WINDOWS);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool path_is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

bool path_same_letter(char a, char b)
{
	return lower(a) == lower(b);
}

bool path_has_prefix(const char *s, const char *prefix, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\0' || !path_same_letter(s[i], prefix[i]))
			return false;
	return true;
}

ssize_t path_below(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (len == 1 && prefix[0] == '/')
		len = 0;
	if (strncmp(path, prefix, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return -1;
	return (ssize_t)len;
}

bool path_is_dots(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

/* Windows cannot have these in a name; its drivers for Unix files agree on
 * U+F000 + byte instead. */
static bool is_reserved(unsigned char c)
{
	return (c > 0 && c < 32) || (c != '\0' && strchr("\"*:<>?\\|", c) != NULL);
}

/* The byte that three bytes of UTF-8 stand for (U+F001..U+F07F), or 0. */
static unsigned char private_byte(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	if (len < 3 || u[0] != 0xef || (u[1] != 0x80 && u[1] != 0x81) || (u[2] & 0xc0) != 0x80)
		return 0;
	return (unsigned char)((u[1] & 1) << 6 | (u[2] & 0x3f));
}

static void put_private(struct pathbuf *b, unsigned char c)
{
	char s[3] = { (char)0xef, (char)(0x80 | c >> 6), (char)(0x80 | (c & 0x3f)) };

	pathbuf_put(b, s, sizeof(s));
}

/* Windows drops dots and spaces at the end of a name: the last one is escaped,
 * which keeps those before it. */
static bool is_dropped_at_end(unsigned char c)
{
	return c == '.' || c == ' ';
}

static void put_escaped(struct pathbuf *b, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (is_reserved(c) ||
		    (i == len - 1 && is_dropped_at_end(c) && !path_is_dots(name, len)))
			put_private(b, c);
		else
			pathbuf_put(b, &name[i], 1);
	}
}

/* The byte that stands escaped at name + at, or 0. `done` is the name so far:
 * it must not turn into "." or "..". */
static char escaped_byte(const char *name, size_t at, size_t len, const struct pathbuf *done)
{
	unsigned char c = private_byte(name + at, len - at);

	if (is_reserved(c))
		return (char)c;
	if (!is_dropped_at_end(c) || at + 3 != len)
		return 0;
	if (c == '.' && (done->len == 0 || (done->len == 1 && done->at[0] == '.')))
		return 0;
	return (char)c;
}

static void put_unescaped(struct pathbuf *b, const char *name, size_t len)
{
	size_t start = b->len;

	for (size_t i = 0; i < len && !b->cut; i++) {
		struct pathbuf done = { .at = b->at + start, .len = b->len - start };
		char c = escaped_byte(name, i, len, &done);

		pathbuf_put(b, c == 0 ? &name[i] : &c, 1);
		i += c == 0 ? 0 : 2;
	}
}

/* Takes the last name away, if there is one behind floor. */
static bool drop_name(struct pathbuf *b, size_t floor)
{
	if (b->cut || b->len <= floor)
		return false;
	while (b->len > floor && b->at[b->len - 1] != '/')
		b->len--;
	if (b->len > floor)
		b->len--;
	return true;
}

static void put_name(struct pathbuf *b, const char *name, size_t len, enum syntax syntax)
{
	if (syntax == SYNTAX_WINDOWS)
		put_unescaped(b, name, len);
	else
		pathbuf_put(b, name, len);
}

/* The next name in *path, which moves behind it. */
static bool name_next(const char **path, const char **name, size_t *len, enum syntax syntax)
{
	const char *s = *path;

	while (path_is_separator(*s, syntax))
		s++;
	*name = s;
	while (*s != '\0' && !path_is_separator(*s, syntax))
		s++;
	*len = (size_t)(s - *name);
	*path = s;
	return *len > 0;
}

static bool ends_in_separator(const char *path, enum syntax syntax)
{
	size_t len = strlen(path);

	return len > 0 && path_is_separator(path[len - 1], syntax);
}

void pathbuf_names(struct pathbuf *b, size_t floor, const char *path, enum syntax syntax)
{
	bool slash = ends_in_separator(path, syntax);
	const char *name;
	size_t len;

	while (name_next(&path, &name, &len, syntax)) {
		if (!path_is_dots(name, len)) {
			pathbuf_put(b, "/", 1);
			put_name(b, name, len, syntax);
		} else if (len == 2) {
			drop_name(b, floor);
		}
	}
	if (slash)
		pathbuf_put(b, "/", 1);
}

void pathbuf_relative(struct pathbuf *b, const char *path, enum syntax syntax)
{
	bool slash = ends_in_separator(path, syntax);
	size_t start = b->len, floor = start;
	const char *name;
	size_t len;

	while (name_next(&path, &name, &len, syntax)) {
		bool up = path_is_dots(name, len) && len == 2;

		if ((path_is_dots(name, len) && !up) || (up && drop_name(b, floor)))
			continue;
		if (b->len > start)
			pathbuf_put(b, "/", 1);
		put_name(b, name, len, syntax);
		if (up)
			floor = b->len;
	}
	if (b->len == start)
		pathbuf_put(b, ".", 1);
	if (slash)
		pathbuf_put(b, "/", 1);
}

void pathbuf_windows(struct pathbuf *b, const char *path, char separator)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		put_escaped(b, path, len);
		path += len;
		if (*path == '/') {
			pathbuf_put(b, &separator, 1);
			path++;
		}
	}
}

static const char *skip_separators(const char *s)
{
	while (path_is_separator(*s, SYNTAX_WINDOWS))
		s++;
	return s;
}

/* \\?\ and \\.\ : what follows is a drive, UNC\server\share, or a device. */
static enum windows_kind device_kind(const char *s, char *letter, const char **rest)
{
	if (path_has_prefix(s, "UNC", 3) && path_is_separator(s[3], SYNTAX_WINDOWS)) {
		*rest = skip_separators(s + 3);
		return WINDOWS_SHARE;
	}
	if (path_is_letter(s[0]) && s[1] == ':' &&
	    (s[2] == '\0' || path_is_separator(s[2], SYNTAX_WINDOWS))) {
		*letter = s[0];
		*rest = s + 2;
		return WINDOWS_DRIVE;
	}
	return WINDOWS_STRANGE;
}

enum windows_kind windows_kind(const char *path, char *letter, const char **rest)
{
	const char *s = skip_separators(path);

	*letter = '\0';
	*rest = s;
	if (s - path >= 2) {
		if ((*s == '?' || *s == '.') && path_is_separator(s[1], SYNTAX_WINDOWS))
			return device_kind(skip_separators(s + 1), letter, rest);
		return WINDOWS_SHARE;
	}
	if (s - path == 1)
		return WINDOWS_ROOTED;
	if (!path_is_letter(s[0]) || s[1] != ':')
		return WINDOWS_RELATIVE;
	*letter = s[0];
	*rest = s + 2;
	if (s[2] == '\0' || path_is_separator(s[2], SYNTAX_WINDOWS))
		return WINDOWS_DRIVE;
	return WINDOWS_DRIVE_RELATIVE;
}

void pathbuf_rooted(struct pathbuf *b, enum windows_kind kind, char letter, const char *rest)
{
	const char *name;
	size_t len;

	if (kind == WINDOWS_DRIVE) {
		char drive[2] = { letter, ':' };

		pathbuf_put(b, drive, sizeof(drive));
		pathbuf_names(b, b->len, rest, SYNTAX_WINDOWS);
		return;
	}
	pathbuf_put(b, "/", 1);
	for (int i = 0; i < 2 && name_next(&rest, &name, &len, SYNTAX_WINDOWS); i++) {
		pathbuf_put(b, "/", 1);
		pathbuf_put(b, name, len);
	}
	pathbuf_names(b, b->len, rest, SYNTAX_WINDOWS);
}
