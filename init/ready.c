/* ready.c: nobody's session begins before the boot is over. */
#include "init/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/places.h"

#define READY_FILE LANDBRIDGE_RUN "/ready"

int ready_hold(void)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(READY_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && fcntl(fd, F_SETLK, &all) == 0)
		return fd;
	fd_close(&fd);
	return -errno;
}

void ready_wait(void)
{
	struct flock all = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = open(READY_FILE, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && fcntl(fd, F_SETLKW, &all) < 0 && errno == EINTR)
		;
	fd_close(&fd);
}
