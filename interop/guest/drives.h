/* drives.h: which of the host's drives this guest has. */
#ifndef LANDBRIDGE_INTEROP_GUEST_DRIVES_H
#define LANDBRIDGE_INTEROP_GUEST_DRIVES_H

#include <stdint.h>

#include "lib/log.h"

/* Those that are mounted, or that the hypervisor offers: bit 0 is A:. */
uint32_t drives_here(void);

/* Says what only one side has. */
void drives_compare(const struct log *log, uint32_t here, uint32_t host);

#endif
