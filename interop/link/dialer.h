/* dialer.h: how a link comes about (private to the folder). One file for each
 * way: dial_serial.c, dial_unix.c, dial_listen.c, dial_tcp.c, dial_vsock.c, dial_gate.c;
 * dialer.c picks one by address.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_DIALER_H
#define LANDBRIDGE_INTEROP_LINK_DIALER_H

#include "interop/link/link.h"
#include "interop/link/transport.h"

struct dialer_ops {
	/* Begins one try, which ends with done, maybe before this returns. It
	 * never waits. Not called while a try is on. */
	void (*start)(struct dialer *d);
	/* Gives the try up: done is not called for it. Harmless without one. */
	void (*stop)(struct dialer *d);
	/* Frees it, stopped before. */
	void (*destroy)(struct dialer *d);
};

struct dialer {
	const struct dialer_ops *ops;
	/* A try waits for the other half to come, however long that takes and
	 * without a timer; else there is a limit to it. */
	bool patient;
	/* Set by whoever starts it: a transport that is his, or negative errno. */
	void (*done)(struct dialer *d, struct transport *t, int error);
	/* Set likewise, or NULL: a caller was not let in. Also while no try is on. */
	void (*refused)(struct dialer *d, const char *who, int error);
	void *owner;
};

/* Ends a try with a descriptor, which is taken over, or negative errno. */
void dialer_done(struct dialer *d, int fd);

/* Each allocates its dialer. 0 or negative errno. */
int dial_serial_create(struct dialer **out, struct loop *loop, const struct address *a);
int dial_unix_create(struct dialer **out, struct loop *loop, const struct address *a);
int dial_listen_create(struct dialer **out, struct loop *loop, const struct address *a);
int dial_tcp_create(struct dialer **out, struct loop *loop, const struct address *a,
		    const struct key *key);
int dial_vsock_create(struct dialer **out, struct loop *loop, const struct address *a,
		      const struct key *key);
int dial_gate_create(struct dialer **out, struct loop *loop, const struct address *a,
		     const struct key *key); /* with link_listen and dialer_of_socket */

/* Finds the port's device ("/dev/vport2p1") by its name in sys
 * ("/sys/class/virtio-ports"). 0, -ENODEV, or what opendir(3) said. */
int serial_find(const char *sys, const char *name, char *device, size_t size);

#endif
