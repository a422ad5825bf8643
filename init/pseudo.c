/* pseudo.c: the pseudo file systems. */
#include "init/pseudo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "init/console.h"
#include "init/distro.h"
#include "init/machine.h"
#include "init/mounted.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum {
	ANY = BOOT_ANY,
	MACHINE = BOOT_MACHINE,
	QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC,
	TTY_GROUP = 5, /* as gid= of devpts has it */
};

static const struct pseudo run = {
	"/run", "tmpfs", MS_NODEV | MS_STRICTATIME | MS_NOSUID, "mode=755,size=20%", 0755, ANY
};

static const struct pseudo table[] = {
	/* With flags of our own the kernel would refuse user namespaces a /proc. */
	{ "/proc", "proc", QUIET, NULL, 0755, ANY },
	{ "/sys", "sysfs", QUIET, NULL, 0755, ANY },
	{ "/dev", "devtmpfs", MS_NOSUID | MS_RELATIME, "mode=755", 0755, MACHINE },
	{ "/dev", "tmpfs", MS_NOSUID | MS_RELATIME, "mode=755", 0755, BOOT_CONTAINER },
	{ "/dev/pts", "devpts", MS_NOATIME | MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666",
	  0755, ANY },
	/* What anybody may fill is half the memory, and with a root's writable layer
	 * (newroot.c) 85 %: full is an error then, and not the end of us. */
	{ "/run/lock", "tmpfs", QUIET | MS_NOATIME, "size=5m", 0755, ANY },
	{ "/run/shm", "tmpfs", MS_NOATIME | MS_NOSUID | MS_NODEV, "size=45%", 0755, ANY },
	{ "/dev/shm", "/run/shm", MS_BIND, NULL, 0755, ANY },
	{ "/run/user", "tmpfs", QUIET | MS_NOATIME, "mode=755,size=10%", 0755, ANY },
	{ "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, "nsdelegate",
	  0755, ANY },
};

static const char *const links[][2] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

/* What devtmpfs would hold, for a container that has nothing in /dev. */
static const struct device_node {
	const char *path;
	unsigned major, minor;
} nodes[] = {
	{ "/dev/null", 1, 3 },    { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 },  { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
#if CFG_P9FS
	{ "/dev/fuse", 10, 229 },
#endif
};

int pseudo_mount(const struct pseudo *p)
{
	mkdir(p->target, p->mode); /* there already, or mount(2) says what is wrong */
	if (is_mountpoint(p->target))
		return 0;
	return mount(p->type, p->target, p->type, p->flags, p->data) < 0 ? -errno : 0;
}

/* A container brings its own /dev, or none at all. */
static void nodes_make(void)
{
	for (size_t i = 0; i < array_len(nodes); i++)
		mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor));
	if (symlink("pts/ptmx", "/dev/ptmx") < 0)
		return; /* the container's own */
}

static bool wanted(const struct boot *b, const struct pseudo *p)
{
	if (!(p->forms & b->form))
		return false;
	return !(b->form == BOOT_CONTAINER && strcmp(p->target, "/dev") == 0 &&
		 access("/dev/null", F_OK) == 0);
}

int step_filesystems(struct distro *d)
{
	struct boot *b = d->boot;

	for (size_t i = 0; i < array_len(table); i++) {
		int err = wanted(b, &table[i]) ? pseudo_mount(&table[i]) : 0;

		if (err == 0)
			continue;
		if (b->form != BOOT_CONTAINER)
			return boot_unable(b, err, "mount %s on %s", table[i].type,
					   table[i].target);
		boot_note(b, "no %s: %s", table[i].target, strerror(-err));
	}
	if (b->form == BOOT_CONTAINER) {
		nodes_make();
		log_unblock(b);
	}
	for (size_t i = 0; i < array_len(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			return boot_unable(b, -errno, "link %s", links[i][1]);
	if (b->form != BOOT_CONTAINER && chown("/dev/tty", 0, TTY_GROUP) < 0)
		boot_note(b, "/dev/tty: %s", strerror(errno));
	if (mkdir("/tmp", 01777) == 0)
		chmod("/tmp", 01777);
	/* Mounts made later reach those who look on, as under other inits. */
	if (b->form != BOOT_CONTAINER && mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL) < 0)
		boot_note(b, "mounts are private: %s", strerror(errno));
	return 0;
}

int step_run(struct machine *m)
{
	int err = pseudo_mount(&run);

	return err < 0 ? boot_unable(m->boot, err, "mount tmpfs on /run") : 0;
}

/* The first three rows are needed before anything else is. */
int step_devices(struct machine *m)
{
	struct boot *b = m->boot;
	int fd;

	for (size_t i = 0; i < 3; i++) {
		int err = pseudo_mount(&table[i]);

		if (err < 0 && err != -EBUSY)
			return boot_unable(b, err, "mount %s on %s", table[i].type,
					   table[i].target);
	}
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		b->log = (struct log){ fd, true, false, b->log.who, b->log.max };
	/* The kernel drops a boot's worth of lines otherwise. No such file: fine. */
	file_write("/proc/sys/kernel/printk_devkmsg", "on\n");
	return 0;
}
