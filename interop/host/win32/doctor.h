/* doctor.h: landbridge doctor: what works here, and what to do. */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_DOCTOR_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_DOCTOR_H

#include "interop/host/options.h"

/* An exit status, or -1 and *why. */
int doctor_main(const struct options *options, struct fault *why);

#endif
