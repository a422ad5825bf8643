/* transport.h: how a link's bytes are read and written (private to the folder):
 * a descriptor here, an engine with a descriptor of its own later (TLS).
 *
 * Nothing in it waits. Where bytes do not pass just now it says -EAGAIN, and
 * `want` says what to wait for, which need not be the direction asked about.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_TRANSPORT_H
#define LANDBRIDGE_INTEROP_LINK_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct transport;

enum transport_way { TRANSPORT_READ, TRANSPORT_WRITE };

struct transport_ops {
	/* The count of bytes, 0 at end of file (reading), or negative errno;
	 * -EAGAIN: not now. Fewer bytes than asked for are no news. */
	ssize_t (*readv)(struct transport *t, const struct iovec *iov, int count);
	ssize_t (*writev)(struct transport *t, const struct iovec *iov, int count);
	/* The EPOLL* events of t->fd after which this way is worth a try. 0, for
	 * reading only: at once, there are bytes that no event will tell of. */
	uint32_t (*want)(struct transport *t, enum transport_way way);
	/* Closes the descriptor and frees t. */
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	int fd;      /* to wait on */
	bool drains; /* a read that came short has left nothing behind */
};

/* Of a non-blocking descriptor, a socket or a serial port, which it owns, also
 * when this fails. 0 or -ENOMEM. */
int transport_of_fd(struct transport **t, int fd);

/* Also for NULL. */
void transport_close(struct transport *t);

#endif
