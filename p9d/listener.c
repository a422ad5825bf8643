/* listener.c: the sockets p9d listens on, and who is at the other end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/dispatcher.h"

#define BACKLOG 64
#define VSOCK_HOST 2

/* ---- who is there ---- */

static int vsock_peer(int fd, uid_t *uid)
{
	struct sockaddr_vm there = { 0 };
	socklen_t len = sizeof(there);

	if (getpeername(fd, (void *)&there, &len) < 0)
		return -errno;
	*uid = 0; /* the host is root's equal here */
	return there.svm_cid == VSOCK_HOST ? 0 : -EACCES;
}

static int unix_peer_uid(int fd, uid_t *uid)
{
	struct peer peer;
	int err = unix_peer(fd, &peer);

	*uid = peer.uid;
	return err;
}

static int peer_uid(int fd, enum listen_kind kind, uid_t *uid)
{
	static int (*const ask[])(int fd, uid_t *uid) = {
		[LISTEN_UNIX] = unix_peer_uid,
		[LISTEN_VSOCK] = vsock_peer,
	};

	return ask[kind](fd, uid);
}

/* ---- accepting ---- */

static void take_peer(struct acceptor *acceptor, int fd)
{
	struct listener *listener = container_of(acceptor, struct listener, acceptor);
	struct dispatcher *dispatcher = listener->dispatcher;
	uid_t uid = 0;
	int err = peer_uid(fd, listener->kind, &uid);

	if (!err && geteuid() != 0 && uid != 0 && uid != geteuid())
		err = -EPERM;
	if (err) {
		log_note(dispatcher->log,
			 "unable to serve a connection: %s (peer is neither the host "
			 "nor a user who may be served)",
			 strerror(-err));
		close(fd);
		return;
	}
	if (geteuid() != 0)
		uid = geteuid();
	greeting_start(dispatcher, fd, uid == 0 && geteuid() == 0, uid);
}

/* Out of descriptors is like out of greetings: one that waits gives way. */
static bool make_room(struct acceptor *acceptor, int error)
{
	struct listener *listener = container_of(acceptor, struct listener, acceptor);

	return (error == EMFILE || error == ENFILE) && greeting_drop(listener->dispatcher);
}

static void accept_failed(struct acceptor *acceptor, int error)
{
	struct listener *listener = container_of(acceptor, struct listener, acceptor);

	log_err(listener->dispatcher->log,
		"unable to accept a connection: %s (goes on when there is room)", strerror(error));
}

static int listener_add(struct dispatcher *dispatcher, int fd, enum listen_kind kind)
{
	struct listener *listener = &dispatcher->listeners[dispatcher->listener_count];
	int err;

	if (dispatcher->listener_count == DISPATCHER_LISTENERS)
		return -ENOSPC;
	*listener = (struct listener){
		.acceptor = { .connected = take_peer,
			      .make_room = make_room,
			      .failed = accept_failed },
		.dispatcher = dispatcher,
		.kind = kind,
	};
	err = acceptor_start(&listener->acceptor, &dispatcher->loop, fd);
	dispatcher->listener_count += err == 0;
	return err;
}

/* ---- what to listen on ---- */

static int parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno || end == text || *end || *out > max ? -EINVAL : 0;
}

static int listen_vsock(const char *port)
{
	unsigned long number;

	if (parse_number(port, UINT32_MAX - 1, &number) < 0)
		return -EINVAL;
	return vsock_listen((unsigned)number, BACKLOG);
}

static int kind_of(int fd, enum listen_kind *kind)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (void *)&addr, &len) < 0)
		return -errno;
	switch (addr.ss_family) {
	case AF_UNIX:
		*kind = LISTEN_UNIX;
		return 0;
	case AF_VSOCK:
		*kind = LISTEN_VSOCK;
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

/* Whoever gave us a connected socket may be anyone. */
static int inherit(struct dispatcher *dispatcher, const char *number)
{
	enum listen_kind kind = LISTEN_UNIX;
	unsigned long n;
	int listening;
	socklen_t len = sizeof(listening);
	int err = parse_number(number, 1u << 20, &n);
	int fd = (int)n;

	if (err)
		return err;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0)
		return -errno;
	fd_set_cloexec(fd, 1);
	err = kind_of(fd, &kind);
	if (err)
		return err;
	if (listening)
		return listener_add(dispatcher, fd, kind);
	err = fd_set_nonblock(fd);
	if (!err)
		greeting_start(dispatcher, fd, geteuid() == 0, geteuid());
	return err;
}

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

int dispatcher_listen(struct dispatcher *dispatcher, const char *where)
{
	enum listen_kind kind = LISTEN_UNIX;
	const char *rest;
	int fd, err;

	if ((rest = after(where, "fd:")))
		return inherit(dispatcher, rest);
	if ((rest = after(where, "unix:"))) {
		fd = unix_listen(rest, 0666, BACKLOG);
	} else if ((rest = after(where, "vsock:"))) {
		kind = LISTEN_VSOCK;
		fd = listen_vsock(rest);
	} else {
		return -EINVAL;
	}
	if (fd < 0)
		return fd;
	err = listener_add(dispatcher, fd, kind);
	if (err)
		close(fd);
	return err;
}
