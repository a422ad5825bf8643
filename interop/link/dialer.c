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

/* One half's; NULL: it has no such way. */
struct ways {
	create_fn *serial, *local;
	create_keyed_fn *tcp, *vsock;
};
static const struct ways guest_ways = { dial_serial_create, dial_listen_create,
					CFG_TLS ? dial_tcp_create : NULL,
					CFG_VSOCK ? dial_vsock_create : NULL },
			 host_ways = { NULL, dial_unix_create, CFG_TLS ? dial_gate_create : NULL,
				       CFG_VSOCK ? dial_gate_create : NULL };

static create_fn *way_to(const struct ways *ways, const struct address *a)
{
	return a->kind == ADDRESS_SERIAL ? ways->serial
	       : a->kind == ADDRESS_UNIX ? ways->local
					 : NULL;
}

static create_keyed_fn *keyed_way_to(const struct ways *ways, const struct address *a)
{
	return a->kind == ADDRESS_TCP ? ways->tcp : a->kind == ADDRESS_VSOCK ? ways->vsock : NULL;
}

static int create(struct dialer **out, struct loop *loop, const struct ways *ways,
		  const struct address *a, const struct key *key)
{
	create_fn *way = way_to(ways, a);
	create_keyed_fn *keyed = keyed_way_to(ways, a);

	if (way)
		return way(out, loop, a);
	if (!keyed)
		return -EPROTONOSUPPORT;
	return key || a->kind != ADDRESS_TCP ? keyed(out, loop, a, key) : -ENOKEY;
}

int dialer_of_guest(struct dialer **out, struct loop *loop, const struct address *a,
		    const struct key *key)
{
	return create(out, loop, &guest_ways, a, key);
}

int dialer_of_host(struct dialer **out, struct loop *loop, const struct address *a,
		   const struct key *key)
{
	return create(out, loop, &host_ways, a, key);
}

bool dialer_exists(enum router_side side, const struct address *a)
{
	const struct ways *ways = side == ROUTER_GUEST ? &guest_ways : &host_ways;

	return way_to(ways, a) || keyed_way_to(ways, a);
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
#if CFG_TLS
		{ -EADDRNOTAVAIL, "a tcp link needs the number of an address that is there, "
				  "not a name" },
		{ -ENOKEY, "a tcp link is always under TLS, and needs a key (see landbridge "
			   "enroll)" },
		{ -EKEYEXPIRED, "the key has expired (make new ones: landbridge enroll)" },
		{ -EKEYREJECTED, "the other side has another key than the one known here" },
		{ -ECONNREFUSED, "the other side does not answer, or does not know our key" },
		{ -EPROTO, "the other side does not offer TLS 1.2 with the ciphers of a link" },
		{ -EBADMSG, "what came is not TLS, or was changed on its way" },
#endif
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
