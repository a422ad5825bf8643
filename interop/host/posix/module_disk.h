/* module_disk.h: a kernel's modules as a disk, where the guest's modprobe(8) has them. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_MODULE_DISK_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_MODULE_DISK_H

#include "interop/host/posix/where.h"

/* The squashfs of the directory `modules`, which is named after the kernel's release:
 * home/modules/RELEASE-STAMP.squashfs, made once for each state of the directory,
 * in a second or two. "" where there is none, as without mksquashfs(1): a note says
 * so to a person, once for each kernel. */
void module_disk_find(char disk[PATH_MAX], const char *modules, const struct dirs *dirs);

#endif
