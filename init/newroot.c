/* newroot.c: mounting the root and going there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/dirs.h"
#include "init/spawn.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/rootfs.h"

#define LAYERS "/layers" /* in the initramfs */

static int driver_load(struct boot *b, const char *type)
{
	const struct rootfs *fs = rootfs_named(type);

	return fs ? modules_load(b, fs->group) : 0;
}

/* A root that nobody writes to may be cached for good. */
static const char *data_for(const char *type, unsigned long flags)
{
	if (strcmp(type, "9p") != 0)
		return NULL;
	return flags & MS_RDONLY ? "trans=virtio,version=9p2000.L,msize=262144,cache=loose"
				 : "trans=virtio,version=9p2000.L,msize=262144,cache=mmap";
}

static int mount_one(struct boot *b, const char *source, const char *type, unsigned long flags)
{
	if (mount(source, NEWROOT, type, flags, data_for(type, flags)) == 0)
		return 0;
	if (errno == ENODEV)
		b->hint =
			"the kernel has no driver for this file system, and the initramfs no module";
	return boot_unable(b, -errno, "mount %s (%s) as root", source, type);
}

/* Read-write when asked for or not said; what cannot be is mounted read-only. */
static int mount_as_wanted(struct boot *b, const char *source, const char *type)
{
	int err;

	if (b->settings.read_only)
		return mount_one(b, source, type, MS_RDONLY);
	err = mount_one(b, source, type, 0);
	if (err == -EROFS || err == -EACCES || err == -EPERM)
		err = mount_one(b, source, type, MS_RDONLY);
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
static int root_choose(struct boot *b, const struct root_candidate **chosen)
{
	*chosen = &b->roots[0];
	if (b->root_count == 1)
		return 0;
	for (size_t i = 0; i < b->root_count; i++) {
		bool found;

		*chosen = &b->roots[i];
		if (driver_load(b, b->roots[i].type) < 0 ||
		    mount_one(b, b->roots[i].device, b->roots[i].type, MS_RDONLY) < 0)
			continue;
		found = looks_like_root(NEWROOT);
		umount2(NEWROOT, MNT_DETACH);
		if (found)
			return 0;
	}
	return boot_unable_try(b, -ENOENT, "name one with landbridge.partition=N",
			       "find a partition with /etc and /usr or /bin");
}

/* Puts a tmpfs over the read-only tree at `lower` and mounts the sum of both on
 * `target`; `layers` is a directory for the tmpfs. */
static int overlay_mount(struct boot *b, const char *lower, const char *layers, const char *target)
{
	char upper[64], work[64], data[256];
	int err = modules_load(b, GUEST_OVERLAY);

	if (err < 0)
		return err;
	fmt(upper, sizeof(upper), "%s/upper", layers);
	fmt(work, sizeof(work), "%s/work", layers);
	fmt(data, sizeof(data), "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
		return boot_unable(b, -errno, "make %s", upper);
	if (mount("overlay", target, "overlay", 0, data) < 0) {
		b->hint = "is overlay in the kernel, or its module in the initramfs?";
		return boot_unable(b, -errno, "mount a writable layer (overlay) over the root");
	}
	b->overlay = true;
	return 0;
}

static bool is_read_only(const char *path)
{
	struct statvfs v;

	return statvfs(path, &v) == 0 && (v.f_flag & ST_RDONLY);
}

/* The initramfs form: NEWROOT goes below the layers and comes back as one. */
static int newroot_overlay(struct boot *b)
{
	int err;

	mkdir(LAYERS, 0700);
	if (mount("tmpfs", LAYERS, "tmpfs", 0, "mode=755") < 0 || mkdir(LAYERS "/lower", 0755) < 0)
		return boot_unable(b, -errno, "mount tmpfs on " LAYERS);
	if (mount(NEWROOT, LAYERS "/lower", NULL, MS_MOVE, NULL) < 0)
		return boot_unable(b, -errno, "move the root below its writable layer");
	err = overlay_mount(b, LAYERS "/lower", LAYERS, NEWROOT);
	if (err < 0)
		mount(LAYERS "/lower", NEWROOT, NULL, MS_MOVE, NULL); /* for a shell */
	return err;
}

int step_mount(struct boot *b)
{
	const struct root_candidate *r;
	const char *source, *type;
	int err;

	mkdir(NEWROOT, 0755);
	err = root_choose(b, &r);
	if (err < 0)
		return err;
	source = r->device[0] ? r->device : b->settings.root;
	type = r->device[0] ? r->type : b->settings.root_type;
	err = driver_load(b, type);
	if (err == 0)
		err = mount_as_wanted(b, source, type);
	if (err < 0)
		return err;
	boot_note(b, "root is %s (%s)", source, type);
	return is_read_only(NEWROOT) ? newroot_overlay(b) : 0;
}

static int mounts_move(struct boot *b, const char *newroot)
{
	static const char *const moved[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < array_len(moved); i++) {
		char to[64];

		fmt(to, sizeof(to), "%s%s", newroot, moved[i]);
		mkdir(to, 0755);
		if (mount(moved[i], to, NULL, MS_MOVE, NULL) < 0)
			return boot_unable(b, -errno, "move %s into the root", moved[i]);
	}
	return 0;
}

static int root_enter(struct boot *b, const char *newroot)
{
	int err = mounts_move(b, newroot);

	if (err < 0)
		return err;
	if (chdir(newroot) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		return boot_unable(b, -errno, "make the new root /");
	return 0;
}

int step_switch(struct boot *b)
{
	b->initramfs = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root_enter(b, NEWROOT);
}

/* The in-image form: the kernel mounts the root read-only unless told `rw`. */
int step_writable(struct boot *b)
{
	int err;

	if (!b->settings.read_only)
		mount(NULL, "/", NULL, MS_REMOUNT, NULL); /* looked at next */
	if (!is_read_only("/"))
		return 0;
	if (mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0 || mkdir("/run/root", 0755) < 0)
		return boot_unable(b, -errno, "mount tmpfs on /run");
	err = overlay_mount(b, "/", "/run", "/run/root");
	return err < 0 ? err : root_enter(b, "/run/root");
}

/* By a child that runs when nobody else wants to: nobody waits for it. */
int step_cleanup(struct boot *b)
{
	pid_t pid;

	modules_close(b);
	if (b->initramfs < 0)
		return 0;
	pid = spawn_fork();
	if (pid == 0) {
		setpriority(PRIO_PROCESS, 0, 19);
		dir_empty(b->initramfs, "init");
		_exit(0);
	}
	fd_close(&b->initramfs);
	return pid < 0 ? boot_unable(b, pid, "free the initramfs") : 0;
}
