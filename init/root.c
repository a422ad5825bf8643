/* root.c: which device holds the root. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "init/blockdev.h"
#include "init/boot.h"
#include "init/uevent.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"

enum { ROOT_WAIT_MS = 10000, PARTITIONS_MAX = 128 };

static bool root_add(struct boot *b, const char *name, const char *type)
{
	struct root_candidate *r = &b->roots[b->root_count];

	if (b->root_count == ROOTS_MAX)
		return false;
	if (fmt(r->device, sizeof(r->device), "/dev/%s", name) >= sizeof(r->device))
		return false;
	r->type = type;
	b->root_count++;
	return true;
}

/* The file system named on the command line, or the one that is there. */
static int device_add(struct boot *b, const char *name)
{
	const char *type = b->settings.root_type;
	struct rootfs_found fs;
	int err = blockdev_probe(name, &fs);

	if (type && err == -ENODATA)
		err = 0;
	if (err < 0)
		return err;
	return root_add(b, name, type ? type : fs.fs->type) ? 0 : -E2BIG;
}

static int partition_add(struct boot *b, const char *disk, int number)
{
	char name[BLOCKDEV_NAME];
	int err;

	if (!blockdev_partition(disk, number, name)) {
		b->hint = "look at the disk with fdisk -l";
		return boot_unable(b, -ENODEV, "find partition %d of the disk %s", number, disk);
	}
	err = device_add(b, name);
	if (err < 0)
		return boot_unable(b, err, "find a file system on /dev/%s", name);
	return 0;
}

/* A whole disk: its own file system, or those of its partitions. */
static int disk_add(struct boot *b, const char *disk)
{
	char name[BLOCKDEV_NAME];

	if (b->settings.partition)
		return partition_add(b, disk, b->settings.partition);
	if (device_add(b, disk) == 0)
		return 0;
	for (int i = 1; i <= PARTITIONS_MAX; i++)
		if (blockdev_partition(disk, i, name))
			device_add(b, name);
	if (b->root_count > 0)
		return 0;
	b->hint = ROOTFS_KNOWN " are known; name the type with rootfstype=";
	return boot_unable(b, -ENODATA, "find a file system on the disk /dev/%s", disk);
}

/* One look. -ENODEV: not there, or not yet. */
static int root_look(struct boot *b)
{
	const char *root = b->settings.root;
	char name[BLOCKDEV_NAME];
	int err;

	if (!root)
		return blockdev_first(name) ? disk_add(b, name) : -ENODEV;
	if (strncmp(root, "/dev/", 5) == 0) {
		if (access(root, F_OK) < 0)
			return -ENODEV;
		return disk_add(b, root + 5);
	}
	err = blockdev_named(root, name);
	return err < 0 ? err : device_add(b, name);
}

static int root_wait(struct boot *b)
{
	int64_t end = loop_now() + ROOT_WAIT_MS;
	int err;

	while ((err = root_look(b)) == -ENODEV && !b->what[0])
		if (b->uevents < 0 || uevent_wait(b->uevents, end - loop_now()) < 0)
			break;
	if (err < 0 && !b->what[0])
		return boot_unable(b, err, "find the root %s%s within %d s",
				   b->settings.root ? "" : "disk",
				   b->settings.root ? b->settings.root : "", ROOT_WAIT_MS / 1000);
	return err;
}

int step_root(struct boot *b)
{
	const char *root = b->settings.root, *type = b->settings.root_type;
	const struct rootfs *fs = type ? rootfs_named(type) : NULL;
	int err;

	if (fs && fs->kind == ROOTFS_SHARED) {
		if (!root)
			return boot_unable_try(b, -EINVAL, "say root=TAG too",
					       "find the root's tag");
		b->root_count = 1; /* no device: step_mount takes the tag */
		return modules_load(b, fs->group);
	}
	if (root && strncmp(root, "/dev/", 5) != 0 && strncmp(root, "LABEL=", 6) != 0 &&
	    strncmp(root, "UUID=", 5) != 0)
		return boot_unable_try(
			b, -EINVAL,
			"root= is /dev/NAME, LABEL=x, UUID=x, or a tag with rootfstype=9p",
			"understand root=");
	b->uevents = uevent_open();
	err = modules_load(b, GUEST_DISK);
	if (err == 0)
		err = root_wait(b);
	if (b->uevents >= 0)
		close(b->uevents);
	b->uevents = -1;
	return err;
}
