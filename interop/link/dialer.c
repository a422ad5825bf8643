/* dialer.c: which way to dial an address leads to. */
#include "interop/link/dialer.h"

#include <errno.h>
#include <unistd.h>

typedef int create_fn(struct dialer **out, struct loop *loop, const struct address *a);

static create_fn *way_to(enum router_side side, const struct address *a)
{
	static create_fn *const ways[][2] = {
		[ADDRESS_SERIAL] = { [ROUTER_GUEST] = dial_serial_create },
		[ADDRESS_UNIX] = { [ROUTER_GUEST] = dial_listen_create,
				   [ROUTER_HOST] = dial_unix_create },
		[ADDRESS_TCP] = { NULL },
		[ADDRESS_VSOCK] = { NULL },
	};

	return ways[a->kind][side];
}

bool dialer_exists(enum router_side side, const struct address *a)
{
	return way_to(side, a);
}

int dialer_create(struct dialer **out, struct loop *loop, enum router_side side,
		  const struct address *a)
{
	create_fn *create = way_to(side, a);

	return create ? create(out, loop, a) : -EPROTONOSUPPORT;
}

void dialer_destroy(struct dialer *d)
{
	if (!d)
		return;
	d->ops->stop(d);
	d->ops->destroy(d);
}

void dialer_done(struct dialer *d, int fd)
{
	struct transport *t = NULL;
	int error = fd < 0 ? fd : transport_of_fd(&t, fd);

	d->done(d, t, error);
}
