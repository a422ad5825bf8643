/* net.c: lo and the network interface that is there. */
#include "init/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "init/machine.h"
#include "init/netif.h"
#include "init/rtnl.h"
#include "init/spawn.h"
#include "init/virtio.h"
#include "lib/fmt.h"

#if CFG_NET
/* A number up to `most`, and the character behind it. */
static bool number_take(const char **at, unsigned long most, unsigned long *number)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*number = strtoul(*at, &end, 10);
	*at = end;
	return *number <= most;
}

/* "A.B.C.D/LENGTH"; without a length it is one host's. */
static int address_parse_v4(const char *text, uint32_t *address, uint8_t *length)
{
	unsigned long number, bits = 32;
	uint8_t bytes[4];

	for (size_t i = 0; i < sizeof(bytes); i++) {
		if ((i > 0 && *text++ != '.') || !number_take(&text, 255, &number))
			return -EINVAL;
		bytes[i] = (uint8_t)number;
	}
	if (*text == '/') {
		text++;
		if (!number_take(&text, 32, &bits))
			return -EINVAL;
	}
	if (*text)
		return -EINVAL;
	memcpy(address, bytes, sizeof(bytes));
	*length = (uint8_t)bits;
	return 0;
}

bool net_is_leased(const struct settings *s)
{
	return !s->ip || strcmp(s->ip, "dhcp") == 0;
}

static int address_set(struct machine *m, struct nl_sock *sock, int index, const char *name)
{
	const char *ip = m->settings.ip, *gateway = m->settings.gateway;
	uint32_t address;
	uint8_t bits;
	int err = address_parse_v4(ip, &address, &bits);

	if (err == 0)
		err = rtnl_address_add(sock, index, address, bits);
	if (err < 0)
		return boot_unable(m->boot, err, "give %s the address %s", name, ip);
	if (!gateway)
		return 0;
	err = address_parse_v4(gateway, &address, &bits);
	if (err == 0)
		err = rtnl_route_default(sock, index, address);
	return err < 0 ? boot_unable(m->boot, err, "route through %s on %s", gateway, name) : 0;
}

/* An address of IPv6 the kernel gets itself, from a router's advertisement. */
static int network_set(struct machine *m, struct nl_sock *sock)
{
	char name[IF_NAMESIZE];
	int index, err = rtnl_link_up(sock, 1);

	if (err < 0)
		return boot_unable(m->boot, err, "bring up lo");
	if (m->boot->form == BOOT_CONTAINER)
		return 0; /* whoever made its network knows better */
	index = netif_first(NETIF_TOP, name);
	if (!index) {
		boot_note(m->boot, "%s", "no interface but lo");
		return 0;
	}
	err = rtnl_link_up(sock, index);
	if (err < 0)
		return boot_unable(m->boot, err, "bring up %s", name);
	return net_is_leased(&m->settings) ? 0 : address_set(m, sock, index, name);
}

static int network_part(void *owner)
{
	struct machine *m = owner;
	struct nl_sock *sock;
	int err = rtnl_open(&sock);

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

bool net_is_leased(const struct settings *s)
{
	(void)s;
	return false;
}

int step_network(struct machine *m)
{
	boot_note(m->boot, "%s", "built without CFG_NET: left to the image");
	return 0;
}

#endif
