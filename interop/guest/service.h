/* service.h: what of the guest the host may open as a stream of bytes. Private
 * to interop/guest.
 */
#ifndef LANDBRIDGE_INTEROP_GUEST_SERVICE_H
#define LANDBRIDGE_INTEROP_GUEST_SERVICE_H

#include "interop/wire/wire.h"

/* Connects to the service that o->service names: `files` is the guest's file
 * server (p9d(8)), for o->user, or, when that is empty, for whomever the server
 * takes the host for. The server sees who it is by SO_PEERCRED (unix(7)), so
 * that user's rights are all that the stream can have. Returns a connected
 * socket, or fills *why (its text is static or in `text`) and returns negative. */
int service_open(const struct open *o, struct failed *why, char text[WIRE_FAILED_MAX]);

#endif
