/* tcp.c: sockets of TCP for a link. */
#include "interop/link/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/fmt.h"

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

int tcp_name_of(union tcp_name *name, const struct address *a)
{
	memset(name, 0, sizeof(*name));
	if (strchr(a->name, ':'))
		return ip6_of(&name->ip6, a);
	name->ip4.sin_family = AF_INET;
	name->ip4.sin_port = htons((uint16_t)a->port);
	return inet_pton(AF_INET, a->name, &name->ip4.sin_addr) == 1 ? 0 : -EADDRNOTAVAIL;
}

socklen_t tcp_name_size(const union tcp_name *name)
{
	return name->any.sa_family == AF_INET6 ? sizeof(name->ip6) : sizeof(name->ip4);
}

uint32_t tcp_name_port(const union tcp_name *name)
{
	return ntohs(name->any.sa_family == AF_INET6 ? name->ip6.sin6_port : name->ip4.sin_port);
}

void tcp_name_text(const union tcp_name *name, char text[TCP_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (name->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &name->ip6.sin6_addr, host, sizeof(host));
		fmt(text, TCP_TEXT, "[%s]:%u", host, tcp_name_port(name));
	} else {
		inet_ntop(AF_INET, &name->ip4.sin_addr, host, sizeof(host));
		fmt(text, TCP_TEXT, "%s:%u", host, tcp_name_port(name));
	}
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
