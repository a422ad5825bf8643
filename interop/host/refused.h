/* refused.h: what an agent says of a guest that its link does not take. */
#ifndef LANDBRIDGE_INTEROP_HOST_REFUSED_H
#define LANDBRIDGE_INTEROP_HOST_REFUSED_H

#include "lib/log.h"

/* One line for what the router says by its ops' refused: of the guest `who`, or, where that
 * is NULL, of the link. */
void refused_say(const struct log *log, const char *who, int error);

#endif
