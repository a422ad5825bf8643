/* drive.h: a letter that Wine's mount manager is to know, or to forget, while it runs: by
 * itself it looks for drives when it starts, and then at discs alone. Without it the files
 * are there, and what asks about the drive (dir, GetLogicalDrives) gets an error.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_DRIVE_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_DRIVE_H

#include <windows.h>

/* path: the Unix directory, in ASCII, at most 200 bytes; NULL: none any more. A Win32
 * error. Source: IOCTL_MOUNTMGR_DEFINE_UNIX_DRIVE of Wine's ddk/mountmgr.h, which winecfg
 * uses. */
DWORD drive_define(char letter, const char *path);

#endif
