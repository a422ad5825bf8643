/* modlist.c: modules.dep(5), searched in place. */
#include "init/modlist.h"

#include <string.h>

/* The path's last part up to its first dot: "a/b/virtio-rng.ko.xz" -> "virtio-rng". */
static struct piece stem_of(struct piece path)
{
	struct piece stem = path;

	for (size_t i = 0; i < path.len; i++)
		if (path.at[i] == '/')
			stem = (struct piece){ path.at + i + 1, path.len - i - 1 };
	for (size_t i = 0; i < stem.len; i++)
		if (stem.at[i] == '.')
			stem.len = i;
	return stem;
}

static char underscore(char c)
{
	return c == '-' ? '_' : c;
}

static bool stem_is(struct piece stem, const char *name)
{
	if (strlen(name) != stem.len)
		return false;
	for (size_t i = 0; i < stem.len; i++)
		if (underscore(stem.at[i]) != underscore(name[i]))
			return false;
	return true;
}

bool modlist_find(const char *text, size_t len, const char *name, struct piece *path,
		  struct piece *needs)
{
	while (len > 0) {
		const char *stop = memchr(text, '\n', len);
		size_t line = stop ? (size_t)(stop - text) : len;
		const char *colon = memchr(text, ':', line);

		if (colon) {
			*path = (struct piece){ text, (size_t)(colon - text) };
			*needs = (struct piece){ colon + 1, line - path->len - 1 };
			if (stem_is(stem_of(*path), name))
				return true;
		}
		line += stop != NULL;
		text += line;
		len -= line;
	}
	return false;
}

bool modlist_last(struct piece *needs, struct piece *path)
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

void modlist_name(struct piece path, char *name, size_t size)
{
	struct piece stem = stem_of(path);
	size_t i;

	for (i = 0; i < stem.len && i + 1 < size; i++)
		name[i] = underscore(stem.at[i]);
	name[i] = '\0';
}

size_t modlist_unsigned(const char *file, size_t len)
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
