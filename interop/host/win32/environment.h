/* environment.h: the environment of one program: ours, with a guest's variables over it.
 * Microsoft Learn: "Changing Environment Variables", CreateProcessW (lpEnvironment).
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_ENVIRONMENT_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_ENVIRONMENT_H

#include <stddef.h>
#include <wchar.h>

/* `over`: NAME=value each with a NUL, `count` units in all; names are free of case. The
 * block is sorted as Windows has it, and the caller's by free(3). NULL: no memory. */
wchar_t *environment_over(const wchar_t *over, size_t count);

#endif
