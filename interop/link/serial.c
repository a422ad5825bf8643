/* serial.c: a link over a virtio-serial port, seen from the guest. */
#include "interop/link/link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/lib.h"

/* Whether the port whose sysfs folder is sys/entry has this name. */
static bool port_has_name(const char *sys, const char *entry, const char *name)
{
	char path[512], text[128];

	if (fmt(path, sizeof(path), "%s/%s/name", sys, entry) >= sizeof(path))
		return false;
	if (file_read(path, text, sizeof(text)) < 0)
		return false;
	text[strcspn(text, "\n")] = 0;
	return strcmp(text, name) == 0;
}

int serial_find(const char *sys, const char *name, char *device, size_t size)
{
	DIR *dir = opendir(sys);
	struct dirent *entry;
	int error = -ENODEV;

	if (!dir)
		return errno == ENOENT ? -ENODEV : -errno;
	while (error && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && port_has_name(sys, entry->d_name, name))
			error = fmt(device, size, "/dev/%s", entry->d_name) < size ? 0 : -ENODEV;
	closedir(dir);
	return error;
}

static int serial_open(const char *name)
{
	char device[64];
	int error = serial_find("/sys/class/virtio-ports", name, device, sizeof(device));
	int fd;

	if (error)
		return error;
	fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool host_is_there(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) >= 0 && !(p.revents & (POLLHUP | POLLERR));
}

static void serial_ready(struct watch *watch, uint32_t events)
{
	struct serial *serial = container_of(watch, struct serial, watch);

	if (!(events & EPOLLHUP))
		router_dial_now(serial->router);
}

int serial_dial(struct serial *serial)
{
	int fd = serial->watch.fd, error;

	if (fd < 0)
		fd = serial_open(serial->name);
	if (fd < 0)
		return fd;
	if (host_is_there(fd)) {
		watch_remove(&serial->watch);
		return fd;
	}
	if (serial->watch.fd == fd)
		return -ENOTCONN;
	serial->watch.ready = serial_ready;
	error = watch_add(serial->loop, &serial->watch, fd, EPOLLIN | EPOLLOUT | EPOLLET);
	if (error)
		close(fd);
	return error ? error : -ENOTCONN;
}
