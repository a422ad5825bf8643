/* strange.h: transports that are harder on their user than a descriptor is, as an
 * engine for TLS may be. The tests of two routers run over them too.
 */
#ifndef LANDBRIDGE_INTEROP_LINK_TEST_STRANGE_H
#define LANDBRIDGE_INTEROP_LINK_TEST_STRANGE_H

#include "interop/link/transport.h"

enum strange {
	STRANGE_BYTES = 1,   /* writes a part, often of one byte, two or three */
	STRANGE_HOARDS = 2,  /* reads ahead, gives some of it; no event tells of the rest */
	STRANGE_REFUSES = 4, /* says -EAGAIN now and then, though it could */
	STRANGE_GREETS = 8,  /* a byte each way first: who writes must read before */
	STRANGE_ALL = 15,
};

/* What strange_transport makes from now on; 0: a plain one, which is the default. */
void strange_set(unsigned kinds);

/* Of a non-blocking socket, which it owns. */
struct transport *strange_transport(int fd);

#endif
