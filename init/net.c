/* net.c: lo and the first network interface, by libnl. */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/spawn.h"
#include "lib/fmt.h"

#if CFG_NET
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>

/* libnl's errors are its own; these are the ones with a meaning here. */
static int error_from(int nl)
{
	switch (nl < 0 ? -nl : nl) {
	case 0:
	case NLE_EXIST:
		return 0;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;
	case NLE_INVAL:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static int link_up(struct nl_sock *sock, int index)
{
	struct rtnl_link *old = rtnl_link_alloc(), *up = rtnl_link_alloc();
	int err = -NLE_NOMEM;

	if (old && up) {
		rtnl_link_set_ifindex(old, index);
		rtnl_link_set_flags(up, IFF_UP);
		err = rtnl_link_change(sock, old, up, 0);
	}
	rtnl_link_put(old);
	rtnl_link_put(up);
	return error_from(err);
}

static int address_add(struct nl_sock *sock, int index, const char *text)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = NULL;
	int err = nl_addr_parse(text, AF_INET, &local);

	if (err == 0 && addr) {
		rtnl_addr_set_ifindex(addr, index);
		rtnl_addr_set_local(addr, local);
		err = rtnl_addr_add(sock, addr, 0);
	}
	nl_addr_put(local);
	rtnl_addr_put(addr);
	return error_from(err);
}

static int route_default(struct nl_sock *sock, int index, const char *gateway)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *any = NULL, *via = NULL;
	int err = nl_addr_parse("0.0.0.0/0", AF_INET, &any);

	if (err == 0)
		err = nl_addr_parse(gateway, AF_INET, &via);
	if (err == 0 && route && hop) {
		rtnl_route_set_dst(route, any);
		rtnl_route_nh_set_ifindex(hop, index);
		rtnl_route_nh_set_gateway(hop, via);
		rtnl_route_add_nexthop(route, hop); /* owns hop from here on */
		err = rtnl_route_add(sock, route, 0);
	}
	nl_addr_put(via);
	nl_addr_put(any);
	rtnl_route_put(route);
	return error_from(err);
}

/* The interface with the lowest number that is not lo; 0: there is none. */
static int first_index(char name[IF_NAMESIZE])
{
	for (unsigned i = 2; i < 64; i++)
		if (if_indextoname(i, name) && strncmp(name, "sit", 3) != 0)
			return (int)i;
	return 0;
}

static int network_set(struct boot *b, struct nl_sock *sock)
{
	const char *ip = b->settings.ip ? b->settings.ip : "10.0.2.15/24";
	const char *gateway = b->settings.gateway ? b->settings.gateway : "10.0.2.2";
	char name[IF_NAMESIZE];
	int index, err = link_up(sock, 1);

	if (err < 0)
		return boot_unable(b, err, "bring up lo");
	if (b->form == BOOT_CONTAINER)
		return 0; /* whoever made its network knows better */
	index = first_index(name);
	if (!index) {
		boot_note(b, "%s", "no interface but lo");
		return 0;
	}
	err = link_up(sock, index);
	if (err < 0)
		return boot_unable(b, err, "bring up %s", name);
	err = address_add(sock, index, ip);
	if (err < 0)
		return boot_unable(b, err, "give %s the address %s", name, ip);
	err = route_default(sock, index, gateway);
	if (err < 0)
		return boot_unable(b, err, "route through %s on %s", gateway, name);
	return 0;
}

/* In a child of its own, as libnl uses the heap. It tells its parent by its
 * exit status, an errno value, and what it could not do through a pipe. */
static _Noreturn void network_child(struct boot *b, int report)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err = sock ? error_from(nl_connect(sock, NETLINK_ROUTE)) : -ENOMEM;

	err = err < 0 ? boot_unable(b, err, "open a netlink socket") : network_set(b, sock);
	if (err < 0 && write(report, b->what, strlen(b->what)) < 0)
		err = -EIO;
	_exit(-err);
}

int step_network(struct boot *b)
{
	int err = b->virtio >> VIRTIO_NET & 1 ? modules_load(b, GUEST_NET) : 0;
	int report[2], status;
	pid_t pid;

	if (err < 0)
		return err;
	if (pipe(report) < 0)
		return boot_unable(b, -errno, "make a pipe");
	pid = spawn_fork();
	if (pid == 0)
		network_child(b, report[1]);
	close(report[1]);
	status = pid < 0 ? pid : spawn_wait(pid, 5000);
	err = status < 0 ? status : WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
	if (status == -ETIMEDOUT) { /* it holds the pipe open: reading might last for ever */
		kill(pid, SIGKILL);
		boot_unable(b, err, "set up the network");
	} else if (err < 0) {
		ssize_t len = read(report[0], b->what, sizeof(b->what) - 1);

		b->what[len > 0 ? len : 0] = '\0';
	}
	close(report[0]);
	return err;
}

#else

int step_network(struct boot *b)
{
	boot_note(b, "%s", "built without CFG_NET: left to the image");
	return 0;
}

#endif
