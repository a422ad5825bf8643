/* mountinfo.c: reads the mount table piece by piece. */
#include "lib/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"

int mountinfo_open(struct mountinfo *m)
{
	m->at = m->len = 0;
	m->fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	return m->fd < 0 ? -errno : 0;
}

void mountinfo_close(struct mountinfo *m)
{
	fd_close(&m->fd);
}

/* One read(2) more, behind what is left. Its result, or negative errno. */
static ssize_t piece_read(struct mountinfo *m)
{
	size_t left = m->len - m->at;
	ssize_t n;

	if (left == sizeof(m->text) - 1)
		return -ENAMETOOLONG;
	memmove(m->text, m->text + m->at, left);
	m->at = 0;
	m->len = left;
	do
		n = read(m->fd, m->text + left, sizeof(m->text) - 1 - left);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		m->len += (size_t)n;
	return n < 0 ? -errno : n;
}

int mountinfo_next(struct mountinfo *m, char **line, size_t *len)
{
	char *end;

	while (!(end = memchr(m->text + m->at, '\n', m->len - m->at))) {
		ssize_t n = piece_read(m);

		if (n <= 0) /* the kernel ends every line */
			return (int)n;
	}
	*line = m->text + m->at;
	*len = (size_t)(end - *line);
	*end = '\0';
	m->at += *len + 1;
	return 1;
}
