/* spelling.c: Windows names without regard to case on a file system that has it. */
#include "interop/host/posix/spelling.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fold.h"

/* Writes the spelling of the name [name, len) over it; false: there is none. */
static bool name_fix(int dir, char *name, size_t len)
{
	int copy = dup(dir);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	bool found = false;

	if (!list) {
		fd_close(&copy);
		return false;
	}
	while (!found && (entry = readdir(list)))
		if (strlen(entry->d_name) == len && fold_equal(entry->d_name, name, len)) {
			memcpy(name, entry->d_name, len);
			found = true;
		}
	closedir(list);
	return found;
}

/* Opens the directory `name` in *dir in its place. */
static bool step_into(int *dir, const char *name)
{
	int next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	fd_close(dir);
	*dir = next;
	return next >= 0;
}

void spelling_fix(const char *root, char *path)
{
	int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	bool there = dir >= 0;

	while (there) {
		size_t len = strcspn(path, "\\");
		char end = path[len];

		path[len] = '\0';
		there = len == 0 || fstatat(dir, path, &st, 0) == 0 || name_fix(dir, path, len);
		if (there && len > 0 && end)
			there = step_into(&dir, path);
		path[len] = end;
		path += len + (end != '\0');
		there = there && *path;
	}
	fd_close(&dir);
}
