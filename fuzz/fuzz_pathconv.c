/* fuzz_pathconv.c: any path in any guest, both ways. The input is a byte of
 * choices, the mount table, a NUL, the current directory, a NUL, the path. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pathconv/pathconv.h"

enum { MOUNTS = 64, BACKWARD = 4, NAMELESS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A clean absolute path, as Linux has them. */
static void check_linux(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || strstr(path, "/../") != NULL || strstr(path, "/./") != NULL)
		abort();
	if ((len >= 3 && strcmp(path + len - 3, "/..") == 0) ||
	    (len >= 2 && strcmp(path + len - 2, "/.") == 0))
		abort();
}

/* Once a path has been to Windows, going on must not change it. A mount table
 * of odd sources may hide what it names, so an error is no failure. */
static void check_stable(const struct pathconv *pc, const char *windows)
{
	static char place[PATH_MAX], again[PATH_WINDOWS_MAX], place2[PATH_MAX];

	if (path_to_linux(pc, windows, 0, place, sizeof(place)) < 0)
		return;
	if (path_to_windows(pc, place, 0, again, sizeof(again)) < 0)
		abort();
	if (path_to_linux(pc, again, 0, place2, sizeof(place2)) < 0)
		return;
	if (strcmp(place, place2) != 0)
		abort();
}

static void try_path(const struct pathconv *pc, const char *path, unsigned choice)
{
	static char out[PATH_WINDOWS_MAX];
	unsigned flags = choice & (PATH_ABSOLUTE | PATH_FORWARD);
	size_t size = choice & 0x80 ? choice >> 1 & 0x3f : sizeof(out);
	ssize_t len;

	if (choice & BACKWARD)
		len = path_to_linux(pc, path, flags, out, size);
	else
		len = path_to_windows(pc, path, flags, out, size);
	if (len < 0)
		return;
	if ((size_t)len >= size || strlen(out) != (size_t)len || len == 0)
		abort();
	if (!(choice & BACKWARD) && path[0] == '/')
		check_stable(pc, out);
	else if ((choice & BACKWARD) && (out[0] == '/' || flags & PATH_ABSOLUTE))
		check_linux(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mount at[MOUNTS];
	struct mounts mounts = { .at = at, .size = MOUNTS };
	struct pathconv pc = { .mounts = &mounts };
	char *text = malloc(len + 1), *cwd, *path;

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	if (len < 3 || (cwd = memchr(text + 1, '\0', len - 1)) == NULL || cwd == text + len)
		goto out_text;
	cwd++;
	path = memchr(cwd, '\0', (size_t)(text + len - cwd));
	if (path == NULL)
		goto out_text;
	path++;
	mounts_parse(&mounts, text + 1, (size_t)(cwd - 1 - (text + 1)));
	if (cwd[0] == '/' && strstr(cwd, "/.") == NULL && strstr(cwd, "//") == NULL)
		pc.cwd = cwd;
	if (!(data[0] & NAMELESS))
		pc.name = "deb";
	if (path <= text + len)
		try_path(&pc, path, data[0]);
out_text:
	free(text);
	return 0;
}
