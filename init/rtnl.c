/* rtnl.c: requests of rtnetlink(7), by libnl. */
#include "init/rtnl.h"

#if CFG_NET
#include <errno.h>
#include <net/if.h>
#include <stddef.h>

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

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

int rtnl_open(struct nl_sock **sock)
{
	int err;

	*sock = nl_socket_alloc();
	if (!*sock)
		return -ENOMEM;
	err = error_from(nl_connect(*sock, NETLINK_ROUTE));
	if (err < 0)
		nl_socket_free(*sock);
	return err;
}

/* A request: what it is about, and up to two addresses or numbers of four bytes. */
struct rtnl_request {
	int type, flags;
	const void *header;
	size_t size;
	struct {
		int type;
		uint32_t value;
	} attr[2];
};

static int request_send(struct nl_sock *sock, const struct rtnl_request *r)
{
	struct nl_msg *msg = nlmsg_alloc_simple(r->type, r->flags);
	int err = msg ? 0 : -NLE_NOMEM;

	if (err == 0)
		err = nlmsg_append(msg, (void *)(uintptr_t)r->header, r->size, NLMSG_ALIGNTO);
	for (int i = 0; err == 0 && i < 2; i++)
		if (r->attr[i].type)
			err = nla_put(msg, r->attr[i].type, sizeof(uint32_t), &r->attr[i].value);
	if (err < 0)
		nlmsg_free(msg);
	else
		err = nl_send_sync(sock, msg); /* frees it */
	return error_from(err);
}

int rtnl_link_up(struct nl_sock *sock, int index)
{
	const struct ifinfomsg up = { .ifi_index = index,
				      .ifi_flags = IFF_UP,
				      .ifi_change = IFF_UP };
	const struct rtnl_request r = { RTM_SETLINK, 0, &up, sizeof(up), { { 0 } } };

	return request_send(sock, &r);
}

int rtnl_link_mtu(struct nl_sock *sock, int index, uint32_t mtu)
{
	const struct ifinfomsg link = { .ifi_index = index };
	const struct rtnl_request r = {
		RTM_SETLINK, 0, &link, sizeof(link), { { IFLA_MTU, mtu } }
	};

	return request_send(sock, &r);
}

static int address_request(struct nl_sock *sock, int type, int flags, const struct ifaddrmsg *which,
			   uint32_t address)
{
	const struct rtnl_request r = { type,
					flags,
					which,
					sizeof(*which),
					{ { IFA_LOCAL, address }, { IFA_ADDRESS, address } } };

	return request_send(sock, &r);
}

int rtnl_address_add(struct nl_sock *sock, int index, uint32_t address, uint8_t bits)
{
	const struct ifaddrmsg a = { .ifa_family = AF_INET,
				     .ifa_prefixlen = bits,
				     .ifa_index = (unsigned)index };

	return address_request(sock, RTM_NEWADDR, NLM_F_CREATE, &a, address);
}

int rtnl_address_remove(struct nl_sock *sock, int index, uint32_t address, uint8_t bits)
{
	const struct ifaddrmsg a = { .ifa_family = AF_INET,
				     .ifa_prefixlen = bits,
				     .ifa_index = (unsigned)index };

	return address_request(sock, RTM_DELADDR, 0, &a, address);
}

int rtnl_route_default(struct nl_sock *sock, int index, uint32_t gateway)
{
	const struct rtmsg route = { .rtm_family = AF_INET,
				     .rtm_table = RT_TABLE_MAIN,
				     .rtm_protocol = RTPROT_STATIC,
				     .rtm_scope = RT_SCOPE_UNIVERSE,
				     .rtm_type = RTN_UNICAST,
				     .rtm_flags = RTNH_F_ONLINK };
	const struct rtnl_request r = { RTM_NEWROUTE,
					NLM_F_CREATE | NLM_F_REPLACE,
					&route,
					sizeof(route),
					{ { RTA_GATEWAY, gateway },
					  { RTA_OIF, (uint32_t)index } } };

	return request_send(sock, &r);
}

#endif
