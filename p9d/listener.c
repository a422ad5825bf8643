/* listener.c: the sockets p9d listens on, and who is at the other end. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "p9d/dispatcher.h"

#define BACKLOG 64
#define VSOCK_HOST 2
#define TCP_TABLE_MAX (4u << 20)

/* ---- who is there ---- */

/* A line of /proc/net/tcp: "N: LOCAL:PORT REMOTE:PORT ST .. .. .. UID ...". */
static bool tcp_line_uid(const char *line, const char *want, uid_t *uid)
{
	const char *at = strstr(line, ": ");
	const char *end = strchrnul(line, '\n');

	if (!at || at > end || strncasecmp(at + 2, want, strlen(want)) != 0)
		return false;
	at += 2 + strlen(want);
	for (int field = 0; field < 4 && at < end; field++) { /* st, queues, timer, retrans */
		while (*at == ' ')
			at++;
		while (at < end && *at != ' ')
			at++;
	}
	*uid = (uid_t)strtoul(at, NULL, 10);
	return at < end;
}

static bool tcp_find_uid(const char *text, const char *want, uid_t *uid)
{
	while (*text) {
		if (tcp_line_uid(text, want, uid))
			return true;
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return false;
}

/* Both ends of a loopback connection are in this machine's table (proc(5),
 * /proc/net/tcp), the peer's with the uid that made the socket. */
static int tcp_peer_uid(int fd, uid_t *uid)
{
	struct sockaddr_in here = { 0 }, there = { 0 };
	socklen_t here_len = sizeof(here), there_len = sizeof(there);
	char want[64];
	char *text;
	ssize_t len;
	bool found;

	if (getsockname(fd, (void *)&here, &here_len) < 0 ||
	    getpeername(fd, (void *)&there, &there_len) < 0)
		return -errno;
	fmt(want, sizeof(want), "%08x:%04x %08x:%04x ", there.sin_addr.s_addr,
	    ntohs(there.sin_port), here.sin_addr.s_addr, ntohs(here.sin_port));
	text = malloc(TCP_TABLE_MAX);
	if (!text)
		return -ENOMEM;
	len = file_read("/proc/net/tcp", text, TCP_TABLE_MAX);
	found = len > 0 && tcp_find_uid(text, want, uid);
	free(text);
	return found ? 0 : -EACCES;
}

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
		[LISTEN_TCP] = tcp_peer_uid,
	};

	return ask[kind](fd, uid);
}

/* ---- accepting ---- */

static void take_peer(struct acceptor *acceptor, int fd)
{
	struct listener *listener = container_of(acceptor, struct listener, acceptor);
	struct dispatcher *dispatcher = listener->dispatcher;
	int one = 1;
	uid_t uid = 0;
	int err = peer_uid(fd, listener->kind, &uid);

	if (!err && geteuid() != 0 && uid != 0 && uid != geteuid())
		err = -EPERM;
	if (err) {
		log_note(dispatcher->log,
			 "unable to serve a connection: %s (peer is not the host, "
			 "or not of this machine)",
			 strerror(-err));
		close(fd);
		return;
	}
	if (listener->kind == LISTEN_TCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
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

static int tcp_listen(const struct sockaddr_in *addr)
{
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const void *)addr, sizeof(*addr)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int listen_tcp(const char *where)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	const char *colon = strrchr(where, ':');
	char host[32];
	unsigned long port;

	if (!colon || parse_number(colon + 1, 65535, &port) < 0)
		return -EINVAL;
	fmt(host, sizeof(host), "%.*s", (int)(colon - where), where);
	if (inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		return -EINVAL;
	if (ntohl(addr.sin_addr.s_addr) >> 24 != 127)
		return -EINVAL; /* nothing protects the bytes of a plain connection */
	addr.sin_port = htons((uint16_t)port);
	return tcp_listen(&addr);
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
	case AF_INET:
		*kind = LISTEN_TCP;
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
	} else if ((rest = after(where, "tcp:"))) {
		kind = LISTEN_TCP;
		fd = listen_tcp(rest);
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
