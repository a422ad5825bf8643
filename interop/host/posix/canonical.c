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

/* What follows the drive's directory in a path that lies in it. */
static const char *below(const char *dir, const char *path)
{
	return path + (strcmp(dir, "/") == 0 ? 0 : strlen(dir));
}

static int name_on(char letter, const char *rest, char *out)
{
	if (path_format(out, PATH_MAX, "%c:%s", letter, rest) < 0)
		return -ENAMETOOLONG;
	replace(out, '/', '\\');
	return 0;
}

int canonical_file(const struct drives *drives, const char *path, char *real)
{
	const struct drive *drive = drives_find(drives, (char)(path[0] & ~0x20));
	char rest[PATH_MAX], file[PATH_MAX];

	if (!drive || path[1] != ':')
		return -EXDEV;
	if (path_format(rest, sizeof(rest), "%s", path + 2 + strspn(path + 2, "\\/")) < 0)
		return -ENAMETOOLONG;
	replace(rest, '/', '\\');
	spelling_fix(drive->dir, rest);
	replace(rest, '\\', '/');
	if (path_format(file, sizeof(file), "%s/%s", drive->dir, rest) < 0)
		return -ENAMETOOLONG;
	return realpath(file, real) ? 0 : -errno;
}

int canonical_path(const struct drives *drives, const char *path, char *out)
{
	const struct drive *drive;
	char real[PATH_MAX];
	const char *found;
	int r = canonical_file(drives, path, real);

	if (r < 0)
		return r;
	drive = drive_of(drives, real);
	if (!drive)
		return -EXDEV;
	/* The drive itself, or a name that no rule could tell from a path. */
	found = below(drive->dir, real);
	if (!*found || strchr(found, '\\'))
		return -EXDEV;
	return name_on(drive->letter, found, out);
}

/* The name that a file, by its canonical path, has on another drive, whose directory
 * holds it too: D:\real\x.exe may be C:\dir\real\x.exe. Into `out`, PATH_MAX bytes.
 * False: it has none there. */
static bool canonical_alias(const struct drives *drives, const char *canonical,
			    const struct drive *other, char *out)
{
	const struct drive *drive = drives_find(drives, canonical[0]);
	const char *from = drive ? drive_origin(drive) : "", *to = drive_origin(other);
	int dir = (int)(below(from, from) - from);
	char real[PATH_MAX];

	if (!drive || drive == other ||
	    path_format(real, sizeof(real), "%.*s%s", dir, from, canonical + 2) < 0)
		return false;
	replace(real + dir, '\\', '/');
	return path_lies_in(real, to) && *below(to, real) &&
	       name_on(other->letter, below(to, real), out) == 0;
}

bool canonical_may_run(const struct drives *drives, const struct rules *rules,
		       const char *canonical, const struct policy_rule **by)
{
	bool may = rules_program(rules, canonical, by);
	const struct policy_rule *says;
	char alias[PATH_MAX];

	for (size_t i = 0; i < drives->count && (may || !*by); i++) {
		if (!canonical_alias(drives, canonical, &drives->at[i], alias))
			continue;
		rules_program(rules, alias, &says);
		if (says && (!*by || !says->allow)) {
			may = says->allow;
			*by = says;
		}
	}
	return may;
}
