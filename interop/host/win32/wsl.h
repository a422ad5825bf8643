/* wsl.h: landbridge.exe under the name wsl.exe. */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_WSL_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_WSL_H

#include "interop/host/host.h"

/* Whether that is what our file is called. */
bool wsl_is_name(void);

/* By the whole command line of the process. An exit status, or -1 and *why. */
int wsl_main(struct fault *why);

#endif
