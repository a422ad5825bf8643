/* unix.c: a link over a unix socket, as QEMU and Firecracker give it. */
#include "interop/link/link.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/lib.h"

int unix_dial(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd, error;

	if (len >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static void door_ready(struct watch *watch, uint32_t events)
{
	struct door *door = container_of(watch, struct door, watch);

	(void)events;
	watch_remove(watch);
	router_dial_now(door->router);
}

int door_dial(struct door *door)
{
	int fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int error;

	if (fd >= 0)
		return fd;
	if (errno != EAGAIN)
		return -errno;
	if (door->watch.fd >= 0)
		return -ENOTCONN;
	door->watch.ready = door_ready;
	error = watch_add(door->loop, &door->watch, door->listener, EPOLLIN);
	return error ? error : -ENOTCONN;
}
