/* drive.h: a drive for the tests: a FUSE file system of empty directories, so
 * that the kernel itself writes the mount table. */
#ifndef LANDBRIDGE_PATHCONV_TEST_DRIVE_H
#define LANDBRIDGE_PATHCONV_TEST_DRIVE_H

#include <sys/types.h>

/* Mounts drive `source` on dir and serves it from a process of its own, which
 * ends with the mount namespace: every name is a directory, but those that
 * begin with "new" do not exist. Returns its pid or negative errno. */
pid_t drive_mount(const char *source, const char *dir);

#endif
