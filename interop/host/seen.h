/* seen.h: a disk without a root file system, as /init saw it, told to a person.
 *
 * /init says it in few words (init/root.h): devices, each with its type and what
 * is at its top. What that means, and what to try, is said here. Pure.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_SEEN_H
#define LANDBRIDGE_INTEROP_HOST_SEEN_H

#include <stdbool.h>
#include <stddef.h>

/* "mount: unable to find a system in /dev/vda btrfs @data @home: ..." becomes "no
 * root file system: /dev/vda is a btrfs with @data, @home (name ... with
 * --subvolume)". False, and nothing is written: the line says something else. */
bool seen_tell(char *out, size_t size, const char *line);

#endif
