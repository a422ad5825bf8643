/* dial_serial.c: opens a virtio-serial port in the guest (kernel:
 * drivers/char/virtio_console.c). While no host has its other end open, poll(2)
 * says EPOLLHUP for ever: the port is then watched edge-triggered, which wakes
 * us when a host comes, and not before.
 */
#include "interop/link/dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/lib.h"

struct dial_serial {
	struct dialer dialer;
	struct loop *loop;
	struct watch watch; /* of the port, while no host is there */
	char name[ADDRESS_SERIAL_MAX + 1];
};

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

struct port_walk {
	struct dir_walk walk;
	const char *sys, *name;
	char *device;
	size_t size;
	int error;
};

static bool port_look(struct dir_walk *walk, int dir, const char *entry)
{
	struct port_walk *p = container_of(walk, struct port_walk, walk);

	(void)dir;
	if (port_has_name(p->sys, entry, p->name))
		p->error = fmt(p->device, p->size, "/dev/%s", entry) < p->size ? 0 : -ENODEV;
	return p->error;
}

int serial_find(const char *sys, const char *name, char *device, size_t size)
{
	struct port_walk p = { { port_look }, sys, name, device, size, -ENODEV };
	int error = dir_each_path(sys, &p.walk);

	return error && error != -ENOENT ? error : p.error;
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
	struct dial_serial *d = container_of(watch, struct dial_serial, watch);
	int fd = watch->fd;

	if (events & EPOLLHUP)
		return;
	watch_remove(watch);
	dialer_done(&d->dialer, fd);
}

static void dial_serial_start(struct dialer *dialer)
{
	struct dial_serial *d = container_of(dialer, struct dial_serial, dialer);
	int fd = serial_open(d->name), error = 0;

	if (fd >= 0 && !host_is_there(fd)) {
		error = watch_add(d->loop, &d->watch, fd, EPOLLIN | EPOLLOUT | EPOLLET);
		if (!error)
			return;
		close(fd);
	}
	dialer_done(dialer, error ? error : fd);
}

static void dial_serial_stop(struct dialer *dialer)
{
	struct dial_serial *d = container_of(dialer, struct dial_serial, dialer);
	int fd = d->watch.fd;

	watch_remove(&d->watch);
	fd_close(&fd);
}

static void dial_serial_destroy(struct dialer *dialer)
{
	free(container_of(dialer, struct dial_serial, dialer));
}

int dial_serial_create(struct dialer **out, struct loop *loop, const struct address *a)
{
	static const struct dialer_ops ops = { dial_serial_start, dial_serial_stop,
					       dial_serial_destroy };
	struct dial_serial *d = malloc(sizeof(*d));

	if (!d)
		return -ENOMEM;
	*d = (struct dial_serial){ .dialer = { .ops = &ops, .patient = true },
				   .loop = loop,
				   .watch = { .fd = -1, .ready = serial_ready } };
	fmt(d->name, sizeof(d->name), "%s", a->name);
	*out = &d->dialer;
	return 0;
}
