/* load.c: the caller's own mount table. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/fd.h"
#include "pathconv/pathconv.h"

/* Reads all of fd into *text, which grows. Returns the length. */
static ssize_t read_all(int fd, char **text)
{
	size_t size = 0, len = 0;

	for (;;) {
		char *grown = realloc(*text, size = size == 0 ? 16384 : size * 2);
		ssize_t n;

		if (grown == NULL)
			return -ENOMEM;
		*text = grown;
		n = fd_read_full(fd, grown + len, size - len);
		if (n < 0)
			return n;
		len += (size_t)n;
		if (len < size)
			return (ssize_t)len;
	}
}

int mounts_load(struct mounts *mounts)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	ssize_t len;

	*mounts = (struct mounts){ 0 };
	if (fd < 0)
		return -errno;
	len = read_all(fd, &text);
	close(fd);
	mounts->memory = text;
	if (len >= 0) {
		mounts->size = mounts_lines(text, (size_t)len);
		mounts->at = calloc(mounts->size, sizeof(*mounts->at));
		len = mounts->at == NULL ? -ENOMEM : mounts_parse(mounts, text, (size_t)len);
	}
	if (len < 0)
		mounts_unload(mounts);
	return (int)len;
}

void mounts_unload(struct mounts *mounts)
{
	free(mounts->at);
	free(mounts->memory);
	*mounts = (struct mounts){ 0 };
}
