/* mounts.h: what is mounted, asked and undone. */
#ifndef LANDBRIDGE_INIT_MOUNTS_H
#define LANDBRIDGE_INIT_MOUNTS_H

#include <stdbool.h>

/* Whether another file system begins at this directory. */
bool is_mountpoint(const char *path);

/* Unmounts everything but the root, /proc, /sys and /dev, however many there
 * are; what is busy is at least made read-only. */
void unmount_all(void);

#endif
