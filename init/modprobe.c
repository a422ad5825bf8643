/* modprobe.c: the kernel's modules, where modprobe(8) looks for them. */
#include "init/modprobe.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "init/blockdev.h"
#include "init/distro.h"
#include "init/machine.h"
#include "init/virtio.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/places.h"

enum { PLACE = sizeof(((struct utsname *)0)->release) + 16 };

static void place_name(char out[PLACE])
{
	struct utsname u;

	uname(&u);
	fmt(out, PLACE, "/lib/modules/%s", u.release);
}

static bool has_modules(const char *place)
{
	char list[PLACE + 16];

	fmt(list, sizeof(list), "%s/modules.dep", place);
	return access(list, F_OK) == 0;
}

/* How many directories of the path are not there. */
static unsigned missing(const char *place)
{
	char path[PLACE];
	unsigned n = 0;

	fmt(path, sizeof(path), "%s", place);
	for (; path[0] && access(path, F_OK) < 0; n++)
		*strrchr(path, '/') = '\0';
	return n;
}

static int disk_mount(struct distro *d, const char *disk, const char *place)
{
	char device[BLOCKDEV_NAME + 8];
	int err = modules_load(d->machine, GUEST_FS_SQUASHFS);

	if (err < 0)
		return err;
	d->modules_made = missing(place);
	err = dir_make(place, 0755);
	if (err < 0)
		return boot_unable(d->boot, err, "make %s", place);
	fmt(device, sizeof(device), "/dev/%s", disk);
	if (mount(device, place, "squashfs", MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
		return boot_unable(d->boot, -errno, "mount %s on %s", device, place);
	return 0;
}

int step_modprobe(struct distro *d)
{
	char place[PLACE], disk[BLOCKDEV_NAME];
	int err;

	if (!virtio_has(d->machine->virtio, VIRTIO_BLK))
		return 0;
	place_name(place);
	if (has_modules(place))
		return 0;
	err = modules_load(d->machine, GUEST_DISK);
	if (err < 0 || blockdev_serial(LANDBRIDGE_MODULES, disk) < 0)
		return err;
	return disk_mount(d, disk, place);
}

void modprobe_leave(const struct distro *d)
{
	char place[PLACE];

	place_name(place);
	for (unsigned i = 0; i < d->modules_made; i++) {
		rmdir(place);
		*strrchr(place, '/') = '\0';
	}
}
