/* hostpath.c: translates the Windows PATH, and knows until when that holds. */
#include "init/hostpath.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "pathconv/pathconv.h"

void hostpath_init(struct hostpath *path, const char *windows)
{
	*path = (struct hostpath){ .windows = windows, .mountinfo = -1 };
}

static bool is_current(const struct hostpath *path, const char *name)
{
	struct pollfd p = { .fd = path->mountinfo, .events = POLLPRI };

	return path->list && path->mountinfo >= 0 && strcmp(path->name, name) == 0 &&
	       poll(&p, 1, 0) == 0;
}

static void translate(struct hostpath *path, const char *name)
{
	struct mounts mounts;
	struct pathconv pc = { &mounts, name, NULL };

	path->list[0] = '\0';
	/* From before it is read: what changes meanwhile counts as a change. */
	fd_close(&path->mountinfo);
	path->mountinfo = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	fmt(path->name, sizeof(path->name), "%s", name);
	if (mounts_load(&mounts) < 0)
		return;
	if (path_list_to_linux(&pc, path->windows, path->list, HOSTPATH_MAX) < 0)
		path->list[0] = '\0';
	mounts_unload(&mounts);
}

const char *hostpath_list(struct hostpath *path, const char *name)
{
	if (!path->windows || !*path->windows)
		return "";
	if (!path->list)
		path->list = malloc(HOSTPATH_MAX);
	if (!path->list)
		return "";
	if (!is_current(path, name))
		translate(path, name);
	return path->list;
}
