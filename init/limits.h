/* limits.h: how much of everything the guest's processes may have. */
#ifndef LANDBRIDGE_INIT_LIMITS_H
#define LANDBRIDGE_INIT_LIMITS_H

struct machine;

/* The machine's step. */
int step_limits(struct machine *m);

#endif
