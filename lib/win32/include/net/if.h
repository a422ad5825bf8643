/* if.h: see posix.h. */
#include "lib/win32/posix.h"

/* Of iphlpapi (netioapi.h). */
unsigned long if_nametoindex(const char *name);
