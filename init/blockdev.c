/* blockdev.c: the machine's disks and partitions. */
#include "init/blockdev.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "init/dirs.h"
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

	for (size_t i = 0; i < array_len(others); i++)
		if (strncmp(name, others[i], strlen(others[i])) == 0)
			return false;
	fmt(part, sizeof(part), "%s/partition", name);
	return faccessat(dir, part, F_OK, 0) < 0;
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
	struct fsprobe fs;

	(void)dir;
	n->found = blockdev_probe(name, &fs) == 0 && fsprobe_is(&fs, n->spec) &&
		   name_copy(n->name, name);
	return !n->found;
}

int blockdev_named(const char *spec, char name[BLOCKDEV_NAME])
{
	struct named_walk n = { { device_compare }, spec, name, false };

	dir_each_path(SYS_BLOCK, &n.walk);
	return n.found ? 0 : -ENODEV;
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

int blockdev_probe(const char *name, struct fsprobe *fs)
{
	uint8_t window[FSPROBE_WINDOWS][FSPROBE_WINDOW] = { 0 };
	char path[BLOCKDEV_NAME + 8];
	int fd;

	fmt(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < FSPROBE_WINDOWS; i++)
		if (pread(fd, window[i], FSPROBE_WINDOW, fsprobe_offsets[i]) < 0)
			memset(window[i], 0, FSPROBE_WINDOW);
	close(fd);
	return fsprobe(fs, window) ? 0 : -ENODATA;
}
