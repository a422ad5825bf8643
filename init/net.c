/* net.c: lo and the first network interface, by libnl. */
#include "init/net.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "init/machine.h"
#include "init/spawn.h"
#include "init/virtio.h"
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

static int network_set(struct machine *m, struct nl_sock *sock)
{
	const char *ip = m->settings.ip ? m->settings.ip : "10.0.2.15/24";
	const char *gateway = m->settings.gateway ? m->settings.gateway : "10.0.2.2";
	char name[IF_NAMESIZE];
	int index, err = link_up(sock, 1);

	if (err < 0)
		return boot_unable(m->boot, err, "bring up lo");
	if (m->boot->form == BOOT_CONTAINER)
		return 0; /* whoever made its network knows better */
	index = first_index(name);
	if (!index) {
		boot_note(m->boot, "%s", "no interface but lo");
		return 0;
	}
	err = link_up(sock, index);
	if (err < 0)
		return boot_unable(m->boot, err, "bring up %s", name);
	err = address_add(sock, index, ip);
	if (err < 0)
		return boot_unable(m->boot, err, "give %s the address %s", name, ip);
	err = route_default(sock, index, gateway);
	if (err < 0)
		return boot_unable(m->boot, err, "route through %s on %s", gateway, name);
	return 0;
}

/* libnl uses the heap. */
static int network_part(void *owner)
{
	struct machine *m = owner;
	struct nl_sock *sock = nl_socket_alloc();
	int err = sock ? error_from(nl_connect(sock, NETLINK_ROUTE)) : -ENOMEM;

	return err < 0 ? boot_unable(m->boot, err, "open a netlink socket") : network_set(m, sock);
}

int step_network(struct machine *m)
{
	const struct part part = { network_part, m, 5000 };
	int err = virtio_has(m->virtio, VIRTIO_NET) ? modules_load(m, GUEST_NET) : 0;

	if (err < 0)
		return err;
	boot_unable(m->boot, 0, "set up the network");
	return spawn_part(m->boot, &part);
}

#else

int step_network(struct machine *m)
{
	boot_note(m->boot, "%s", "built without CFG_NET: left to the image");
	return 0;
}

#endif
