/* wall.h: what of the host a process and all it starts may reach.
 *
 * Windows programs run under Wine with the host user's rights, and no check of
 * their paths holds: they follow links, and may make Linux system calls. So the
 * kernel is told once which files there are for them, and it holds for every
 * process that they start, whichever way (kernel document: userspace-api/landlock).
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_WALL_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_WALL_H

#include "interop/host/drives.h"
#include "interop/host/posix/wine.h"

/* From here on this process and its children
 *   - run: Wine alone, from its own directory;
 *   - read: Wine, the system's libraries, fonts, locales and network settings, /proc;
 *   - change: the prefix, and the drives that are not read-only;
 *   - unlink: what is beside `socket`;
 * use terminals and the harmless devices, and signal each other. Nothing else of
 * the host can be opened, made, removed, run or (from Linux 6.12 on) signalled by
 * them. It holds for opening only: what is open stays, unix sockets can be
 * connected to (X11's is one), the user's other terminals can be opened, and the
 * mode of a file that the user owns can be changed by a program that makes system
 * calls itself. The network is as everywhere. Of root's capabilities those of a
 * file server are left to what is exec'ed (guard_devices). All of Wine must be
 * started behind the wall: its server opens the files.
 * Before Linux 6.2 truncate(2) of a read-only drive's file is not refused; Wine
 * never asks for it without having the file open for writing.
 * 0 or negative errno; -EOPNOTSUPP: the kernel has no Landlock (Linux 5.13, and
 * CONFIG_SECURITY_LANDLOCK). */
int wall_raise(const struct wine *wine, const struct drives *drives, const char *socket);

#endif
