/* libnl.h: libnl without stdio, for /init: forced into every file of it.
 *
 * Its dump functions are linked whether anybody calls them or not, and would
 * bring printf, scanf and FILE with them: 37 KiB. Text goes through lib/fmt
 * instead, and nothing is read from files or the environment before main.
 */
#ifndef LANDBRIDGE_LIB_MUSL_LIBNL_H
#define LANDBRIDGE_LIB_MUSL_LIBNL_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/fmt.h"

#define fopen(...) ((FILE *)NULL)
#define getenv(...) NULL
#define sscanf(...) 0
#define fprintf(...) 0
#undef stderr
#define stderr ((FILE *)NULL)
#define vfprintf(...) 0
#define vasprintf(...) (-1)
#define snprintf fmt
#define vsnprintf fmt_va

#endif
