/* stdio.c: our own descriptors 0, 1, 2 at the start. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "interop/stream/stream.h"

int stdio_hold(void)
{
	int fd;

	/* A descriptor opened with O_PATH cannot be read or written: EBADF. */
	do
		fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
