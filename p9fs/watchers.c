/* watchers.c: who watches, from proc(5). */
#include "p9fs/watchers.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/lib.h"

enum { DEVICE_BITS = 20, SOME = 64, LINE = 512 };

static bool number_after(const char *line, const char *word, unsigned long long *value)
{
	const char *at = strstr(line, word);
	char *end;

	if (!at)
		return false;
	at += strlen(word);
	*value = strtoull(at, &end, 16);
	return end != at;
}

bool watchers_line(const char *line, uint64_t *ino, uint32_t *sdev)
{
	unsigned long long number, device;

	if ((strncmp(line, "inotify ", 8) != 0 && strncmp(line, "fanotify ", 9) != 0) ||
	    !number_after(line, " ino:", &number) || !number_after(line, " sdev:", &device) ||
	    device > UINT32_MAX)
		return false;
	*ino = number;
	*sdev = (uint32_t)device;
	return true;
}

static void add(struct watchers *w, uint64_t ino)
{
	size_t size = w->size ? 2 * w->size : SOME;
	uint64_t *inos = w->inos;

	if (w->count == w->size) {
		inos = realloc(inos, size * sizeof(*inos));
		w->bad = w->bad || !inos;
		if (!inos)
			return;
		w->inos = inos;
		w->size = size;
	}
	inos[w->count++] = ino;
}

static void take_line(struct watchers *w, const char *line)
{
	uint32_t sdev;
	uint64_t ino;

	if (watchers_line(line, &ino, &sdev) && sdev >> DEVICE_BITS == w->device[0] &&
	    (sdev & ((1u << DEVICE_BITS) - 1)) == w->device[1])
		add(w, ino);
}

/* A watcher of many files has a long one. */
static void take_file(struct watchers *w, int fd)
{
	char buf[4096], line[LINE];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				line[len] = buf[i];
				len += len < sizeof(line) - 1;
				continue;
			}
			line[len] = '\0';
			len = 0;
			take_line(w, line);
		}
}

struct walk {
	struct dir_walk walk;
	struct watchers *found;
	int info; /* /proc/PID/fdinfo */
};

static bool take_descriptor(struct dir_walk *walk, int dir, const char *name)
{
	struct walk *w = container_of(walk, struct walk, walk);
	char target[32];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	int fd;

	target[n < 0 ? 0 : n] = '\0';
	if (!strstr(target, "notify"))
		return true;
	fd = openat(w->info, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		take_file(w->found, fd);
		close(fd);
	}
	return true;
}

static bool take_process(struct dir_walk *walk, int dir, const char *name)
{
	struct walk *all = container_of(walk, struct walk, walk);
	struct walk one = { { take_descriptor }, all->found, -1 };
	char path[32];
	int fds;

	if (*name < '0' || *name > '9')
		return true;
	fmt(path, sizeof(path), "%s/fdinfo", name);
	one.info = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fmt(path, sizeof(path), "%s/fd", name);
	fds = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fds >= 0 && one.info >= 0)
		dir_each(fds, &one.walk);
	fd_close(&fds);
	fd_close(&one.info);
	return true;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

void watchers_find(struct watchers *w)
{
	struct walk all = { { take_process }, w, -1 };

	w->count = 0;
	w->bad = false;
	dir_each_path("/proc", &all.walk);
	if (w->count)
		qsort(w->inos, w->count, sizeof(*w->inos), compare);
}

bool watchers_has(const struct watchers *w, uint64_t ino)
{
	return w->bad || (w->count && bsearch(&ino, w->inos, w->count, sizeof(ino), compare));
}

void watchers_free(struct watchers *w)
{
	free(w->inos);
	*w = (struct watchers){ .inos = NULL };
}
