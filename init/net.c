/* net.c: lo and the first network interface, by libnl. */
#include "init/net.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "init/machine.h"
#include "init/spawn.h"
#include "init/virtio.h"
#include "lib/fmt.h"

#if CFG_NET
#include <arpa/inet.h>
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

/* A request of rtnetlink(7): what it is about, and up to two addresses or
 * numbers of four bytes. */
struct rtrequest {
	int type;
	const void *header;
	size_t size;
	struct {
		int type;
		uint32_t value;
	} attr[2];
};

static int request_send(struct nl_sock *sock, const struct rtrequest *r)
{
	struct nl_msg *msg = nlmsg_alloc_simple(r->type, NLM_F_CREATE);
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

static int link_up(struct nl_sock *sock, int index)
{
	const struct ifinfomsg up = { .ifi_index = index,
				      .ifi_flags = IFF_UP,
				      .ifi_change = IFF_UP };
	const struct rtrequest r = { RTM_SETLINK, &up, sizeof(up), { { 0 } } };

	return request_send(sock, &r);
}

/* "A.B.C.D/LENGTH"; without a length it is one host's. */
static int address_parse_v4(const char *text, uint32_t *address, uint8_t *length)
{
	const char *slash = strchrnul(text, '/');
	char host[INET_ADDRSTRLEN];
	char *end = NULL;
	unsigned long bits = *slash ? strtoul(slash + 1, &end, 10) : 32;

	if ((end && (end == slash + 1 || *end)) || bits > 32 ||
	    fmt(host, sizeof(host), "%.*s", (int)(slash - text), text) >= sizeof(host) ||
	    inet_pton(AF_INET, host, address) != 1)
		return -EINVAL;
	*length = (uint8_t)bits;
	return 0;
}

static int address_add(struct nl_sock *sock, int index, const char *text)
{
	struct ifaddrmsg addr = { .ifa_family = AF_INET, .ifa_index = (unsigned)index };
	struct rtrequest r = { RTM_NEWADDR, &addr, sizeof(addr), { { IFA_LOCAL, 0 } } };
	int err = address_parse_v4(text, &r.attr[0].value, &addr.ifa_prefixlen);

	r.attr[1].type = IFA_ADDRESS;
	r.attr[1].value = r.attr[0].value;
	return err < 0 ? err : request_send(sock, &r);
}

static int route_default(struct nl_sock *sock, int index, const char *gateway)
{
	const struct rtmsg route = { .rtm_family = AF_INET,
				     .rtm_table = RT_TABLE_MAIN,
				     .rtm_protocol = RTPROT_STATIC,
				     .rtm_scope = RT_SCOPE_UNIVERSE,
				     .rtm_type = RTN_UNICAST };
	struct rtrequest r = { RTM_NEWROUTE,
			       &route,
			       sizeof(route),
			       { { RTA_GATEWAY, 0 }, { RTA_OIF, (uint32_t)index } } };
	uint8_t length;
	int err = address_parse_v4(gateway, &r.attr[0].value, &length);

	return err < 0 ? err : request_send(sock, &r);
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
