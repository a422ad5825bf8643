/* clock.h: this host's clock, as the guest has it. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_CLOCK_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_CLOCK_H

#include "interop/link/link.h"

struct clock {
	struct watch watch;
	struct router *router;
};

/* From now on the guest is told the time whenever this host's clock was set, which is
 * also said when it wakes from its sleep. Costs nothing until then. 0 or negative errno. */
int clock_begin(struct clock *clock, struct loop *loop, struct router *router);
void clock_end(struct clock *clock);

#endif
