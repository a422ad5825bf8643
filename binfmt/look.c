/* look.c: whether the handler for MZ files is there, and the kernel's choice. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "binfmt/entry.h"
#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum { MAGIC_MAX = 256 };

/* --- what an entry takes: pure ------------------------------------------------- */

/* What follows `name` at the beginning of one of the lines; NULL: none has it. */
static const char *line_find(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text) {
		if (strncmp(text, name, len) == 0)
			return text + len;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes as the kernel shows them, in hexadecimal. Returns their number. */
static size_t bytes_read(const char *text, uint8_t *out)
{
	size_t count = 0;

	for (; count < MAGIC_MAX; count++) {
		int high = digit(*text), low = high < 0 ? -1 : digit(text[1]);

		if (low < 0)
			break;
		out[count] = (uint8_t)(high * 16 + low);
		text += 2;
	}
	return count;
}

/* MZ has it, and nothing else is asked for. */
static bool magic_is_mz(const char *magic, const char *mask)
{
	static const char mz[] = "MZ";
	uint8_t want[MAGIC_MAX], counts[MAGIC_MAX];
	size_t len = bytes_read(magic, want);

	memset(counts, 0xff, sizeof(counts));
	if (mask)
		bytes_read(mask, counts);
	for (size_t i = 0; i < len; i++) {
		if (i < 2 ? ((want[i] ^ (uint8_t)mz[i]) & counts[i]) != 0 : counts[i] != 0)
			return false;
	}
	return len > 0;
}

bool binfmt_takes_exe(const char *entry)
{
	const char *extension = line_find(entry, "extension .");
	const char *magic = line_find(entry, "magic "), *offset = line_find(entry, "offset ");

	if (strncmp(entry, "enabled\n", 8) != 0)
		return false;
	if (extension)
		return strncasecmp(extension, "exe\n", 4) == 0;
	return magic && offset && strncmp(offset, "0\n", 2) == 0 &&
	       magic_is_mz(magic, line_find(entry, "mask "));
}

/* --- all entries --------------------------------------------------------------- */

struct entry_walk {
	struct dir_walk walk;
	struct timespec ours; /* when it was made */
	char *other;
	bool behind;
};

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* The clock is coarse: of two that were made at once any may be the newer. */
static bool look_at(struct dir_walk *walk, int dir, const char *name)
{
	struct entry_walk *l = container_of(walk, struct entry_walk, walk);
	char text[ENTRY_MAX];
	struct stat st;
	ssize_t len;
	int fd;

	if (strcmp(name, BINFMT_NAME) == 0 || strcmp(name, "status") == 0 ||
	    strcmp(name, "register") == 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    is_older(&st.st_mtim, &l->ours))
		return true;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	len = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	text[len < 0 ? 0 : len] = '\0';
	l->behind = binfmt_takes_exe(text);
	if (l->behind && l->other)
		fmt(l->other, BINFMT_OTHER, "%s", name);
	return !l->behind;
}

static bool is_off(const char *dir, const char *name)
{
	char path[128], text[ENTRY_MAX] = "";

	fmt(path, sizeof(path), "%s/%s", dir, name);
	return file_read(path, text, sizeof(text)) > 0 && strncmp(text, "disabled", 8) == 0;
}

int binfmt_look(const char *dir, const char *interpreter, char other[BINFMT_OTHER])
{
	struct entry_walk l = { .walk = { look_at }, .other = other };
	char path[128];
	struct stat st;
	int state = entry_look_mz(dir, interpreter);

	if (state < 0)
		return state;
	fmt(path, sizeof(path), "%s/" BINFMT_NAME, dir);
	if (state != ENTRY_MISSING && (is_off(dir, "status") || is_off(dir, BINFMT_NAME)))
		return BINFMT_OFF;
	if (state != ENTRY_READY || stat(path, &st) < 0)
		return BINFMT_MISSING;
	l.ours = st.st_mtim;
	state = dir_each_path(dir, &l.walk);
	return state < 0 ? state : l.behind ? BINFMT_BEHIND : BINFMT_FIRST;
}
