/* hold.c: directories by descriptor. */
#include "interop/host/posix/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "interop/host/host.h"

int dir_hold(const char *path)
{
	char dir[PATH_MAX];
	int fd;

	if (path_format(dir, sizeof(dir), "%.*s.", (int)(path_base(path) - path), path) < 0)
		return -ENAMETOOLONG;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int link_hold(int *dir, struct address *link)
{
	char name[ADDRESS_UNIX_MAX + 1];

	if (link->kind != ADDRESS_UNIX)
		return 0;
	*dir = dir_hold(link->name);
	if (*dir < 0)
		return *dir;
	if (path_format(name, sizeof(name), "/proc/self/fd/%d/%s", *dir, path_base(link->name)) < 0)
		return -ENAMETOOLONG;
	memcpy(link->name, name, sizeof(name));
	return 0;
}
