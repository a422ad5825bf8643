/* dhcp_wire.h: the messages of DHCP as a client of IPv4 needs them.
 *
 * Pure: no system calls, no allocation. Addresses are as in struct in_addr, in
 * network order; 0 is none. Source: RFC 2131, RFC 2132.
 */
#ifndef LANDBRIDGE_INIT_DHCP_WIRE_H
#define LANDBRIDGE_INIT_DHCP_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER = 2,
	DHCP_REQUEST = 3,
	DHCP_ACK = 5,
	DHCP_NAK = 6,
};

enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68 };
enum { DHCP_MAX = 548, DHCP_DNS_MAX = 3, DHCP_DOMAIN_MAX = 128 };
#define DHCP_FOREVER UINT32_MAX

/* What a client says. */
struct dhcp_ask {
	enum dhcp_type type;
	uint32_t xid;
	uint16_t seconds; /* since it began to ask */
	uint8_t mac[6];
	uint32_t client;      /* the address it has and renews */
	uint32_t wanted;      /* one it was offered */
	uint32_t server;      /* by whom */
	const char *hostname; /* NULL: not said */
};

/* Its length, at most DHCP_MAX. */
size_t dhcp_put(uint8_t out[DHCP_MAX], const struct dhcp_ask *ask);

/* What a server answers. Times are seconds from now, renew <= rebind <= lasts. */
struct dhcp_answer {
	enum dhcp_type type;
	uint32_t address, server, gateway;
	uint32_t dns[DHCP_DNS_MAX];
	unsigned dns_count;
	uint8_t bits; /* of the network's prefix, 1 to 32 */
	uint16_t mtu; /* 0: not said, or too small to be true */
	uint32_t lasts, renew, rebind;
	char domain[DHCP_DOMAIN_MAX]; /* "": not said, or no domain's name */
};

/* 0; -EBADMSG: no answer to `ask`, or not a sound one. An offer or an ACK has an
 * address and a server. */
int dhcp_take(struct dhcp_answer *answer, const uint8_t *data, size_t len,
	      const struct dhcp_ask *ask);

/* The message in a packet of IPv4, from a server's port to a client's, and its
 * length; NULL: there is none, or only a piece of one. */
const uint8_t *dhcp_find(const uint8_t *packet, size_t len, size_t *message);

#endif
