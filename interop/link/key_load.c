/* key_load.c: a key from its file. */
#include "interop/link/key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"

/* A key that others can read is no key; the one who started us may be root. */
static int check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return (st.st_mode & 077) || (st.st_uid != geteuid() && st.st_uid != 0) ? -EPERM : 0;
}

int key_load(struct key *key, const char *path)
{
	char text[KEY_TEXT_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = fd < 0 ? -errno : check(fd);
	ssize_t n = error ? error : fd_read_full(fd, text, sizeof(text));

	fd_close(&fd);
	error = n < 0 ? (int)n : key_parse(key, text, (size_t)n);
	explicit_bzero(text, sizeof(text));
	return error;
}

const char *key_why(int error)
{
	if (error == -EPERM)
		return "others can read it, or it is another's (chmod 600)";
	return error == -EINVAL ? "it is no key of a link (see landbridge enroll)"
				: strerror(-error);
}
