/* dial_unix.c: calls a unix socket, as QEMU and Firecracker give it. */
#include "interop/link/dialer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/lib.h"

struct dial_unix {
	struct dialer dialer;
	struct sockaddr_un name;
};

/* connect(2) to a unix socket is over at once: -EAGAIN when the listener's
 * backlog is full, which no event ends. */
static void dial_unix_start(struct dialer *dialer)
{
	struct dial_unix *d = container_of(dialer, struct dial_unix, dialer);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = fd < 0 ? -errno : 0;

	if (!error && connect(fd, (struct sockaddr *)&d->name, sizeof(d->name)) < 0)
		error = -errno;
	if (error)
		fd_close(&fd);
	dialer_done(dialer, error ? error : fd);
}

static void dial_unix_stop(struct dialer *dialer)
{
	(void)dialer;
}

static void dial_unix_destroy(struct dialer *dialer)
{
	free(container_of(dialer, struct dial_unix, dialer));
}

int dial_unix_create(struct dialer **out, struct loop *loop, const struct address *a)
{
	static const struct dialer_ops ops = { dial_unix_start, dial_unix_stop, dial_unix_destroy };
	struct dial_unix *d = calloc(1, sizeof(*d));

	(void)loop;
	if (!d)
		return -ENOMEM;
	d->dialer.ops = &ops;
	d->name.sun_family = AF_UNIX;
	memcpy(d->name.sun_path, a->name, strlen(a->name)); /* ADDRESS_UNIX_MAX */
	*out = &d->dialer;
	return 0;
}
