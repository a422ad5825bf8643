/* mountopts.h: what the option string of a drive means.
 *
 * Pure. A comma list in, three things out: mount(2) flags, the options that are
 * for the server of a drive that comes over the link, and data, which is what we do
 * not know: for the file system of one that the hypervisor gives.
 */
#ifndef LANDBRIDGE_INIT_MOUNTOPTS_H
#define LANDBRIDGE_INIT_MOUNTOPTS_H

#include <stdbool.h>
#include <stddef.h>

struct mountopts {
	unsigned long flags; /* MS_RDONLY, ... */
	char data[512];      /* "a=b,c", no comma at the ends */
	char server[512];    /* "metadata,uid=1000", in the order in which they came */
	bool nofail;
	bool downgraded; /* case=force was taken as case=dir: worth a warning */
};

/* Later words win over earlier ones where they contradict. May be called
 * again to add to what is there. 0 or -ENAMETOOLONG. */
int mountopts_add(struct mountopts *o, const char *words);

/* The source of a drive: C:  C:\  c:/  C:\dir . Sets *letter (upper case) and
 * *rest (inside `source`, "" for the whole drive, else without separators in
 * front). 0; -EOPNOTSUPP: \\server\share; -EINVAL: no drive. */
int drive_source(const char *source, char *letter, const char **rest);

/* `rest` as a path below a mount point: '\' -> '/'. 0 or -ENAMETOOLONG;
 * -EINVAL when it has a ".." part. */
int drive_subpath(char *out, size_t size, const char *point, const char *rest);

#endif
