/* blockdev.c: the machine's disks and partitions. */
#include "init/blockdev.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

#define SYS_BLOCK "/sys/class/block"

static bool name_copy(char out[BLOCKDEV_NAME], const char *name)
{
	return fmt(out, BLOCKDEV_NAME, "%s", name) < BLOCKDEV_NAME;
}

static bool is_virtio(const char *name)
{
	return strncmp(name, "vd", 2) == 0;
}

/* Virtio disks before others, then by name (vda before vdaa before vdb: nobody
 * gives a guest that many). */
static bool comes_before(const char *a, const char *b)
{
	return is_virtio(a) != is_virtio(b) ? is_virtio(a) : strcmp(a, b) < 0;
}

static bool is_disk(int dir, const char *name)
{
	static const char *const others[] = { "loop", "ram", "zram", "sr", "fd", "dm-", "md" };
	char part[BLOCKDEV_NAME + 16];
	struct stat st;

	for (size_t i = 0; i < array_len(others); i++)
		if (strncmp(name, others[i], strlen(others[i])) == 0)
			return false;
	fmt(part, sizeof(part), "%s/partition", name);
	return fstatat(dir, part, &st, 0) < 0;
}

struct first_walk {
	struct dir_walk walk;
	char *best;
};

static bool disk_consider(struct dir_walk *walk, int dir, const char *name)
{
	struct first_walk *f = container_of(walk, struct first_walk, walk);

	if (strlen(name) < BLOCKDEV_NAME && is_disk(dir, name) &&
	    (!*f->best || comes_before(name, f->best)))
		name_copy(f->best, name);
	return true;
}

bool blockdev_first(char name[BLOCKDEV_NAME])
{
	struct first_walk f = { { disk_consider }, name };

	name[0] = '\0';
	dir_each_path(SYS_BLOCK, &f.walk);
	return name[0] != '\0';
}

struct named_walk {
	struct dir_walk walk;
	const char *spec;
	char *name;
	bool found;
};

static bool device_compare(struct dir_walk *walk, int dir, const char *name)
{
	struct named_walk *n = container_of(walk, struct named_walk, walk);
	struct rootfs_found fs;

	(void)dir;
	n->found = blockdev_probe(name, &fs) == 0 && rootfs_is(&fs, n->spec) &&
		   name_copy(n->name, name);
	return !n->found;
}

int blockdev_named(const char *spec, char name[BLOCKDEV_NAME])
{
	struct named_walk n = { { device_compare }, spec, name, false };

	dir_each_path(SYS_BLOCK, &n.walk);
	return n.found ? 0 : -ENODEV;
}

struct serial_walk {
	struct dir_walk walk;
	const char *serial;
	char *name;
	bool found;
};

static bool serial_compare(struct dir_walk *walk, int dir, const char *name)
{
	struct serial_walk *s = container_of(walk, struct serial_walk, walk);
	char path[96], serial[32];

	(void)dir;
	fmt(path, sizeof(path), SYS_BLOCK "/%s/serial", name);
	s->found = file_read(path, serial, sizeof(serial)) > 0 && strcmp(serial, s->serial) == 0 &&
		   name_copy(s->name, name);
	return !s->found;
}

int blockdev_serial(const char *serial, char name[BLOCKDEV_NAME])
{
	struct serial_walk s = { { serial_compare }, serial, name, false };

	dir_each_path(SYS_BLOCK, &s.walk);
	return s.found ? 0 : -ENODEV;
}

bool blockdev_partition(const char *disk, int number, char name[BLOCKDEV_NAME])
{
	char last = disk[strlen(disk) - 1];
	char path[96];

	if (fmt(name, BLOCKDEV_NAME, "%s%s%d", disk, last >= '0' && last <= '9' ? "p" : "",
		number) >= BLOCKDEV_NAME)
		return false;
	fmt(path, sizeof(path), SYS_BLOCK "/%s/partition", name);
	return access(path, F_OK) == 0;
}

static int device_probe(int fd, struct rootfs_found *fs)
{
	/* Not on the stack: what PID 1 once touched there it keeps. */
	void *head =
		mmap(NULL, ROOTFS_HEAD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t len;
	int err;

	if (head == MAP_FAILED)
		return -errno;
	len = fd_read_full(fd, head, ROOTFS_HEAD);
	err = len < 0 ? (int)len : rootfs_probe(fs, head, (size_t)len) ? 0 : -ENODATA;
	munmap(head, ROOTFS_HEAD);
	return err;
}

int blockdev_probe(const char *name, struct rootfs_found *fs)
{
	char path[BLOCKDEV_NAME + 8];
	int fd, err;

	fmt(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = device_probe(fd, fs);
	close(fd);
	return err;
}
