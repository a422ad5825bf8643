/* image.c: disks, tars and directories as root file systems. */
#include "interop/host/posix/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interop/host/posix/tool.h"
#include "lib/lib.h"
#include "lib/rootfs.h"
#include "lib/text.h"

/* What a file is that is no file system itself. What is in a disk with a
 * partition table does not show. */
static const struct magic {
	size_t offset;
	const char *bytes;
	size_t len;
	enum image_kind kind;
} magics[] = {
	{ 0, "QFI\xfb", 4, IMAGE_QCOW2 },
	/* Compressed data may have anything further on. */
	{ 0, "\x1f\x8b\x08", 3, IMAGE_TAR },
	{ 0, "\3757zXZ", 5, IMAGE_TAR },
	{ 0, "\x28\xb5\x2f\xfd", 4, IMAGE_TAR },
	{ 0, "BZh", 3, IMAGE_TAR },
	{ 257, "ustar", 5, IMAGE_TAR },
	{ 512, "EFI PART", 8, IMAGE_RAW },
}, boot_sector = { 510, "\x55\xaa", 2, IMAGE_RAW };

static bool magic_is(const struct magic *m, const uint8_t *head, size_t len)
{
	return m->offset + m->len <= len && memcmp(head + m->offset, m->bytes, m->len) == 0;
}

enum image_kind image_probe(const uint8_t *head, size_t len, unsigned *groups)
{
	struct rootfs_found found;

	*groups = rootfs_groups(NULL);
	for (size_t i = 0; i < array_len(magics); i++)
		if (magic_is(&magics[i], head, len))
			return magics[i].kind;
	if (rootfs_probe(&found, head, len)) {
		*groups = rootfs_groups(found.fs);
		return IMAGE_RAW;
	}
	return magic_is(&boot_sector, head, len) ? IMAGE_RAW : IMAGE_UNKNOWN;
}

const char *image_other_file(const uint8_t *head, size_t len)
{
	enum { BACKING = 8, VERSION = 4, INCOMPATIBLE = 72, EXTERNAL_DATA = 4 };
	static const uint8_t none[8];

	if (len < INCOMPATIBLE + 8 || memcmp(head, "QFI\xfb", 4) != 0)
		return NULL;
	if (memcmp(head + BACKING, none, 8) != 0)
		return "backing file";
	/* Big-endian; the first version has no features. */
	if (head[VERSION + 3] > 2 && head[INCOMPATIBLE + 7] & EXTERNAL_DATA)
		return "data file";
	return NULL;
}

void image_name(char *out, size_t size, const char *path)
{
	const char *base = strrchr(path, '/');
	size_t used = 0;

	for (base = base ? base + 1 : path; *base && *base != '.' && used + 1 < size; base++)
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

/* What the head says, unless the person knows better. */
static int head_judge(struct image *image, const uint8_t *head, size_t len, const char *format,
		      struct fault *why)
{
	const char *other = format ? NULL : image_other_file(head, len);

	image->kind = image_probe(head, len, &image->groups);
	if (other)
		return fault_set(why, HOST_FAILED,
				 "unable to boot from %s: it names a %s, which a guest could have "
				 "written there (give --format qcow2 if you trust it)",
				 image->path, other);
	if (format) {
		image->groups = rootfs_groups(NULL);
		image->kind = strcmp(format, "raw") == 0 ? IMAGE_RAW : IMAGE_QCOW2;
	}
	if (image->kind == IMAGE_UNKNOWN)
		return no_image(
			image->path,
			"no root file system in it that I know (give a raw or qcow2 disk with " ROOTFS_KNOWN
			", a tar or a directory)",
			why);
	return 0;
}

static int file_probe(struct image *image, const char *format, struct fault *why)
{
	uint8_t *head = calloc(1, ROOTFS_HEAD);
	ssize_t len = -ENOMEM;
	int fd = -1, err;

	if (head) {
		fd = open(image->path, O_RDONLY | O_CLOEXEC);
		len = fd < 0 ? -errno : fd_read_full(fd, head, ROOTFS_HEAD);
	}
	err = len < 0 ? no_image(image->path, strerror((int)-len), why)
		      : head_judge(image, head, (size_t)len, format, why);
	fd_close(&fd);
	free(head);
	return err;
}

/* FNV-1a: names for cached files. */
static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	for (const uint8_t *p = data; len-- > 0; p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

/* Removes the disks made of earlier contents of the same tar. */
static void forget_others(const char *home, const char *pattern, const char *keep)
{
	glob_t found;

	if (glob_in(home, pattern, &found) < 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (strcmp(found.gl_pathv[i], keep) != 0)
			unlink(found.gl_pathv[i]);
	globfree(&found);
}

/* Starts one of the scripts that lie beside the program. */
static int script_run(const struct dirs *dirs, const char *name, const char *const args[2],
		      struct fault *why)
{
	char path[PATH_MAX + 32], text[512] = "";
	char *argv[] = { path, NULL, NULL, NULL };
	int status;

	fmt(path, sizeof(path), "%s/%s", dirs->data, name);
	argv[1] = strdup(args[0]);
	argv[2] = args[1] ? strdup(args[1]) : NULL;
	status = tool_run(argv, text, sizeof(text));
	free(argv[1]);
	free(argv[2]);
	if (status == 0)
		return 0;
	return fault_set(why, HOST_FAILED, "unable to run %s: %s", path,
			 status < 0 ? strerror(-status) : text);
}

/* The disk made of a tar, cached by path, size and time of change. */
static int tar_unpack(struct image *image, const struct dirs *dirs, struct fault *why)
{
	const char *args[2] = { image->path, NULL };
	char disk[PATH_MAX], pattern[128];
	uint64_t where, what;
	struct stat st;

	if (stat(image->path, &st) < 0)
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
		args[1] = disk;
		if (script_run(dirs, "make-image", args, why) < 0)
			return -1;
		fmt(pattern, sizeof(pattern), "images/%s-%016llx-*.ext4", image->name,
		    (unsigned long long)where);
		forget_others(dirs->home, pattern, disk);
	}
	memcpy(image->path, disk, sizeof(disk));
	image->kind = IMAGE_RAW;
	image->groups = rootfs_groups(rootfs_named("ext4"));
	return 0;
}

/* Debian as it was built, or as it is made now. */
static int default_image(char *path, size_t size, const struct dirs *dirs, struct fault *why)
{
	static const char *const built[] = { "images/debian.ext4", "images/debian.tar" };
	const char *args[2] = { "--debian", path };

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
	return script_run(dirs, "make-image", args, why);
}

int image_open(struct image *image, const struct options *o, const struct dirs *dirs,
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
		return no_image(path, strerror(errno), why);
	image_name(image->name, sizeof(image->name), image->path);
	if (S_ISDIR(st.st_mode)) {
		image->kind = IMAGE_DIR;
		image->groups = rootfs_groups(rootfs_named("9p"));
		return 0;
	}
	/* Opening a FIFO would wait for somebody to write to it. */
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return no_image(image->path, "it is no file, disk or directory", why);
	if (file_probe(image, o->format, why) < 0)
		return -1;
	if (o->write && access(image->path, W_OK) < 0)
		return no_image(image->path, "it is not writable, and --write is given", why);
	if (image->kind != IMAGE_TAR)
		return 0;
	if (o->write)
		return no_image(image->path,
				"changes cannot be written back to a tar: leave out --write", why);
	return tar_unpack(image, dirs, why);
}
