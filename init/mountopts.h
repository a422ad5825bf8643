/* mountopts.h: what the option string of a drive means.
 *
 * Pure. A comma list in, three things out: mount(2) flags, data for the file
 * system, and the options that are for the server of the drive (joined with
 * ';', as WSL has them in aname=).
 */
#ifndef LANDBRIDGE_INIT_MOUNTOPTS_H
#define LANDBRIDGE_INIT_MOUNTOPTS_H

#include <stdbool.h>
#include <stddef.h>

struct mountopts {
	unsigned long flags; /* MS_RDONLY, ... */
	char data[512];      /* "a=b,c", no comma at the ends */
	char server[512];    /* "metadata;uid=1000" */
	bool nofail;
	bool downgraded; /* case=force was taken as case=dir: worth a warning */
};

/* Later words win over earlier ones where they contradict. May be called
 * again to add to what is there. 0 or -ENAMETOOLONG. */
int mountopts_add(struct mountopts *o, const char *words);

/* Adds one item to a list like `data` (separator ',') or `server` (';'). */
int list_add(char *list, size_t size, char separator, const char *item, size_t len);

/* The source of a drive: C:  C:\  c:/  C:\dir . Sets *letter (upper case) and
 * *rest (inside `source`, "" for the whole drive, else without separators in
 * front). 0; -EOPNOTSUPP: \\server\share; -EINVAL: no drive. */
int drive_source(const char *source, char *letter, const char **rest);

/* `rest` as a path below a mount point: '\' -> '/'. 0 or -ENAMETOOLONG;
 * -EINVAL when it has a ".." part. */
int drive_subpath(char *out, size_t size, const char *point, const char *rest);

#endif
