/* textfile.c: a text file in memory of its own. */
#include "lib/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"

static int take(struct textfile *text, int fd)
{
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < 0 || st.st_size > TEXTFILE_MAX)
		return -EFBIG;
	text->size = (size_t)st.st_size + 1;
	text->at =
		mmap(NULL, text->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (text->at == MAP_FAILED)
		return -ENOMEM;
	len = fd_read_full(fd, text->at, text->size - 1);
	if (len < 0) {
		munmap(text->at, text->size);
		return (int)len;
	}
	text->len = (size_t)len;
	return 0;
}

int textfile_read(struct textfile *text, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int err = fd < 0 ? -errno : take(text, fd);

	fd_close(&fd);
	if (err)
		*text = (struct textfile){ .at = NULL };
	return err;
}

void textfile_drop(struct textfile *text)
{
	if (text->at)
		munmap(text->at, text->size);
	*text = (struct textfile){ .at = NULL };
}
