/* poll.h: see posix.h. */
#include "lib/win32/posix.h"
