/* doctor.h: what the doctor and the client share. Private to interop/guest. */
#ifndef LANDBRIDGE_INTEROP_GUEST_DOCTOR_H
#define LANDBRIDGE_INTEROP_GUEST_DOCTOR_H

#include <stdbool.h>

/* A program that goes no further than the handler: it begins so, and the client that is
 * started for it ends with this status at once. */
#define DOCTOR_PROBE "MZ is all that landbridge-doctor needs\n"
enum { DOCTOR_PROBE_STATUS = 77 };

/* Whether the file is that program. */
bool doctor_is_probe(const char *path);

#endif
