/* load.c: the caller's own mount table, and what could be in it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/macros.h"
#include "lib/mountinfo.h"
#include "lib/places.h"
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

#define VIRTIO_9P "/sys/bus/virtio/drivers/9pnet_virtio" /* net/9p/trans_virtio.c */

struct tag_walk {
	struct dir_walk walk;
	uint32_t drives;
};

static bool tag_add(struct dir_walk *walk, int dir, const char *name)
{
	struct tag_walk *t = container_of(walk, struct tag_walk, walk);
	char path[128], tag[64];

	(void)dir;
	fmt(path, sizeof(path), VIRTIO_9P "/%s/mount_tag", name);
	if (file_read(path, tag, sizeof(tag)) < 2)
		return true;
	tag[strcspn(tag, "\n")] = '\0';
	if (tag[0] >= 'A' && tag[0] <= 'Z' && strcmp(tag + 1, ":") == 0)
		t->drives |= (uint32_t)1 << (tag[0] - 'A');
	return true;
}

uint32_t drives_offered(void)
{
	struct tag_walk t = { { tag_add }, 0 };

	dir_each_path(VIRTIO_9P, &t.walk);
	return t.drives;
}

/* sudo and cron drop the variable. */
const char *guest_name(char *buf, size_t size)
{
	const char *name = getenv("WSL_DISTRO_NAME");
	struct utsname uts;

	if (name != NULL && name[0] != '\0')
		return name;
	if (file_read(LANDBRIDGE_NAME_FILE, buf, size) < 0)
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	if (buf[0] == '\0' && uname(&uts) == 0)
		fmt(buf, size, "%s", uts.nodename);
	return buf;
}
