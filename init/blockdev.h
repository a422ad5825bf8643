/* blockdev.h: the machine's disks and partitions.
 *
 * Device names are the kernel's ("vda1"), found in /sys/class/block.
 */
#ifndef LANDBRIDGE_INIT_BLOCKDEV_H
#define LANDBRIDGE_INIT_BLOCKDEV_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/rootfs.h"

enum { BLOCKDEV_NAME = 32 };

/* The disk to take when none is named: the first virtio disk by name, else
 * the first other that is no loop, RAM or optical one. False: there is none. */
bool blockdev_first(char name[BLOCKDEV_NAME]);

/* The device whose file system "LABEL=x" or "UUID=x" names. 0 or -ENODEV. */
int blockdev_named(const char *spec, char name[BLOCKDEV_NAME]);

/* The virtio disk with this serial number. 0 or -ENODEV. */
int blockdev_serial(const char *serial, char name[BLOCKDEV_NAME]);

/* The name of a disk's partition `number`; false: it has none. */
bool blockdev_partition(const char *disk, int number, char name[BLOCKDEV_NAME]);

/* What is on it. 0; -ENODATA: no file system that we know; or negative errno. */
int blockdev_probe(const char *name, struct rootfs_found *fs);

#endif
