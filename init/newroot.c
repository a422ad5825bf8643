/* newroot.c: mounting the root and going there. */
#include "init/newroot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "init/distro.h"
#include "init/machine.h"
#include "init/spawn.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/rootfs.h"

#define LAYERS "/layers" /* in the initramfs */
#define LAYERS_SIZE "mode=755,size=35%"

static int driver_load(struct distro *d, const char *type)
{
	const struct rootfs *fs = rootfs_named(type);

	return fs ? modules_load(d->machine, fs->group) : 0;
}

/* A root that nobody writes to may be cached for good. */
static const char *data_for(const char *type, unsigned long flags)
{
	if (strcmp(type, "9p") != 0)
		return NULL;
	return flags & MS_RDONLY ? "trans=virtio,version=9p2000.L,msize=262144,cache=loose"
				 : "trans=virtio,version=9p2000.L,msize=262144,cache=mmap";
}

static int mount_one(struct distro *d, const char *source, const char *type, unsigned long flags)
{
	if (mount(source, NEWROOT, type, flags, data_for(type, flags)) == 0)
		return 0;
	if (errno == ENODEV)
		d->boot->hint =
			"the kernel has no driver for this file system, and the initramfs no module";
	return boot_unable(d->boot, -errno, "mount %s (%s) as root", source, type);
}

/* Read-write when asked for or not said; what cannot be is mounted read-only. */
static int mount_as_wanted(struct distro *d, const char *source, const char *type)
{
	int err;

	if (d->machine->settings.read_only)
		return mount_one(d, source, type, MS_RDONLY);
	err = mount_one(d, source, type, 0);
	if (err == -EROFS || err == -EACCES || err == -EPERM)
		err = mount_one(d, source, type, MS_RDONLY);
	return err;
}

static bool looks_like_root(const char *dir)
{
	char path[64];

	fmt(path, sizeof(path), "%s/etc", dir);
	if (access(path, F_OK) < 0)
		return false;
	fmt(path, sizeof(path), "%s/usr", dir);
	if (access(path, F_OK) == 0)
		return true;
	fmt(path, sizeof(path), "%s/bin", dir);
	return access(path, F_OK) == 0;
}

/* Of several partitions: the first with a system on it. */
static int root_choose(struct distro *d, const struct root_candidate **chosen)
{
	*chosen = &d->roots.at[0];
	if (d->roots.count == 1)
		return 0;
	for (size_t i = 0; i < d->roots.count; i++) {
		bool found;

		*chosen = &d->roots.at[i];
		if (driver_load(d, d->roots.at[i].type) < 0 ||
		    mount_one(d, d->roots.at[i].device, d->roots.at[i].type, MS_RDONLY) < 0)
			continue;
		found = looks_like_root(NEWROOT);
		umount2(NEWROOT, MNT_DETACH);
		if (found)
			return 0;
	}
	return boot_unable_try(d->boot, -ENOENT, "name one with landbridge.partition=N",
			       "find a partition with /etc and /usr or /bin");
}

/* Puts a tmpfs over the read-only tree at `lower` and mounts the sum of both on
 * `target`; `layers` is a directory for the tmpfs. */
static int overlay_mount(struct distro *d, const char *lower, const char *layers,
			 const char *target)
{
	char upper[64], work[64], data[256];
	int err = modules_load(d->machine, GUEST_OVERLAY);

	if (err < 0)
		return err;
	fmt(upper, sizeof(upper), "%s/upper", layers);
	fmt(work, sizeof(work), "%s/work", layers);
	fmt(data, sizeof(data), "xino=on,lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
		return boot_unable(d->boot, -errno, "make %s", upper);
	/* xino: one file has one inode number, whichever layer shows it. */
	if (mount("overlay", target, "overlay", 0, data) < 0) {
		d->boot->hint = "is overlay in the kernel, or its module in the initramfs?";
		return boot_unable(d->boot, -errno,
				   "mount a writable layer (overlay) over the root");
	}
	return 0;
}

/* Where the root is read-only; also where nobody could write, unless that was asked for: then what is full
 * can be emptied. */
static bool needs_layer(const struct distro *d, const char *root)
{
	struct statfs fs;

	if (statfs(root, &fs) < 0)
		return false;
	if (fs.f_flags & MS_RDONLY)
		return true;
	if (d->machine->settings.writable || !fs.f_blocks ||
	    (fs.f_bavail && (fs.f_ffree || !fs.f_files)))
		return false;
	boot_warn(d->boot, "%s", "the root is full: what is written goes with the run");
	return true;
}

/* The initramfs form: NEWROOT goes below the layers and comes back as one. */
static int newroot_overlay(struct distro *d)
{
	int err;

	mkdir(LAYERS, 0700);
	if (mount("tmpfs", LAYERS, "tmpfs", 0, LAYERS_SIZE) < 0 || mkdir(LAYERS "/lower", 0755) < 0)
		return boot_unable(d->boot, -errno, "mount tmpfs on " LAYERS);
	if (mount(NEWROOT, LAYERS "/lower", NULL, MS_MOVE, NULL) < 0)
		return boot_unable(d->boot, -errno, "move the root below its writable layer");
	err = overlay_mount(d, LAYERS "/lower", LAYERS, NEWROOT);
	if (err < 0)
		mount(LAYERS "/lower", NEWROOT, NULL, MS_MOVE, NULL); /* for a shell */
	return err;
}

int step_mount(struct distro *d)
{
	const struct root_candidate *r;
	const char *source, *type;
	int err;

	mkdir(NEWROOT, 0755);
	err = root_choose(d, &r);
	if (err < 0)
		return err;
	source = r->device[0] ? r->device : d->machine->settings.root;
	type = r->device[0] ? r->type : d->machine->settings.root_type;
	err = driver_load(d, type);
	if (err == 0)
		err = mount_as_wanted(d, source, type);
	if (err < 0)
		return err;
	boot_note(d->boot, "root is %s (%s)", source, type);
	return needs_layer(d, NEWROOT) ? newroot_overlay(d) : 0;
}

static int mounts_move(struct distro *d, const char *newroot)
{
	static const char *const moved[] = { "/proc", "/sys", "/dev", "/run" };

	for (size_t i = 0; i < array_len(moved); i++) {
		char to[64];

		fmt(to, sizeof(to), "%s%s", newroot, moved[i]);
		mkdir(to, 0755);
		if (mount(moved[i], to, NULL, MS_MOVE, NULL) < 0)
			return boot_unable(d->boot, -errno, "move %s into the root", moved[i]);
	}
	return 0;
}

static int root_enter(struct distro *d, const char *newroot)
{
	int err = mounts_move(d, newroot);

	if (err < 0)
		return err;
	if (chdir(newroot) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		return boot_unable(d->boot, -errno, "make the new root /");
	return 0;
}

int step_switch(struct distro *d)
{
	d->initramfs = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root_enter(d, NEWROOT);
}

/* A directory of a root that nobody can write to, for the layers: any will do,
 * as nobody sees that root afterwards, and the layer below not what is on it. */
static const char *layers_place(void)
{
	static const char *const any[] = { "/mnt", "/tmp", "/usr", "/etc" };

	for (size_t i = 0; i < array_len(any); i++)
		if (mount("tmpfs", any[i], "tmpfs", 0, LAYERS_SIZE) == 0)
			return any[i];
	return NULL;
}

/* The in-image form: the kernel mounts the root read-only unless told `rw`. */
int step_writable(struct distro *d)
{
	const char *layers;
	char root[16];
	int err;

	if (!d->machine->settings.read_only)
		mount(NULL, "/", NULL, MS_REMOUNT, NULL); /* looked at next */
	if (!needs_layer(d, "/"))
		return 0;
	layers = layers_place();
	fmt(root, sizeof(root), "%s/root", layers ? layers : "");
	if (!layers || mkdir(root, 0755) < 0)
		return boot_unable(d->boot, -errno, "mount tmpfs on a directory of the root");
	err = overlay_mount(d, "/", layers, root);
	return err < 0 ? err : root_enter(d, root);
}

/* By a child that runs when nobody else wants to: nobody waits for it. */
int step_cleanup(struct distro *d)
{
	pid_t pid;

	modules_close(&d->machine->modules);
	if (d->initramfs < 0)
		return 0;
	pid = spawn_fork();
	if (pid == 0) {
		setpriority(PRIO_PROCESS, 0, 19);
		dir_empty(d->initramfs, "init");
		_exit(0);
	}
	fd_close(&d->initramfs);
	return pid < 0 ? boot_unable(d->boot, pid, "free the initramfs") : 0;
}
