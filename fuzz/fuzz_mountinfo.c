/* fuzz_mountinfo.c: any text as the mount table. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pathconv/pathconv.h"

enum { MOUNTS = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Strings must lie in the text and be what the header says. */
static void check_mount(const struct mount *m, const char *text, size_t len)
{
	const char *strings[] = { m->point, m->root, m->drive };

	for (int i = 0; i < 3; i++) {
		const char *s = strings[i];

		if (s == NULL && i == 2)
			continue;
		if (s == NULL || s < text || s + strlen(s) >= text + len)
			abort();
	}
	if (m->point[0] != '/' || m->root[0] == '\0')
		abort();
	if (m->drive != NULL && m->drive[0] != '/' && m->drive[1] != ':')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mount at[MOUNTS];
	struct mounts mounts = { .at = at, .size = MOUNTS };
	char *text = malloc(len + 1), out[PATH_WINDOWS_MAX];
	struct pathconv pc = { .mounts = &mounts, .name = "deb", .cwd = "/mnt/c" };

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	/* the buffer ends where the text does */
	text = realloc(text, len > 0 ? len : 1);
	if (text == NULL)
		abort();
	if (mounts_parse(&mounts, text, len) == 0 &&
	    mounts.count > mounts_lines((const char *)data, len))
		abort();
	for (size_t i = 0; i < mounts.count; i++) {
		const struct mount *m = &at[i];

		check_mount(m, text, len);
		mounts_find(&mounts, m->point);
		path_to_windows(&pc, m->point, 0, out, sizeof(out));
		if (m->drive != NULL)
			path_to_linux(&pc, m->drive, 0, out, sizeof(out));
	}
	free(text);
	return 0;
}
