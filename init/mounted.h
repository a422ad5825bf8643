/* mounted.h: what is mounted, asked and undone. */
#ifndef LANDBRIDGE_INIT_MOUNTED_H
#define LANDBRIDGE_INIT_MOUNTED_H

#include <stdbool.h>

/* Whether another file system begins at this directory. */
bool is_mountpoint(const char *path);

/* Unmounting at the end of a run, by one child after the other: a file system
 * whose server is gone may keep one for ever. What they share says where. */
struct unmounting;
struct unmounting *unmounting_start(void);

/* For a child. Unmounts everything but the root, /proc, /sys and /dev, however
 * many there are; what is busy is at least made read-only. */
void unmount_all(struct unmounting *u);
/* The root is made read-only, and all is written. */
void unmount_root(struct unmounting *u);

/* Whether the last child hung: the next one leaves alone what that was at. */
bool unmounting_hung(struct unmounting *u);

#endif
