/* connect.c: a TCP port that the host calls through the guest. */
#include "interop/guest/connect.h"

#include <errno.h>
#include <string.h>

#include "interop/link/link.h"
#include "lib/lib.h"

/* A server on localhost listens at one of the two, or at both. */
static int localhost_connect(struct address *a)
{
	static const char numbers[][10] = { "127.0.0.1", "::1" };
	int fd = -EADDRNOTAVAIL;

	for (size_t i = 0; i < array_len(numbers) && fd < 0; i++) {
		fmt(a->name, sizeof(a->name), "%s", numbers[i]);
		fd = address_connect(a);
	}
	return fd;
}

int connect_open(const struct open *o, struct failed *why, char text[WIRE_FAILED_MAX])
{
	struct address a;
	int fd = address_parse(&a, o->address.at);

	if (fd == 0 && a.kind != ADDRESS_TCP)
		fd = -EPROTONOSUPPORT;
	if (fd == 0)
		fd = strcmp(a.name, "localhost") == 0 ? localhost_connect(&a) : address_connect(&a);
	if (fd >= 0)
		return fd;
	why->code = WIRE_FAIL_BRIDGE;
	why->os_error = (uint32_t)-fd;
	why->text.len =
		fmt(text, WIRE_FAILED_MAX, "unable to reach %s from the guest: %s", o->address.at,
		    fd == -EADDRNOTAVAIL ? "give a number, or localhost" : strerror(-fd));
	why->text.at = text;
	return fd;
}
