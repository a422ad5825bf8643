/* scrollback.c: keeps the newest part of a text in a file. */
#include "interop/host/posix/scrollback.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "lib/lib.h"

int scrollback_open(struct scrollback *s, const char *path)
{
	s->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	s->used = 0;
	return s->fd < 0 ? -errno : 0;
}

/* Moves the newer half, from its first whole line on, to the front. */
static void halve(struct scrollback *s)
{
	char text[32 * 1024], *line;
	size_t from = s->used - SCROLLBACK_MAX / 2, to = 0;
	bool whole = false;
	ssize_t n;

	for (; (n = pread(s->fd, text, sizeof(text), (off_t)from)) > 0; from += (size_t)n) {
		line = whole ? NULL : memchr(text, '\n', (size_t)n);
		if (line) {
			n -= line + 1 - text;
			from += (size_t)(line + 1 - text);
			memmove(text, line + 1, (size_t)n);
		}
		whole = true;
		if (pwrite(s->fd, text, (size_t)n, (off_t)to) != n)
			break;
		to += (size_t)n;
	}
	s->used = to;
	if (ftruncate(s->fd, (off_t)to) < 0)
		scrollback_close(s);
}

void scrollback_add(struct scrollback *s, const char *text, size_t len)
{
	ssize_t n;

	if (s->fd >= 0 && s->used + len > SCROLLBACK_MAX)
		halve(s);
	if (s->fd < 0)
		return;
	n = pwrite(s->fd, text, len, (off_t)s->used);
	s->used += n > 0 ? (size_t)n : 0;
}

int scrollback_save(const struct scrollback *s, const char *path)
{
	off_t at = 0;
	ssize_t n = 1;
	int fd, r = 0;

	if (s->fd < 0 || s->used == 0)
		return -ENODATA;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (n > 0 && at < (off_t)s->used)
		n = sendfile(fd, s->fd, &at, s->used - (size_t)at);
	if (n < 0)
		r = -errno;
	close(fd);
	return r;
}

void scrollback_keep(const struct scrollback *s, const char *home, const char *name, char *out,
		     size_t size)
{
	int r = path_format(out, size, "%s/log", home);

	if (r == 0)
		r = dir_make(out, 0700);
	if (r == 0)
		r = path_format(out, size, "%s/log/%s-%d.log", home, name, (int)getpid());
	if (r < 0 || scrollback_save(s, out) < 0)
		out[0] = '\0';
}

void scrollback_close(struct scrollback *s)
{
	fd_close(&s->fd);
	s->used = 0;
}
