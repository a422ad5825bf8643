/* variables.h: the variables that the registry has for new processes. */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_VARIABLES_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_VARIABLES_H

#include <windows.h>

/* Whether the machine's or the user's were changed since this process began: one that
 * begins now would have others. Microsoft Learn: "Environment Variables",
 * RegQueryInfoKeyW, GetProcessTimes. */
BOOL variables_changed(void);

#endif
