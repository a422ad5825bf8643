/* modules_dep.c: modules.dep(5), searched in place. */
#include "lib/modules_dep.h"

#include <string.h>

/* The file's name up to its ".ko": "a/b/virtio-rng.ko.xz" -> "virtio-rng".
 * Empty: no module's file. */
static struct piece stem_of(struct piece path)
{
	struct piece name = path;

	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '/')
			name = (struct piece){ path.at + i + 1, path.len - i - 1 };
	for (size_t i = 0; i + 3 <= name.len; i++)
		if (memcmp(name.at + i, ".ko", 3) == 0 &&
		    (i + 3 == name.len || name.at[i + 3] == '.'))
			return (struct piece){ name.at, i };
	return (struct piece){ name.at, 0 };
}

static char underscore(char c)
{
	return c == '-' ? '_' : c;
}

static bool stem_is(struct piece stem, const char *name)
{
	if (stem.len == 0 || strlen(name) != stem.len)
		return false;
	for (size_t i = 0; i < stem.len; i++)
		if (underscore(stem.at[i]) != underscore(name[i]))
			return false;
	return true;
}

/* Cuts the piece's beginning off, up to `end` and without it; all where there is
 * none. */
static struct piece cut(struct piece *from, char end)
{
	const char *stop = from->len ? memchr(from->at, end, from->len) : NULL;
	struct piece head = { from->at, stop ? (size_t)(stop - from->at) : from->len };
	size_t gone = head.len + (stop != NULL);

	*from = (struct piece){ from->at + gone, from->len - gone };
	return head;
}

bool modules_dep_next(struct piece *text, struct module_dep *line)
{
	while (text->len > 0) {
		struct piece rest = cut(text, '\n'), all = rest;

		line->path = cut(&rest, ':');
		line->needs = rest;
		if (line->path.len < all.len)
			return true;
	}
	return false;
}

bool modules_dep_find(struct piece text, const char *name, struct module_dep *line)
{
	while (modules_dep_next(&text, line))
		if (stem_is(stem_of(line->path), name))
			return true;
	return false;
}

bool modules_dep_last(struct piece *needs, struct piece *path)
{
	size_t end = needs->len, start;

	while (end > 0 && needs->at[end - 1] == ' ')
		end--;
	for (start = end; start > 0 && needs->at[start - 1] != ' ';)
		start--;
	*path = (struct piece){ needs->at + start, end - start };
	needs->len = start;
	return end > start;
}

void module_name(struct piece path, char *name, size_t size)
{
	struct piece stem = stem_of(path);
	size_t i;

	for (i = 0; i < stem.len && i + 1 < size; i++)
		name[i] = underscore(stem.at[i]);
	name[i] = '\0';
}

size_t module_unsigned(const char *file, size_t len)
{
	/* data, struct module_signature whose last four bytes are the length of
	 * the data, big-endian, and a text. */
	static const char end[] = "~Module signature appended~\n";
	enum { TEXT = sizeof(end) - 1, HEADER = 12 };
	const unsigned char *size;
	size_t data;

	if (len < TEXT + HEADER || memcmp(file + len - TEXT, end, TEXT) != 0)
		return len;
	size = (const unsigned char *)file + len - TEXT - 4;
	data = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
	return data <= len - TEXT - HEADER ? len - TEXT - HEADER - data : len;
}
