/* time.c: what time it is. */
#include "interop/host/time.h"

#include <stddef.h>
#include <sys/time.h>

uint64_t host_time(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000;
}
