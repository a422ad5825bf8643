/* prefix.h: what a Wine prefix consists of on disk. For wine.c, under its lock. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_PREFIX_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_PREFIX_H

#include "interop/host/posix/wine.h"

/* Makes the prefix where it is not complete. */
bool prefix_is_complete(const struct wine *wine);
int prefix_make(struct wine *wine, struct fault *why);

/* The names that scripts written for Windows use, beside Wine's own, which are in
 * lower case: on a drive that minds case both are there. */
void prefix_add_names(const struct wine *wine);

/* Before Wine is started: its server's directory is to be in PREFIX/tmp, behind the wall
 * (wall.h), the same for all who use the prefix, and nowhere else on the host. That is
 * Debian's Wine; one that is not has it in /tmp/.wine-UID, and Debian's has it in
 * /run/user/UID/wine where it may open that, as it may before the wall. */
int prefix_set_server(const struct wine *wine, struct fault *why);

/* Ends what outlived its agent: it is behind that one's wall (wall.h), not ours. */
void prefix_end_server(const struct wine *wine);

/* Makes dosdevices/ name these drives and no others. */
int prefix_set_drives(const struct wine *wine, const struct drives *drives, struct fault *why);
/* One more, instead of what is there by that letter, and one less, while the prefix is in
 * use: what Windows programs open next finds it so. `target` is what the link says. 0 or
 * negative errno. */
int prefix_add_drive(const struct wine *wine, const struct drive *drive, char target[PATH_MAX + 4]);
int prefix_drop_drive(const struct wine *wine, char letter);
bool prefix_has_drives(const struct wine *wine, const struct drives *drives);

#endif
