/* share.h: where Windows programs find the guest's files: \\wsl.localhost\NAME and
 * \\wsl$\NAME, which for Wine are directories below the prefix's dosdevices/unc.
 *
 *     dosdevices/unc                      a file system of its own that nobody changes
 *     dosdevices/unc/wsl.localhost/NAME   empty, until there is a FUSE file system
 *     dosdevices/unc/wsl$                 a link to wsl.localhost
 *
 * They are in the view alone (view.h). Behind the wall nobody mounts anything
 * (Landlock), so a process of ours that is in the view but was started before
 * Landlock does it when it is asked. It does nothing else, reads no other word and
 * ends with its channel; a mount that it made goes with the namespace at the latest.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SHARE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SHARE_H

#include <stddef.h>
#include <sys/types.h>

struct share {
	const char *prefix; /* Wine's */
	const char *name;   /* NAME: a file's name, below it nobody's but this guest's files */
};

/* The path of what is mounted. Returns its length, as fmt. */
size_t share_path(const struct share *share, char *out, size_t size);

/* The directories as a file system that is mounted nowhere yet: its descriptor, or
 * negative errno. */
int share_make(const struct share *share);

/* Before view_enter: what share_start needs of what is not in the view, a descriptor of
 * /dev/fuse for that alone; or negative errno. */
int share_hold(void);

/* In the view, with that: starts the process. Its pid, with the way to ask it in
 * *channel; or negative errno. */
pid_t share_start(const struct share *share, int held, int *channel);

/* Mounts, instead of what is there; the descriptor to serve it with (max_read is
 * P9FS_GIVEN_READ, p9fs.h), or negative errno. For our own uid alone, without programs
 * for Linux, set-uid files and devices. */
int share_mount(int channel);

/* Unmounts what is there, whoever uses it. */
void share_unmount(int channel);

#endif
