/* why.h: why a stream came to nothing, as FAILED tells it (private). */
#ifndef LANDBRIDGE_INTEROP_LINK_WHY_H
#define LANDBRIDGE_INTEROP_LINK_WHY_H

#include "interop/wire/wire.h"

struct router;

enum why {
	WHY_ABSENT,
	WHY_LOST,
	WHY_SILENT,
	WHY_VERSION,
	WHY_RUNNER,
	WHY_PROTOCOL,
	WHY_FULL,
	WHY_CROWD,
	WHY_LONG,
	WHY_MEMORY
};

/* The FAILED that says so, in this side's words; its text is static. */
struct failed failed_because(const struct router *r, enum why why);

#endif
