/* time.h: what time it is, for a guest whose clock may have stood still. */
#ifndef LANDBRIDGE_INTEROP_HOST_TIME_H
#define LANDBRIDGE_INTEROP_HOST_TIME_H

#include <stdint.h>

/* In ms since 1970 (UTC). */
uint64_t host_time(void);

#endif
