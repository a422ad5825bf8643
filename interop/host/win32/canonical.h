/* canonical.h: the one name that a file has on Windows. Microsoft Learn:
 * GetFinalPathNameByHandleW.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_CANONICAL_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_CANONICAL_H

#include <stdint.h>

enum { CANONICAL_MAX = 3 * 1024 };

/* C:\dir\x.exe of a path (UTF-8) that may have links, short names (PROGRA~1) and case of
 * its own. 0 or a Win32 error: what leads out of the drives is ERROR_BAD_PATHNAME. */
uint32_t canonical_path(const char *path, char out[CANONICAL_MAX]);

#endif
