/* socket_name.c: where a link's socket is bound, or who is at its other end. */
#include "interop/link/socket_name.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/link/link.h"
#include "lib/fmt.h"

enum { BACKLOG = 128 };

static int ip6_of(struct sockaddr_in6 *ip6, const struct address *a)
{
	char text[sizeof(a->name)];
	size_t len = strcspn(a->name, "%");

	memcpy(text, a->name, len);
	text[len] = '\0';
	ip6->sin6_family = AF_INET6;
	ip6->sin6_port = htons((uint16_t)a->port);
	if (inet_pton(AF_INET6, text, &ip6->sin6_addr) != 1)
		return -EADDRNOTAVAIL;
	if (a->name[len])
		ip6->sin6_scope_id = if_nametoindex(a->name + len + 1);
	return a->name[len] && !ip6->sin6_scope_id ? -EADDRNOTAVAIL : 0;
}

int socket_name_of(union socket_name *name, const struct address *a)
{
	memset(name, 0, sizeof(*name));
	if (strchr(a->name, ':'))
		return ip6_of(&name->ip6, a);
	name->ip4.sin_family = AF_INET;
	name->ip4.sin_port = htons((uint16_t)a->port);
	return inet_pton(AF_INET, a->name, &name->ip4.sin_addr) == 1 ? 0 : -EADDRNOTAVAIL;
}

static socklen_t socket_name_size(const union socket_name *name)
{
	return name->any.sa_family == AF_INET6 ? sizeof(name->ip6) : sizeof(name->ip4);
}

static uint32_t socket_name_port(const union socket_name *name)
{
	return ntohs(name->any.sa_family == AF_INET6 ? name->ip6.sin6_port : name->ip4.sin_port);
}

bool socket_name_same(const union socket_name *a, const union socket_name *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->ip4.sin_addr.s_addr == b->ip4.sin_addr.s_addr;
	if (a->any.sa_family == AF_VSOCK)
		return a->vm.svm_cid == b->vm.svm_cid;
	return a->any.sa_family != AF_INET6 ||
	       memcmp(&a->ip6.sin6_addr, &b->ip6.sin6_addr, sizeof(a->ip6.sin6_addr)) == 0;
}

void socket_name_text(const union socket_name *name, char text[SOCKET_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (name->any.sa_family == AF_UNIX) {
		fmt(text, SOCKET_TEXT, "the hypervisor");
	} else if (name->any.sa_family == AF_VSOCK) {
		fmt(text, SOCKET_TEXT, "vsock:%u:%u", name->vm.svm_cid, name->vm.svm_port);
	} else if (name->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &name->ip6.sin6_addr, host, sizeof(host));
		fmt(text, SOCKET_TEXT, "[%s]:%u", host, socket_name_port(name));
	} else {
		inet_ntop(AF_INET, &name->ip4.sin_addr, host, sizeof(host));
		fmt(text, SOCKET_TEXT, "%s:%u", host, socket_name_port(name));
	}
}

static int socket_bind(int fd, struct address *a, union socket_name *name)
{
	static const int on = 1;
	socklen_t size = socket_name_size(name);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &name->any, size) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, &name->any, &size) < 0)
		return -errno;
	a->port = socket_name_port(name);
	return 0;
}

static int socket_new(const union socket_name *name)
{
	int fd = socket(name->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

int address_listen(struct address *a)
{
	union socket_name name;
	int error = socket_name_of(&name, a), fd = error ? error : socket_new(&name);

	if (fd < 0)
		return fd;
	error = socket_bind(fd, a, &name);
	if (!error)
		return fd;
	close(fd);
	return error;
}

int socket_call(const union socket_name *name)
{
	int fd = socket_new(name), error;

	if (fd < 0 || connect(fd, &name->any, socket_name_size(name)) == 0 || errno == EINPROGRESS)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int socket_called(int fd)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return -error;
}

int address_connect(const struct address *a)
{
	union socket_name name;
	int error = socket_name_of(&name, a), fd = error ? error : socket_call(&name);
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (poll(&p, 1, 0) > 0)
		error = socket_called(fd);
	if (!error)
		return fd;
	close(fd);
	return error;
}

void tcp_tune(int fd)
{
	static const struct {
		int level, option, value;
	} wanted[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 10 }, { IPPROTO_TCP, TCP_KEEPINTVL, 3 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },   { IPPROTO_TCP, TCP_USER_TIMEOUT, 20000 },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		setsockopt(fd, wanted[i].level, wanted[i].option, &wanted[i].value, sizeof(int));
}
