/* dhcp_wire.c: the messages of DHCP. */
#include "init/dhcp_wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/text.h"

enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1 };
enum { AT_MAC = 28, AT_SERVER_NAME = 44, AT_FILE = 108, AT_COOKIE = 236, AT_OPTIONS = 240 };

enum option {
	PAD = 0,
	MASK = 1,
	ROUTER = 3,
	DNS = 6,
	HOSTNAME = 12,
	DOMAIN = 15,
	MTU = 26,
	ADDRESS = 50,
	LASTS = 51,
	OVERLOAD = 52,
	TYPE = 53,
	SERVER = 54,
	PARAMETERS = 55,
	SIZE = 57,
	RENEW = 58,
	REBIND = 59,
	CLIENT = 61,
	END = 255,
};

static const uint8_t cookie[] = { 0x63, 0x82, 0x53, 0x63 };

/* --- what a client says -------------------------------------------------------- */

static void option_put(uint8_t **at, uint8_t option, const void *value, size_t len)
{
	*(*at)++ = option;
	*(*at)++ = (uint8_t)len;
	memcpy(*at, value, len);
	*at += len;
}

static void address_put(uint8_t **at, uint8_t option, uint32_t address)
{
	if (address)
		option_put(at, option, &address, sizeof(address));
}

size_t dhcp_put(uint8_t out[DHCP_MAX], const struct dhcp_ask *ask)
{
	static const uint8_t wanted[] = { MASK, ROUTER, DNS, DOMAIN, MTU, LASTS, RENEW, REBIND };
	static const uint8_t size[] = { DHCP_MAX >> 8, DHCP_MAX & 0xff };
	const uint8_t type = (uint8_t)ask->type;
	uint8_t *at = out + AT_OPTIONS, id[1 + sizeof(ask->mac)] = { ETHERNET };
	size_t name = ask->hostname ? strnlen(ask->hostname, 63) : 0;

	memset(out, 0, DHCP_MAX);
	out[0] = BOOTREQUEST;
	out[1] = ETHERNET;
	out[2] = sizeof(ask->mac);
	memcpy(out + 4, &ask->xid, sizeof(ask->xid));
	out[8] = (uint8_t)(ask->seconds >> 8);
	out[9] = (uint8_t)ask->seconds;
	memcpy(out + 12, &ask->client, sizeof(ask->client));
	memcpy(out + AT_MAC, ask->mac, sizeof(ask->mac));
	memcpy(out + AT_COOKIE, cookie, sizeof(cookie));
	memcpy(id + 1, ask->mac, sizeof(ask->mac));
	option_put(&at, TYPE, &type, 1);
	option_put(&at, CLIENT, id, sizeof(id));
	address_put(&at, ADDRESS, ask->wanted);
	address_put(&at, SERVER, ask->server);
	option_put(&at, SIZE, size, sizeof(size));
	option_put(&at, PARAMETERS, wanted, sizeof(wanted));
	if (name)
		option_put(&at, HOSTNAME, ask->hostname, name);
	*at++ = END;
	return at - out < 300 ? 300 : (size_t)(at - out); /* what BOOTP relays want at least */
}

/* --- what a server answers ------------------------------------------------------- */

static uint32_t number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t address(const uint8_t *at)
{
	uint32_t a;

	memcpy(&a, at, sizeof(a));
	return a;
}

/* 0: no mask of a network. */
static uint8_t mask_bits(uint32_t mask)
{
	uint8_t bits = 0;

	while (bits < 32 && mask & UINT32_C(1) << (31 - bits))
		bits++;
	return bits && (bits == 32 || (mask << bits) == 0) ? bits : 0;
}

/* A name that may stand in resolv.conf. */
static void domain_take(struct dhcp_answer *a, const uint8_t *at, size_t len)
{
	if (len > 0 && at[len - 1] == '\0')
		len--; /* some count it */
	if (len == 0 || len >= DHCP_DOMAIN_MAX)
		return;
	fmt(a->domain, sizeof(a->domain), "%.*s", (int)len, (const char *)at);
	if (ascii_span(a->domain, ".-_") != len)
		a->domain[0] = '\0';
}

static void dns_take(struct dhcp_answer *a, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i + 4 <= len && a->dns_count < DHCP_DNS_MAX; i += 4)
		if (address(at + i))
			a->dns[a->dns_count++] = address(at + i);
}

/* Of four bytes or more. */
static void word_take(struct dhcp_answer *a, uint8_t option, const uint8_t *at)
{
	switch (option) {
	case MASK:
		a->bits = mask_bits(number(at));
		break;
	case ROUTER:
		a->gateway = address(at);
		break;
	case SERVER:
		a->server = address(at);
		break;
	case LASTS:
		a->lasts = number(at);
		break;
	case RENEW:
		a->renew = number(at);
		break;
	case REBIND:
		a->rebind = number(at);
		break;
	default:
		break;
	}
}

static void option_take(struct dhcp_answer *a, uint8_t option, const uint8_t *at, size_t len)
{
	if (option == TYPE && len == 1)
		a->type = (enum dhcp_type)at[0];
	else if (option == MTU && len == 2)
		a->mtu = (uint16_t)(at[0] << 8 | at[1]);
	else if (option == DOMAIN)
		domain_take(a, at, len);
	else if (option == DNS)
		dns_take(a, at, len);
	else if (len >= 4)
		word_take(a, option, at);
}

/* -EBADMSG: an option that goes on behind the end. *overload: which other fields
 * have options. */
static int options_take(struct dhcp_answer *a, const uint8_t *at, size_t len, uint8_t *overload)
{
	for (size_t i = 0; i < len && at[i] != END;) {
		uint8_t option = at[i++];
		size_t size;

		if (option == PAD)
			continue;
		if (i >= len)
			return -EBADMSG;
		size = at[i++];
		if (size > len - i)
			return -EBADMSG;
		if (option == OVERLOAD && size == 1)
			*overload = at[i];
		else
			option_take(a, option, at + i, size);
		i += size;
	}
	return 0;
}

/* The classes of addresses before there were masks. */
static uint8_t class_bits(uint32_t first)
{
	return first < 128 ? 8 : first < 192 ? 16 : 24;
}

static int answer_check(struct dhcp_answer *a)
{
	uint8_t first;

	if (a->type == DHCP_NAK)
		return 0;
	memcpy(&first, &a->address, 1);
	if ((a->type != DHCP_OFFER && a->type != DHCP_ACK) || !a->server || first == 0 ||
	    first == 127 || first >= 224)
		return -EBADMSG;
	if (!a->bits)
		a->bits = class_bits(first);
	if (a->mtu < 576)
		a->mtu = 0;
	if (!a->lasts)
		a->lasts = DHCP_FOREVER;
	if (!a->rebind || a->rebind > a->lasts)
		a->rebind = a->lasts - a->lasts / 8;
	if (!a->renew || a->renew > a->rebind)
		a->renew = a->rebind < a->lasts / 2 ? a->rebind : a->lasts / 2;
	return 0;
}

int dhcp_take(struct dhcp_answer *answer, const uint8_t *data, size_t len,
	      const struct dhcp_ask *ask)
{
	uint8_t overload = 0, none = 0;
	int err;

	*answer = (struct dhcp_answer){ .type = 0 };
	if (len < AT_OPTIONS || data[0] != BOOTREPLY || memcmp(data + 4, &ask->xid, 4) != 0 ||
	    memcmp(data + AT_MAC, ask->mac, sizeof(ask->mac)) != 0 ||
	    memcmp(data + AT_COOKIE, cookie, sizeof(cookie)) != 0)
		return -EBADMSG;
	answer->address = address(data + 16);
	err = options_take(answer, data + AT_OPTIONS, len - AT_OPTIONS, &overload);
	if (err == 0 && overload & 1)
		err = options_take(answer, data + AT_FILE, AT_COOKIE - AT_FILE, &none);
	if (err == 0 && overload & 2)
		err = options_take(answer, data + AT_SERVER_NAME, AT_FILE - AT_SERVER_NAME, &none);
	return err < 0 ? err : answer_check(answer);
}

const uint8_t *dhcp_find(const uint8_t *packet, size_t len, size_t *message)
{
	enum { UDP = 17, IP_HEADER = 20, UDP_HEADER = 8 };
	size_t head, total, datagram;
	const uint8_t *udp;

	if (len < IP_HEADER || packet[0] >> 4 != 4 || packet[9] != UDP || (packet[6] & 0x3f) ||
	    packet[7])
		return NULL; /* a fragment, too */
	head = 4 * (size_t)(packet[0] & 0xf);
	total = (size_t)packet[2] << 8 | packet[3];
	if (head < IP_HEADER || total > len || total < head + UDP_HEADER)
		return NULL;
	udp = packet + head;
	datagram = (size_t)udp[4] << 8 | udp[5];
	if (udp[0] || udp[1] != DHCP_SERVER_PORT || udp[2] || udp[3] != DHCP_CLIENT_PORT ||
	    datagram < UDP_HEADER || datagram > total - head)
		return NULL;
	*message = datagram - UDP_HEADER;
	return udp + UDP_HEADER;
}
