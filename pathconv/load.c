/* load.c: the caller's own mount table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mountinfo.h"
#include "pathconv/pathconv.h"

/* The text of the table, which grows as it is read. */
struct table {
	char *at;
	size_t len, size;
};

static int line_add(struct table *t, const char *line, size_t len)
{
	if (!t->at || t->len + len + 1 > t->size) {
		size_t size = t->size * 2 + len + 1 + 16384;
		char *grown = realloc(t->at, size);

		if (grown == NULL)
			return -ENOMEM;
		t->at = grown;
		t->size = size;
	}
	memcpy(t->at + t->len, line, len);
	t->at[t->len + len] = '\n';
	t->len += len + 1;
	return 0;
}

static int table_read(struct table *t)
{
	struct mountinfo m;
	char *line;
	size_t len;
	int err = mountinfo_open(&m);

	while (err == 0 && (err = mountinfo_next(&m, &line, &len)) == 1)
		err = line_add(t, line, len);
	mountinfo_close(&m);
	return err;
}

int mounts_load(struct mounts *mounts)
{
	struct table text = { NULL, 0, 0 };
	int err = table_read(&text);

	*mounts = (struct mounts){ .memory = text.at };
	if (err == 0) {
		mounts->size = mounts_lines(text.at, text.len);
		mounts->at = calloc(mounts->size, sizeof(*mounts->at));
		err = mounts->at == NULL ? -ENOMEM : mounts_parse(mounts, text.at, text.len);
	}
	if (err < 0)
		mounts_unload(mounts);
	return err;
}

void mounts_unload(struct mounts *mounts)
{
	free(mounts->at);
	free(mounts->memory);
	*mounts = (struct mounts){ 0 };
}
