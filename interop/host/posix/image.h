/* image.h: what a guest boots from. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_IMAGE_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_IMAGE_H

#include <stdint.h>

#include "interop/host/disk.h"
#include "interop/host/options.h"
#include "interop/host/posix/where.h"

enum image_kind {
	IMAGE_UNKNOWN,
	IMAGE_FOREIGN, /* a disk that holds no file system */
	IMAGE_DISK,
	IMAGE_TAR, /* perhaps compressed; image_open makes a raw disk of it */
	IMAGE_DIR,
};

struct image {
	enum image_kind kind;
	enum disk_format format; /* of a disk */
	unsigned groups;         /* lib/rootfs.h: of modules that the root needs */
	char path[PATH_MAX];
	char name[64]; /* the base name, made fit for a host name */
};

/* Looks at the first bytes of a file (len may be less than ROOTFS_HEAD). A raw
 * disk is one with a root file system that we know, or a partition table.
 * *groups as lib/rootfs.h has them. Pure. Source: tar(5). */
enum image_kind image_probe(const uint8_t *head, size_t len, enum disk_format *format,
			    unsigned *groups);

/* The guest's name for an image's path: base name, without what follows the
 * first dot, other characters than letters, digits and - as -. Pure. */
void image_name(char *out, size_t size, const char *path);

/* Finds, or makes, what options->image (NULL: the default image) boots from.
 * Refused: options->write where changes could not be kept; without
 * options->format, a disk that reads another file (see disk.h). */
int image_open(struct image *image, const struct options *options, const struct dirs *dirs,
	       struct fault *why);

/* The same without making anything of what is found. */
int image_look(struct image *image, const struct options *options, const struct dirs *dirs,
	       struct fault *why);

/* One more disk of a guest, whatever is on it. */
struct disk_file {
	char path[PATH_MAX];
	enum disk_format format;
	bool read_only;
};

/* As it is given: FILE[,ro]. Refused are those that read another file, and that could
 * not be written to without `ro`. */
int disk_file_find(struct disk_file *disk, const char *given, struct fault *why);

#endif
