/* connect.h: a TCP port that the host calls through the guest. Private to interop/guest.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_CONNECT_H
#define LANDBRIDGE_INTEROP_GUEST_CONNECT_H

#include "interop/wire/wire.h"

/* Calls o->address, tcp:HOST:PORT, where HOST is a number or localhost, as the guest's
 * network has it. Returns a socket, which need not be connected yet unless it is the
 * guest itself that is called, or fills *why (its text is in `text`) and returns
 * negative. */
int connect_open(const struct open *o, struct failed *why, char text[WIRE_FAILED_MAX]);

#endif
