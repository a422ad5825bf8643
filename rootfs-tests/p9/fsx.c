/* fsx.c: random operations on one file, and the same in memory. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "p9check.h"

#define FILE_MAX (256 * 1024)

struct fsx {
	const char *name;
	int fd;
	unsigned seed;
	size_t size;
	unsigned char model[FILE_MAX], buf[FILE_MAX];
};

static unsigned random_below(struct fsx *f, unsigned limit)
{
	f->seed = f->seed * 1103515245u + 12345u;
	return limit ? (f->seed >> 8) % limit : 0;
}

static void fsx_write(struct fsx *f)
{
	size_t at = random_below(f, FILE_MAX - 1), len = random_below(f, 65536);

	if (len > FILE_MAX - at)
		len = FILE_MAX - at;
	for (size_t i = 0; i < len; i++)
		f->buf[i] = (unsigned char)random_below(f, 256);
	ok(pwrite(f->fd, f->buf, len, (off_t)at) == (ssize_t)len);
	if (len && at > f->size)
		memset(f->model + f->size, 0, at - f->size);
	memcpy(f->model + at, f->buf, len);
	if (len && at + len > f->size)
		f->size = at + len;
}

static void fsx_read(struct fsx *f)
{
	size_t at = random_below(f, FILE_MAX), len = random_below(f, 65536);
	size_t want = at >= f->size ? 0 : f->size - at < len ? f->size - at : len;

	ok(pread(f->fd, f->buf, len, (off_t)at) == (ssize_t)want);
	ok(memcmp(f->buf, f->model + at, want) == 0);
}

static void fsx_truncate(struct fsx *f)
{
	size_t size = random_below(f, FILE_MAX);

	ok(ftruncate(f->fd, (off_t)size) == 0);
	if (size > f->size)
		memset(f->model + f->size, 0, size - f->size);
	f->size = size;
}

static void fsx_reopen(struct fsx *f)
{
	struct stat st;

	ok(close(f->fd) == 0);
	f->fd = open(f->name, O_RDWR);
	ok(f->fd >= 0 && fstat(f->fd, &st) == 0 && (size_t)st.st_size == f->size);
}

static void fsx_mmap(struct fsx *f)
{
	size_t at, len;
	unsigned char *p;

	if (!f->size)
		return;
	p = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	ok(p != MAP_FAILED);
	if (p == MAP_FAILED)
		return;
	ok(memcmp(p, f->model, f->size) == 0);
	at = random_below(f, (unsigned)f->size);
	len = random_below(f, (unsigned)(f->size - at));
	memset(p + at, (int)len, len);
	memset(f->model + at, (int)len, len);
	ok(msync(p, f->size, MS_SYNC) == 0 && munmap(p, f->size) == 0);
}

int run_fsx(const char *name, int seconds, unsigned seed, int with_mmap)
{
	static struct fsx f;
	time_t end = time(NULL) + seconds;
	unsigned long count = 0;

	f.name = name;
	f.seed = seed;
	f.fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);
	ok(f.fd >= 0);
	for (; !failures && time(NULL) < end; count++) {
		switch (random_below(&f, with_mmap ? 10 : 9)) {
		case 0:
			fsx_truncate(&f);
			break;
		case 1:
			fsx_reopen(&f);
			break;
		case 2:
		case 3:
		case 4:
			fsx_write(&f);
			break;
		case 9:
			fsx_mmap(&f);
			break;
		default:
			fsx_read(&f);
			break;
		}
	}
	printf("p9check: fsx: %lu operations, %d failed\n", count, failures);
	return failures != 0;
}
