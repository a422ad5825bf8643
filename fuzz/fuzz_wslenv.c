/* fuzz_wslenv.c: any WSLENV and any value of its variables, and PATH lists.
 * The input is WSLENV, a NUL, the value. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pathconv/pathconv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A list that was made must come back as it is, but for names that already
 * hold an escaped colon: those are lost on the way back. */
static void check_list(const struct pathconv *pc, const char *list)
{
	static char windows[1 << 18], back[1 << 18], windows2[1 << 18];

	if (strstr(list, "\xef\x80\xba") != NULL)
		return;
	if (path_list_to_windows(pc, list, windows, sizeof(windows)) < 0 ||
	    path_list_to_linux(pc, windows, back, sizeof(back)) < 0 ||
	    path_list_to_windows(pc, back, windows2, sizeof(windows2)) < 0)
		return;
	if (strcmp(windows, windows2) != 0)
		abort();
}

static void check_entries(const struct pathconv *pc, const char *text, const char *value)
{
	static char out[1 << 18];
	const char *at = text, *before = text;
	struct wslenv e;

	while (wslenv_next(&at, &e)) {
		if (at <= before || e.name_len == 0 || e.name + e.name_len > at)
			abort();
		if (!e.bad && (memchr(e.name, '/', e.name_len) || memchr(e.name, '=', e.name_len)))
			abort();
		if (e.bad &&
		    (wslenv_goes(&e, WSLENV_TO_LINUX) || wslenv_goes(&e, WSLENV_TO_WINDOWS)))
			abort();
		wslenv_to_windows(pc, &e, value, out, sizeof(out));
		wslenv_to_windows(pc, &e, value, out, 16);
		before = at;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char mountinfo[] = "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
					"30 22 0:50 / /mnt/c rw - 9p C: rw\n"
					"31 22 0:51 / /s rw - drvfs \\134\\134srv\\134x rw\n";
	char table[sizeof(mountinfo)];
	struct mount at[4];
	struct mounts mounts = { .at = at, .size = 4 };
	struct pathconv pc = { .mounts = &mounts, .name = "deb", .cwd = "/mnt/c" };
	char *text = malloc(len + 1);
	const char *value;

	if (text == NULL)
		abort();
	memcpy(table, mountinfo, sizeof(mountinfo));
	mounts_parse(&mounts, table, sizeof(mountinfo) - 1);
	memcpy(text, data, len);
	text[len] = '\0';
	value = strlen(text) < len ? text + strlen(text) + 1 : text;
	check_entries(&pc, text, value);
	check_list(&pc, value);
	free(text);
	return 0;
}
