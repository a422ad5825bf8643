/* ways.c: the ways to a link that Windows has not: nobody there opens a serial port for a
 * guest, and unix sockets and vsock are Linux's.
 */
#include "interop/link/dialer.h"

#include <errno.h>

static int no_way(struct dialer **out)
{
	*out = NULL;
	return -EPROTONOSUPPORT;
}

int dial_serial_create(struct dialer **out, struct loop *loop, const struct address *a)
{
	(void)loop;
	(void)a;
	return no_way(out);
}

int dial_listen_create(struct dialer **out, struct loop *loop, const struct address *a)
{
	(void)loop;
	(void)a;
	return no_way(out);
}

int dial_unix_create(struct dialer **out, struct loop *loop, const struct address *a)
{
	(void)loop;
	(void)a;
	return no_way(out);
}

int dial_vsock_create(struct dialer **out, struct loop *loop, const struct address *a,
		      const struct key *key)
{
	(void)loop;
	(void)a;
	(void)key;
	return no_way(out);
}
