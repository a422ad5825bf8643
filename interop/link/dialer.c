/* dialer.c: which way to dial an address leads to. */
#include "interop/link/dialer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/macros.h"

typedef int create_fn(struct dialer **out, struct loop *loop, const struct address *a);
/* With a key: tcp never without, vsock where the guest's port can be seen. */
typedef int create_keyed_fn(struct dialer **out, struct loop *loop, const struct address *a,
			    const struct key *key);

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

static create_keyed_fn *keyed_way_to(enum router_side side, const struct address *a)
{
	if (CFG_TLS && a->kind == ADDRESS_TCP)
		return side == ROUTER_GUEST ? dial_tcp_create : dial_gate_create;
	if (CFG_VSOCK && a->kind == ADDRESS_VSOCK)
		return side == ROUTER_GUEST ? dial_vsock_create : dial_gate_create;
	return NULL;
}

bool dialer_exists(enum router_side side, const struct address *a)
{
	return way_to(side, a) || keyed_way_to(side, a);
}

int dialer_create(struct dialer **out, struct loop *loop, enum router_side side,
		  const struct address *a, const struct key *key)
{
	create_fn *create = way_to(side, a);
	create_keyed_fn *create_keyed = keyed_way_to(side, a);

	if (create)
		return create(out, loop, a);
	if (!create_keyed)
		return -EPROTONOSUPPORT;
	return key || a->kind != ADDRESS_TCP ? create_keyed(out, loop, a, key) : -ENOKEY;
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

const char *link_why(int error)
{
	static const struct {
		int error;
		const char *why;
	} known[] = {
		{ -EPROTONOSUPPORT, "there is no way to it here" },
		{ -EADDRNOTAVAIL, "a tcp link needs the number of an address that is there, "
				  "not a name" },
		{ -ENOKEY, "a tcp link is always under TLS, and needs a key (see landbridge "
			   "enroll)" },
		{ -EKEYEXPIRED, "the key has expired (make new ones: landbridge enroll)" },
		{ -EKEYREJECTED, "the other side has another key than the one known here" },
		{ -ECONNREFUSED, "the other side does not answer, or does not know our key" },
		{ -EPROTO, "the other side does not offer TLS 1.2 with the ciphers of a link" },
		{ -EBADMSG, "what came is not TLS, or was changed on its way" },
		{ -ETIMEDOUT, "the other side did not answer in time" },
		{ -ENOBUFS, "too many others call at the same time" },
		{ -EPERM, "it is not the guest's root, whose ports are below 1024 (or give both "
			  "sides a key: landbridge enroll)" },
		{ -EHOSTUNREACH, "it is another virtual machine's" },
		{ -EAFNOSUPPORT, "the kernel has no vsock (does the virtual machine have such a "
				 "device?)" },
	};

	for (size_t i = 0; (CFG_TLS || CFG_VSOCK) && i < array_len(known); i++)
		if (known[i].error == error)
			return known[i].why;
	return strerror(-error);
}
