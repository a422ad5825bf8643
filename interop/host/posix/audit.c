/* audit.c: what guests had run. */
#include "interop/host/posix/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "interop/host/entry.h"
#include "interop/host/host.h"
#include "lib/fd.h"

static int log_open(const char *home, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (path_format(path, sizeof(path), "%s/%s", home, name) < 0)
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

int audit_open(struct audit *a, const char *home)
{
	int error;

	a->log = log_open(home, "audit.log");
	a->old = a->log < 0 ? -1 : log_open(home, "audit.log.1");
	error = a->log < 0 ? a->log : a->old < 0 ? a->old : 0;
	if (error) {
		fd_close(&a->log);
		fd_close(&a->old);
	}
	return error;
}

/* By the file's own lock, which is a process's: those that write are forks of one. */
static void lock(int fd, short type)
{
	struct flock all = { .l_type = type, .l_whence = SEEK_SET };

	while (fcntl(fd, F_SETLKW, &all) < 0 && errno == EINTR)
		;
}

static void rotate(const struct audit *a)
{
	char buf[16 * 1024];
	off_t at = 0;
	ssize_t n;

	if (ftruncate(a->old, 0) < 0)
		return;
	while ((n = pread(a->log, buf, sizeof(buf), at)) > 0 &&
	       fd_write_all(a->old, buf, (size_t)n) == 0)
		at += n;
	/* Where there is no room for the old one the new one grows. */
	if (n == 0)
		(void)!ftruncate(a->log, 0);
}

void audit_say(const struct audit *a, const char *format, ...)
{
	time_t now = time(NULL);
	char line[ENTRY_MAX];
	struct stat st;
	struct tm tm;
	size_t len;
	va_list args;

	if (a->log < 0 || !gmtime_r(&now, &tm))
		return;
	va_start(args, format);
	len = entry_format(line, &tm, format, args);
	va_end(args);
	lock(a->log, F_WRLCK);
	if (fstat(a->log, &st) == 0 && st.st_size + (off_t)len > AUDIT_MAX)
		rotate(a);
	fd_write_all(a->log, line, len);
	lock(a->log, F_UNLCK);
}
