/* forward.h: a port of this host that leads to one of the guest's side, as people write
 * it. Pure.
 *
 *   PORT                         127.0.0.1:PORT here, localhost:PORT in the guest
 *   PORT:HOST:PORT               127.0.0.1:PORT here, HOST:PORT from the guest
 *   ADDRESS:PORT:HOST:PORT       that address of this host
 *
 * as ssh(1) has it after -L. Addresses are numbers, IPv6 ones in brackets; HOST may be
 * localhost, which is the guest.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_FORWARD_H
#define LANDBRIDGE_INTEROP_HOST_FORWARD_H

#include "interop/link/link.h"

struct forward {
	struct address here;
	char there[ADDRESS_HOST_MAX + 16]; /* tcp:HOST:PORT */
};

/* 0; -EINVAL: not of that form. */
int forward_parse(struct forward *f, const char *text);

#endif
