/* spelling.h: Windows names without regard to case on a file system that has it.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SPELLING_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SPELLING_H

/* Gives each part of `path`, names below the directory `root` with \ between
 * them, the spelling that it has on disk; the length stays. A name that is there
 * as it is stays; of several that differ in case only any may be taken; what is
 * not there, and all below it, stays as it is. Which letters are the same: lib/fold.h. */
void spelling_fix(const char *root, char *path);

#endif
