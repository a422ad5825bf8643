/* enroll.h: keys for a guest that calls over the network. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_ENROLL_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_ENROLL_H

#include "interop/host/posix/dirs.h"
#include "interop/link/link.h"

/* Makes a pair and both files, 0600, which must not be there yet: none is left where
 * it fails. */
int keys_write(const char *host, const char *guest, int64_t until, struct fault *why);

#endif
