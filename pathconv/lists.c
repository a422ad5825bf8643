/* lists.c: PATH lists and WSLENV. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "pathconv/names.h"
#include "pathconv/pathconv.h"

/* A list as it grows: the element being added lies behind `len`. */
struct list {
	char *at;
	size_t size, len;
	char separator; /* between elements */
	char slash;     /* between names */
};

static char *list_tail(const struct list *l)
{
	return l->at + l->len + (l->len > 0);
}

static size_t list_space(const struct list *l)
{
	size_t used = l->len + (l->len > 0);

	return used < l->size ? l->size - used : 0;
}

/* The first `exact` bytes are compared as they are, the others without regard
 * to case. */
static bool same_element(const char *a, const char *b, size_t len, size_t exact)
{
	if (exact > len)
		exact = len;
	return memcmp(a, b, exact) == 0 && path_has_prefix(a + exact, b + exact, len - exact);
}

static bool list_has(const struct list *l, const char *element, size_t len, size_t exact)
{
	const char *s = l->at, *end = l->at + l->len;

	while (s < end) {
		const char *stop = memchr(s, l->separator, (size_t)(end - s));
		size_t n = (size_t)((stop == NULL ? end : stop) - s);

		if (n == len && same_element(s, element, n, exact))
			return true;
		s += n + 1;
	}
	return false;
}

/* Takes the element of `len` bytes that was written to the tail, unless the
 * list has it or it would not be one element. */
static void list_take(struct list *l, size_t len, size_t exact)
{
	char *tail = list_tail(l);

	if (len > 1 && tail[len - 1] == l->slash && tail[len - 2] != ':')
		len--;
	if (memchr(tail, l->separator, len) != NULL || list_has(l, tail, len, exact))
		return;
	if (l->len > 0)
		l->at[l->len++] = l->separator;
	l->len += len;
}

static ssize_t list_end(struct list *l)
{
	if (l->len >= l->size)
		return -ENAMETOOLONG;
	l->at[l->len] = '\0';
	return (ssize_t)l->len;
}

/* How much of a path is told apart by case: all of the guest's own. */
static size_t exact_in_windows(const char *path)
{
	static const char guest[] = "\\\\wsl.localhost\\";

	return strncmp(path, guest, sizeof(guest) - 1) == 0 ? SIZE_MAX : 0;
}

ssize_t path_list_to_windows(const struct pathconv *pc, const char *list, char *out, size_t size)
{
	struct list l = { .at = out, .size = size, .separator = ';', .slash = '\\' };
	char element[PATH_MAX];

	for (; *list != '\0'; list += *list == ':') {
		size_t len = strcspn(list, ":");
		ssize_t rc;

		if (*list == '/' && len < sizeof(element)) {
			memcpy(element, list, len);
			element[len] = '\0';
			rc = path_to_windows(pc, element, 0, list_tail(&l), list_space(&l));
			if (rc == -ENAMETOOLONG)
				return rc;
			if (rc > 0)
				list_take(&l, (size_t)rc, exact_in_windows(list_tail(&l)));
		}
		list += len;
	}
	return list_end(&l);
}

/* Copies the next element without its quotes, inside which ';' is a byte like
 * any other. False when it is too long for a path. */
static bool windows_element(const char **list, char *out, size_t size)
{
	bool quoted = false;
	size_t len = 0;
	const char *s = *list;

	for (; *s != '\0' && (quoted || *s != ';'); s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (len++ < size)
			out[len - 1] = *s;
	}
	*list = s;
	if (len < size)
		out[len] = '\0';
	return len < size;
}

static bool is_absolute(const char *path)
{
	const char *rest;
	char letter;
	enum windows_kind kind = windows_kind(path, &letter, &rest);

	return kind == WINDOWS_DRIVE || kind == WINDOWS_SHARE;
}

/* The same here: a drive ignores case below its mount point. */
static size_t exact_in_linux(const struct pathconv *pc, const char *path)
{
	const struct mount *m = mounts_find(pc->mounts, path);

	return m != NULL && m->drive != NULL ? strlen(m->point) : SIZE_MAX;
}

ssize_t path_list_to_linux(const struct pathconv *pc, const char *list, char *out, size_t size)
{
	struct list l = { .at = out, .size = size, .separator = ':', .slash = '/' };
	char element[PATH_MAX];

	for (; *list != '\0'; list += *list == ';') {
		ssize_t rc;

		if (!windows_element(&list, element, sizeof(element)) || !is_absolute(element))
			continue;
		rc = path_to_linux(pc, element, 0, list_tail(&l), list_space(&l));
		if (rc == -ENAMETOOLONG)
			return rc;
		if (rc > 0)
			list_take(&l, (size_t)rc, exact_in_linux(pc, list_tail(&l)));
	}
	return list_end(&l);
}

static unsigned flag_of(char c)
{
	switch (c) {
	case 'p':
		return WSLENV_PATH;
	case 'l':
		return WSLENV_LIST;
	case 'u':
		return WSLENV_TO_LINUX;
	case 'w':
		return WSLENV_TO_WINDOWS;
	default:
		return 0;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void read_entry(struct wslenv *e)
{
	const char *slash = memchr(e->name, '/', e->name_len);
	size_t name_len = slash == NULL ? e->name_len : (size_t)(slash - e->name);

	for (size_t i = name_len + 1; i < e->name_len; i++) {
		unsigned flag = flag_of(e->name[i]);

		e->flags |= flag;
		e->bad = e->bad || flag == 0;
	}
	if (name_len == 0 || memchr(e->name, '=', e->name_len) != NULL)
		e->bad = true;
	if (!e->bad)
		e->name_len = name_len;
}

bool wslenv_next(const char **at, struct wslenv *entry)
{
	while (**at != '\0') {
		const char *s = *at;
		size_t len = strcspn(s, ":");

		*at = s + len + (s[len] == ':');
		while (len > 0 && is_blank(s[len - 1]))
			len--;
		while (len > 0 && is_blank(*s)) {
			s++;
			len--;
		}
		if (len == 0)
			continue;
		*entry = (struct wslenv){ .name = s, .name_len = len };
		read_entry(entry);
		return true;
	}
	return false;
}

bool wslenv_goes(const struct wslenv *entry, enum wslenv_flag direction)
{
	unsigned named = entry->flags & (WSLENV_TO_LINUX | WSLENV_TO_WINDOWS);

	return !entry->bad && (named == 0 || (named & (unsigned)direction) != 0);
}

static ssize_t copy_value(const char *value, char *out, size_t size)
{
	struct pathbuf b = { .at = out, .size = size };

	pathbuf_puts(&b, value);
	return pathbuf_end(&b);
}

static bool is_plain(const struct wslenv *entry, const char *value)
{
	return *value == '\0' || !(entry->flags & (WSLENV_PATH | WSLENV_LIST));
}

ssize_t wslenv_to_windows(const struct pathconv *pc, const struct wslenv *entry, const char *value,
			  char *out, size_t size)
{
	ssize_t rc;

	if (value == NULL || is_plain(entry, value))
		return copy_value(value == NULL ? "" : value, out, size);
	if (!(entry->flags & WSLENV_LIST))
		return path_to_windows(pc, value, 0, out, size);
	rc = path_list_to_windows(pc, value, out, size);
	return rc == 0 ? -EXDEV : rc;
}
