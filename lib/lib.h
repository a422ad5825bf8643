/* lib.h: the little that all of Landbridge shares. This header stands for the
 * folder; include the part you need (bytes, child, fd, fmt, log, loop, ring,
 * signals, ...).
 */
#ifndef LANDBRIDGE_LIB_LIB_H
#define LANDBRIDGE_LIB_LIB_H

#include "lib/bytes.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/macros.h"
#include "lib/ring.h"

#endif
