/* root.c: which device holds the root. */
#include "init/root.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "init/blockdev.h"
#include "init/distro.h"
#include "init/machine.h"
#include "init/uevent.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"

enum { ROOT_WAIT_MS = 10000, PARTITIONS_MAX = 128 };

void root_seen(struct roots *roots, const char *word)
{
	size_t used = strlen(roots->seen);

	fmt(roots->seen + used, sizeof(roots->seen) - used, " %s", word);
}

static bool root_add(struct distro *d, const char *name, const char *type)
{
	struct root_candidate *r = &d->roots.at[d->roots.count];

	if (d->roots.count == ROOTS_MAX)
		return false;
	if (fmt(r->device, sizeof(r->device), "/dev/%s", name) >= sizeof(r->device))
		return false;
	r->type = type;
	d->roots.count++;
	return true;
}

/* The file system named on the command line, or the one that is there. */
static int device_add(struct distro *d, const char *name)
{
	const char *type = d->machine->settings.root_type;
	struct rootfs_found fs;
	int err = blockdev_probe(name, &fs);

	if (type && err == -ENODATA)
		err = 0;
	if (err < 0)
		return err;
	if (!type && fs.fs->kind == ROOTFS_FOREIGN) {
		root_seen(&d->roots, name);
		root_seen(&d->roots, fs.fs->type);
		return -ENODATA;
	}
	return root_add(d, name, type ? type : fs.fs->type) ? 0 : -E2BIG;
}

static int partition_add(struct distro *d, const char *disk, int number)
{
	char name[BLOCKDEV_NAME];
	int err;

	if (!blockdev_partition(disk, number, name)) {
		d->boot->hint = "look at the disk with fdisk -l";
		return boot_unable(d->boot, -ENODEV, "find partition %d of the disk %s", number,
				   disk);
	}
	err = device_add(d, name);
	if (err < 0)
		return boot_unable(d->boot, err, "find a file system on /dev/%s%s", name,
				   d->roots.seen);
	return 0;
}

/* A whole disk: its own file system, or those of its partitions. */
static int disk_add(struct distro *d, const char *disk)
{
	char name[BLOCKDEV_NAME];

	if (d->machine->settings.partition)
		return partition_add(d, disk, d->machine->settings.partition);
	if (device_add(d, disk) == 0)
		return 0;
	for (int i = 1; i <= PARTITIONS_MAX; i++)
		if (blockdev_partition(disk, i, name))
			device_add(d, name);
	if (d->roots.count > 0)
		return 0;
	d->boot->hint = "name it with rootfstype=";
	return boot_unable(d->boot, -ENODATA, "find a file system on /dev/%s%s", disk,
			   d->roots.seen);
}

/* One look. -ENODEV: not there, or not yet. */
static int root_look(struct distro *d)
{
	const char *root = d->machine->settings.root;
	char name[BLOCKDEV_NAME];
	int err;

	if (!root)
		return blockdev_first(name) ? disk_add(d, name) : -ENODEV;
	if (strncmp(root, "/dev/", 5) == 0) {
		if (access(root, F_OK) < 0)
			return -ENODEV;
		return disk_add(d, root + 5);
	}
	err = blockdev_named(root, name);
	return err < 0 ? err : device_add(d, name);
}

static int root_wait(struct distro *d)
{
	int64_t end = loop_now() + ROOT_WAIT_MS;
	int err;

	while ((err = root_look(d)) == -ENODEV && !d->boot->what[0])
		if (d->roots.uevents < 0 || uevent_wait(d->roots.uevents, end - loop_now()) < 0)
			break;
	if (err < 0 && !d->boot->what[0])
		return boot_unable(d->boot, err, "find the root %s within %d s",
				   d->machine->settings.root ? d->machine->settings.root : "disk",
				   ROOT_WAIT_MS / 1000);
	return err;
}

int step_root(struct distro *d)
{
	const char *root = d->machine->settings.root, *type = d->machine->settings.root_type;
	const struct rootfs *fs = type ? rootfs_named(type) : NULL;
	int err;

	if (fs && fs->kind == ROOTFS_SHARED) {
		if (!root)
			return boot_unable_try(d->boot, -EINVAL, "say root=TAG too",
					       "find the root's tag");
		d->roots.at[0].type = type;
		d->roots.count = 1; /* no device: step_mount takes the tag */
		return modules_load(d->machine, fs->group);
	}
	if (root && strncmp(root, "/dev/", 5) != 0 && strncmp(root, "LABEL=", 6) != 0 &&
	    strncmp(root, "UUID=", 5) != 0)
		return boot_unable(d->boot, -EINVAL, "understand root=");
	d->roots.uevents = uevent_open();
	err = modules_load(d->machine, GUEST_DISK);
	if (err == 0)
		err = root_wait(d);
	if (d->roots.uevents >= 0)
		close(d->roots.uevents);
	d->roots.uevents = -1;
	return err;
}
