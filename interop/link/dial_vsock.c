/* dial_vsock.c: calls the host over vsock(7), from a port that only root may have, and
 * says the key first where there is one: the host may not see the port (section 14 of
 * doc/PROTOCOL).
 */
#include "interop/link/dialer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "interop/link/socket_name.h"
#include "lib/lib.h"

enum { ROOTS_PORTS = 1024, PORTS_TRIED = 64 };

struct dial_vsock {
	struct dialer dialer;
	struct loop *loop;
	struct watch watch; /* while a try is on */
	struct sockaddr_vm to;
	int64_t until; /* of the key */
	size_t proof_len;
	uint8_t proof[KEY_PROOF];
};

/* The connection before may still hold its port. Without the right to one, any will do:
 * the host decides. */
static void bind_low(int fd)
{
	struct sockaddr_vm from = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };

	for (unsigned i = 1; i <= PORTS_TRIED; i++) {
		from.svm_port = ROOTS_PORTS - i;
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 || errno != EADDRINUSE)
			return;
	}
}

static int connected(struct dial_vsock *d, int fd)
{
	int error = socket_called(fd);

	if (error)
		return error;
	/* A new connection has room for it. */
	return d->proof_len == 0 || send(fd, d->proof, d->proof_len, MSG_NOSIGNAL) ==
					    (ssize_t)d->proof_len
		       ? 0
		       : -EPIPE;
}

static void dial_vsock_ready(struct watch *watch, uint32_t events)
{
	struct dial_vsock *d = container_of(watch, struct dial_vsock, watch);
	int fd = watch->fd, error = connected(d, fd);

	(void)events;
	watch_remove(watch);
	if (error)
		close(fd);
	dialer_done(&d->dialer, error ? error : fd);
}

static void dial_vsock_start(struct dialer *dialer)
{
	struct dial_vsock *d = container_of(dialer, struct dial_vsock, dialer);
	int fd = -1, error = d->until && time(NULL) >= d->until ? -EKEYEXPIRED : 0;

	if (!error)
		fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!error && fd < 0)
		error = -errno;
	if (!error)
		bind_low(fd);
	if (!error && connect(fd, (struct sockaddr *)&d->to, sizeof(d->to)) < 0 &&
	    errno != EINPROGRESS)
		error = -errno;
	if (!error)
		error = watch_add(d->loop, &d->watch, fd, EPOLLOUT);
	if (!error)
		return;
	fd_close(&fd);
	dialer_done(dialer, error);
}

static void dial_vsock_stop(struct dialer *dialer)
{
	struct dial_vsock *d = container_of(dialer, struct dial_vsock, dialer);
	int fd = d->watch.fd;

	watch_remove(&d->watch);
	fd_close(&fd);
}

static void dial_vsock_destroy(struct dialer *dialer)
{
	struct dial_vsock *d = container_of(dialer, struct dial_vsock, dialer);

	explicit_bzero(d->proof, sizeof(d->proof));
	free(d);
}

int dial_vsock_create(struct dialer **out, struct loop *loop, const struct address *a,
		      const struct key *key)
{
	static const struct dialer_ops ops = { dial_vsock_start, dial_vsock_stop,
					       dial_vsock_destroy };
	struct dial_vsock *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->dialer.ops = &ops;
	d->loop = loop;
	d->watch = (struct watch){ .fd = -1, .ready = dial_vsock_ready };
	d->to = (struct sockaddr_vm){ .svm_family = AF_VSOCK,
				      .svm_cid = a->cid,
				      .svm_port = a->port };
	if (CFG_TLS && key) {
		d->until = key->until;
		d->proof_len = KEY_PROOF;
		if (!key_proof(key, d->proof)) {
			dial_vsock_destroy(&d->dialer);
			return -EKEYREJECTED;
		}
	}
	*out = &d->dialer;
	return 0;
}
