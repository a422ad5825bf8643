/* fuzz_dhcp.c: packets of a network with DHCP, and the messages in them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/dhcp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_message(const uint8_t *data, size_t len)
{
	struct dhcp_ask ask = { .type = DHCP_DISCOVER };
	struct dhcp_answer a;

	if (len >= 34) { /* so that it is an answer */
		memcpy(&ask.xid, data + 4, sizeof(ask.xid));
		memcpy(ask.mac, data + 28, sizeof(ask.mac));
	}
	if (dhcp_take(&a, data, len, &ask) < 0 || a.type == DHCP_NAK)
		return;
	if (!a.server || !a.address || a.bits < 1 || a.bits > 32 || a.dns_count > DHCP_DNS_MAX ||
	    a.renew > a.rebind || a.rebind > a.lasts || (a.mtu && a.mtu < 576) ||
	    strpbrk(a.domain, " \t\n#"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = 0;
	const uint8_t *message = dhcp_find(data, size, &len);

	if (message && (message < data || len > size - (size_t)(message - data)))
		abort();
	if (message)
		try_message(message, len);
	try_message(data, size);
	return 0;
}
