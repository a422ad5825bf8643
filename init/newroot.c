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

/* What is damaged gives EUCLEAN or EBADMSG. */
static void mount_hint(struct distro *d)
{
	if (errno == ENODEV)
		d->boot->hint = "no driver in kernel or initramfs";
	if (errno == EINVAL)
		d->boot->hint = "the kernel seems too old (see --kernel)";
}

static int mount_one(struct distro *d, const char *source, const char *type, unsigned long flags)
{
	char data[64] = "";

	/* A root that nobody writes to may be cached for good. */
	if (strcmp(type, "9p") == 0)
		fmt(data, sizeof(data), "trans=virtio,version=9p2000.L,msize=262144,cache=%s",
		    flags & MS_RDONLY ? "loose" : "mmap");
	if (mount(source, NEWROOT, type, flags, data) == 0)
		return 0;
	mount_hint(d);
	return boot_unable(d->boot, -errno, "mount %s (%s) as root", source, type);
}

static bool has(const char *name)
{
	return access(name, F_OK) == 0;
}

/* Of the directory we are in. A /usr of its own has programs, too. */
static bool looks_like_root(const struct distro *d)
{
	return has("etc") || (d->roots.count == 1 && (has("usr") || has("bin")));
}

/* A subvolume, or any directory, as the root; what is above it is out of sight. */
static bool below_enter(const struct distro *d, const char *name)
{
	return chdir(NEWROOT) == 0 && chdir(name) == 0 && looks_like_root(d) &&
	       mount(".", NEWROOT, NULL, MS_BIND, NULL) == 0;
}

static bool name_see(struct dir_walk *walk, int dir, const char *name)
{
	(void)dir;
	root_seen(container_of(walk, struct roots, top), name);
	return true;
}

/* The system on what is mounted: where it was said to be, or in a usual place. */
static int system_enter(struct distro *d, const char *source, const char *type)
{
	const char *said = d->machine->settings.subvolume;
	bool found = said ? below_enter(d, said)
			  : (chdir(NEWROOT) == 0 && looks_like_root(d)) || below_enter(d, "@") ||
				     below_enter(d, "@rootfs") || below_enter(d, "root");

	chdir("/");
	if (found)
		return 0;
	root_seen(&d->roots, source);
	root_seen(&d->roots, type);
	d->roots.top.each = name_see;
	dir_each_path(NEWROOT, &d->roots.top);
	umount2(NEWROOT, MNT_DETACH);
	return -ENOENT;
}

/* Nothing is written to a file system before it is known to be the root's; what
 * cannot be written to stays as it is. EINVAL: only a newer kernel could. */
static int candidate_mount(struct distro *d, const struct root_candidate *r)
{
	const struct settings *s = &d->machine->settings;
	const char *source = r->device[0] ? r->device : s->root;
	bool later = r->device[0] && !s->read_only;
	int err = driver_load(d, r->type);

	if (err == 0)
		err = mount_one(d, source, r->type, later || s->read_only ? MS_RDONLY : 0);
	if (err == 0)
		err = system_enter(d, source, r->type);
	if (err < 0)
		return err;
	boot_note(d->boot, "root is %s (%s)", source, r->type);
	if (later)
		err = mount_one(d, source, r->type, MS_REMOUNT);
	return err == -EINVAL ? err : 0;
}

/* Of several partitions the first with a system on it. */
static int root_mount(struct distro *d)
{
	int err = -ENOENT;

	for (size_t i = 0; i < d->roots.count && err < 0; i++)
		err = candidate_mount(d, &d->roots.at[i]);
	if (err == -ENOENT || (err < 0 && d->roots.count > 1)) {
		d->boot->hint = "see landbridge.partition=, subvolume=";
		return boot_unable(d->boot, -ENOENT, "find a system in%s", d->roots.seen);
	}
	return err;
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
	fmt(data, sizeof(data), "xino=on,index=on,lowerdir=%s,upperdir=%s,workdir=%s", lower, upper,
	    work);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
		return boot_unable(d->boot, -errno, "make %s", upper);
	/* xino: one file has one inode number, whichever layer shows it; index: so have
	 * its hard links, and they stay one file where the layer below has handles. */
	if (mount("overlay", target, "overlay", 0, data) < 0) {
		mount_hint(d);
		return boot_unable(d->boot, -errno,
				   "mount a writable layer (overlay) over the root");
	}
	return 0;
}

/* Where the root is read-only; also where nobody could write, unless that was asked
 * for: then what is full can be emptied. */
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
	int err;

	mkdir(NEWROOT, 0755);
	err = root_mount(d);
	if (err < 0)
		return err;
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
