/* image.c: disks, tars and directories as root file systems. */
#include "interop/host/posix/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/script.h"
#include "lib/lib.h"
#include "lib/rootfs.h"
#include "lib/text.h"

/* What a file is that is no file system itself. What is in a disk with a
 * partition table does not show. */
static const struct image_magic {
	size_t offset;
	const char *bytes;
	size_t len;
	enum image_kind kind;
} magics[] = {
	/* Compressed data may have anything further on. */
	{ 0, "\x1f\x8b\x08", 3, IMAGE_TAR },
	{ 0, "\3757zXZ", 5, IMAGE_TAR },
	{ 0, "\x28\xb5\x2f\xfd", 4, IMAGE_TAR },
	{ 0, "BZh", 3, IMAGE_TAR },
	{ 257, "ustar", 5, IMAGE_TAR },
	{ 512, "EFI PART", 8, IMAGE_DISK },
}, boot_sector = { 510, "\x55\xaa", 2, IMAGE_DISK };

static bool magic_is(const struct image_magic *m, const uint8_t *head, size_t len)
{
	return m->offset + m->len <= len && memcmp(head + m->offset, m->bytes, m->len) == 0;
}

enum image_kind image_probe(const uint8_t *head, size_t len, enum disk_format *format,
			    unsigned *groups)
{
	struct rootfs_found found;

	*groups = rootfs_groups(NULL);
	*format = disk_probe(head, len);
	if (*format != DISK_NONE)
		return IMAGE_DISK;
	*format = DISK_RAW;
	for (size_t i = 0; i < array_len(magics); i++)
		if (magic_is(&magics[i], head, len))
			return magics[i].kind;
	if (rootfs_probe(&found, head, len)) {
		*groups = rootfs_groups(found.fs);
		return found.fs->kind == ROOTFS_FOREIGN ? IMAGE_FOREIGN : IMAGE_DISK;
	}
	return magic_is(&boot_sector, head, len) ? IMAGE_DISK : IMAGE_UNKNOWN;
}

void image_name(char *out, size_t size, const char *path)
{
	size_t used = 0;

	for (const char *base = path_base(path); *base && *base != '.' && used + 1 < size; base++)
		if (ascii_is_alnum(*base) || used > 0)
			out[used++] = ascii_is_alnum(*base) ? *base : '-';
	while (used > 0 && out[used - 1] == '-')
		used--;
	out[used] = '\0';
	if (used == 0)
		fmt(out, size, "guest");
}

static int no_image(const char *path, const char *text, struct fault *why)
{
	return fault_set(why, HOST_FAILED, "unable to boot from %s: %s", path, text);
}

/* --- what a file is -------------------------------------------------------------- */

/* An image file that is being looked at. */
struct look {
	int fd;
	uint8_t *head;
	size_t len;
};

/* Further on than the head reaches. */
static size_t read_at(const struct look *look, uint64_t at, uint8_t *out, size_t size)
{
	ssize_t len = -1;

	if (at <= INT64_MAX && lseek(look->fd, (off_t)at, SEEK_SET) >= 0)
		len = fd_read_full(look->fd, out, size);
	return len < 0 ? 0 : (size_t)len;
}

static bool vhdx_is_difference(const struct look *look)
{
	enum { SIZE = DISK_VHDX_TABLE + 4096 };
	uint8_t *table = malloc(SIZE);
	uint64_t at = 0;
	bool is = false;

	if (table)
		at = disk_vhdx_metadata(table,
					read_at(look, DISK_VHDX_REGIONS, table, DISK_VHDX_TABLE));
	if (at)
		is = disk_vhdx_is_difference(table, read_at(look, at, table, SIZE));
	free(table);
	return is;
}

static bool is_fixed_vhd(const struct look *look)
{
	off_t size = lseek(look->fd, 0, SEEK_END);
	uint8_t tail[DISK_TAIL];

	return size >= DISK_TAIL &&
	       read_at(look, (uint64_t)(size - DISK_TAIL), tail, DISK_TAIL) == DISK_TAIL &&
	       disk_tail_is_vhd(tail);
}

static int other_refuse(const struct image *image, const struct look *look, struct fault *why)
{
	const char *other = disk_other_file(look->head, look->len);

	if (!other)
		return 0;
	return fault_set(why, HOST_FAILED,
			 "unable to boot from %s: it names another file (%s), which a guest could "
			 "have written there (give --format %s if you trust it)",
			 image->path, other, disk_format_name(image->format));
}

static int difference_refuse(const struct image *image, const struct look *look, struct fault *why)
{
	if (!disk_is_difference(look->head, look->len) &&
	    (image->format != DISK_VHDX || !vhdx_is_difference(look)))
		return 0;
	return no_image(image->path,
			"it has only what differs from another disk, its parent (merge the two "
			"where it was made)",
			why);
}

/* What its bytes say, unless the person knows better. */
static int look_judge(struct image *image, const struct look *look, const char *format,
		      struct fault *why)
{
	image->kind = image_probe(look->head, look->len, &image->format, &image->groups);
	if (format) {
		image->groups = rootfs_groups(NULL);
		image->kind = IMAGE_DISK;
		image->format = disk_format_named(format);
	} else if (image->kind != IMAGE_TAR && image->format == DISK_RAW && is_fixed_vhd(look)) {
		image->kind = IMAGE_DISK;
		image->format = DISK_VHD;
	}
	if (image->kind == IMAGE_FOREIGN)
		return no_image(image->path,
				"it is a volume of LVM, or encrypted, and no file system (copy the "
				"system's to a disk of its own)",
				why);
	if (image->kind == IMAGE_UNKNOWN)
		return no_image(image->path,
				"no root file system in it that I know (give a " DISK_FORMATS
				" disk with " ROOTFS_KNOWN ", a tar or a directory)",
				why);
	if (!format && other_refuse(image, look, why) < 0)
		return -1;
	return image->format == DISK_RAW ? 0 : difference_refuse(image, look, why);
}

static int write_refuse(const struct image *image, struct fault *why)
{
	return no_image(
		image->path,
		"changes cannot be written back to a tar or to layers: leave out --write, or "
		"import it",
		why);
}

static int write_check(const struct image *image, const struct look *look, struct fault *why)
{
	if (image->kind == IMAGE_TAR)
		return write_refuse(image, why);
	if (image->format == DISK_VMDK && disk_is_stream(look->head, look->len))
		return no_image(image->path,
				"a vmdk made for a stream cannot be written to: leave out --write",
				why);
	return access(image->path, W_OK) == 0
		       ? 0
		       : no_image(image->path, "it is not writable, and --write is given", why);
}

static int look_open(struct look *look, const char *path)
{
	ssize_t len;

	look->fd = open(path, O_RDONLY | O_CLOEXEC);
	look->head = calloc(1, ROOTFS_HEAD);
	len = look->fd < 0 ? -errno : look->head ? 0 : -ENOMEM;
	if (len == 0)
		len = fd_read_full(look->fd, look->head, ROOTFS_HEAD);
	look->len = len < 0 ? 0 : (size_t)len;
	return len < 0 ? (int)len : 0;
}

static void look_close(struct look *look)
{
	fd_close(&look->fd);
	free(look->head);
}

static int file_look(struct image *image, const struct options *o, struct fault *why)
{
	struct look look = { -1, NULL, 0 };
	int err = look_open(&look, image->path);

	err = err < 0 ? no_image(image->path, strerror(-err), why)
		      : look_judge(image, &look, o->format, why);
	if (err == 0 && o->write)
		err = write_check(image, &look, why);
	look_close(&look);
	return err;
}

static int disk_judge(struct disk_file *disk, struct look *look, struct fault *why)
{
	struct image image = { .kind = IMAGE_DISK };

	image.format = disk_probe(look->head, look->len);
	if (image.format == DISK_NONE)
		image.format = is_fixed_vhd(look) ? DISK_VHD : DISK_RAW;
	memcpy(image.path, disk->path, sizeof(image.path));
	disk->format = image.format;
	if (other_refuse(&image, look, why) < 0 || difference_refuse(&image, look, why) < 0)
		return -1;
	return disk->read_only ? 0 : write_check(&image, look, why);
}

int disk_file_find(struct disk_file *disk, const char *given, struct fault *why)
{
	struct look look = { -1, NULL, 0 };
	size_t len = strlen(given);
	char name[PATH_MAX];
	struct stat st;
	int r;

	disk->read_only = len > 3 && strcmp(given + len - 3, ",ro") == 0;
	fmt(name, sizeof(name), "%.*s", (int)(disk->read_only ? len - 3 : len), given);
	if (!realpath(name, disk->path) || stat(disk->path, &st) < 0)
		return fault_set(why, HOST_FAILED, "unable to use the disk %s: %s", name,
				 strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return fault_set(why, HOST_FAILED, "unable to use the disk %s: it is none", name);
	r = look_open(&look, disk->path);
	r = r < 0 ? fault_set(why, HOST_FAILED, "unable to read the disk %s: %s", name,
			      strerror(-r))
		  : disk_judge(disk, &look, why);
	look_close(&look);
	return r;
}

/* --- disks that are made ------------------------------------------------------- */

/* FNV-1a: names for cached files. */
static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	for (const uint8_t *p = data; len-- > 0; p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

static int make_image(const struct dirs *dirs, const char *from, const char *to, struct fault *why)
{
	struct script make = { .name = "make-image", .out = -1 };

	args_add(&make.args, "%s", from);
	args_add(&make.args, "%s", to);
	return script_run(&make, dirs, why);
}

static int stat_in(const char *dir, const char *name, struct stat *st)
{
	char path[PATH_MAX + 16];

	fmt(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, st);
}

/* The disk made of a tar, cached by path, size and time of change. */
static int tar_unpack(struct image *image, const struct dirs *dirs, struct fault *why)
{
	char disk[PATH_MAX], pattern[128];
	uint64_t where, what;
	struct stat st;

	/* Of layers, the file that names them. */
	if (stat_in(image->path, "manifest.json", &st) < 0 &&
	    stat_in(image->path, "index.json", &st) < 0 && stat(image->path, &st) < 0)
		return no_image(image->path, strerror(errno), why);
	where = hash(0xcbf29ce484222325, image->path, strlen(image->path));
	what = hash(0xcbf29ce484222325, &st.st_size, sizeof(st.st_size));
	what = hash(what, &st.st_mtim, sizeof(st.st_mtim));
	if (path_format(disk, sizeof(disk), "%s/images", dirs->home) < 0 ||
	    dir_make(disk, 0700) < 0 ||
	    path_format(disk, sizeof(disk), "%s/images/%s-%016llx-%016llx.ext4", dirs->home,
			image->name, (unsigned long long)where, (unsigned long long)what) < 0)
		return fault_set(why, HOST_FAILED, "unable to make %s/images", dirs->home);
	if (access(disk, R_OK) < 0) {
		note("making a disk of %s (once)", image->path);
		if (make_image(dirs, image->path, disk, why) < 0)
			return -1;
		fmt(pattern, sizeof(pattern), "images/%s-%016llx-*.ext4", image->name,
		    (unsigned long long)where);
		glob_keep(dirs->home, pattern, disk);
	}
	memcpy(image->path, disk, sizeof(disk));
	image->kind = IMAGE_DISK;
	image->format = DISK_RAW;
	image->groups = rootfs_groups(rootfs_named("ext4"));
	return 0;
}

/* Debian as it was built, or as it is made now. */
static int default_image(char *path, size_t size, const struct dirs *dirs, struct fault *why)
{
	static const char *const built[] = { "images/debian.ext4", "images/debian.tar" };

	for (size_t i = 0; i < array_len(built); i++)
		if (path_format(path, size, "%s/%s", dirs->data, built[i]) == 0 &&
		    access(path, R_OK) == 0)
			return 0;
	if (path_format(path, size, "%s/images/debian.tar", dirs->home) < 0)
		return fault_set(why, HOST_FAILED, "unable to use %s: its name is too long",
				 dirs->home);
	if (access(path, R_OK) == 0)
		return 0;
	note("making the default image, Debian's smallest system (once, about a minute)");
	return make_image(dirs, "--debian", path, why);
}

/* --- directories ---------------------------------------------------------------- */

static bool dir_has(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return path_format(path, sizeof(path), "%s/%s", dir, name) == 0 && lstat(path, &st) == 0;
}

static int dir_look(struct image *image, const struct options *o, struct fault *why)
{
	const char *dir = image->path;

	image->kind = IMAGE_DIR;
	image->groups = rootfs_groups(rootfs_named("9p"));
	/* What is below, the guest sees. */
	if (o->subvolume || dir_has(dir, "etc") || dir_has(dir, "usr") || dir_has(dir, "bin"))
		return 0;
	if (dir_has(dir, "manifest.json") || dir_has(dir, "index.json")) {
		image->kind = IMAGE_TAR; /* of layers; make-image knows both */
		return o->write ? write_refuse(image, why) : 0;
	}
	return no_image(dir,
			"no /etc, /usr or /bin in it (name the directory with the system, or give "
			"--subvolume DIR)",
			why);
}

int image_look(struct image *image, const struct options *o, const struct dirs *dirs,
	       struct fault *why)
{
	const char *path = o->image;
	char made[PATH_MAX];
	struct stat st;

	*image = (struct image){ .kind = IMAGE_UNKNOWN };
	if (!path) {
		if (default_image(made, sizeof(made), dirs, why) < 0)
			return -1;
		path = made;
	}
	if (!realpath(path, image->path) || stat(image->path, &st) < 0)
		return no_image(path,
				errno == ENOENT && options_name_fits(path)
					? "there is no distribution, file or directory of that "
					  "name (landbridge list has the distributions)"
					: strerror(errno),
				why);
	image_name(image->name, sizeof(image->name), image->path);
	if (S_ISDIR(st.st_mode))
		return dir_look(image, o, why);
	/* Opening a FIFO would wait for somebody to write to it. */
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return no_image(image->path, "it is no file, disk or directory", why);
	return file_look(image, o, why);
}

int image_open(struct image *image, const struct options *o, const struct dirs *dirs,
	       struct fault *why)
{
	if (image_look(image, o, dirs, why) < 0)
		return -1;
	return image->kind == IMAGE_TAR ? tar_unpack(image, dirs, why) : 0;
}
