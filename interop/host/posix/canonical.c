/* canonical.c: the one name of a file on a drive. */
#include "interop/host/posix/canonical.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interop/host/posix/spelling.h"

static void replace(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

/* The drive whose directory holds the path, the deepest of several. */
static const struct drive *drive_of(const struct drives *drives, const char *path)
{
	const struct drive *best = NULL;

	for (size_t i = 0; i < drives->count; i++) {
		const struct drive *drive = &drives->at[i];

		if (path_lies_in(path, drive->dir) &&
		    (!best || strlen(drive->dir) > strlen(best->dir)))
			best = drive;
	}
	return best;
}

int canonical_path(const struct drives *drives, const char *path, char *out)
{
	const struct drive *drive = drives_find(drives, (char)(path[0] & ~0x20));
	char rest[PATH_MAX], file[PATH_MAX], real[PATH_MAX];

	if (!drive || path[1] != ':')
		return -EXDEV;
	if (path_format(rest, sizeof(rest), "%s", path + 2 + strspn(path + 2, "\\/")) < 0)
		return -ENAMETOOLONG;
	replace(rest, '/', '\\');
	spelling_fix(drive->dir, rest);
	replace(rest, '\\', '/');
	if (path_format(file, sizeof(file), "%s/%s", drive->dir, rest) < 0)
		return -ENAMETOOLONG;
	if (!realpath(file, real))
		return -errno;
	drive = drive_of(drives, real);
	if (!drive)
		return -EXDEV;
	path = real + (strcmp(drive->dir, "/") == 0 ? 0 : strlen(drive->dir));
	/* The drive itself, or a name that no rule could tell from a path. */
	if (!*path || strchr(path, '\\'))
		return -EXDEV;
	if (path_format(out, PATH_MAX, "%c:%s", drive->letter, path) < 0)
		return -ENAMETOOLONG;
	replace(out, '/', '\\');
	return 0;
}
