/* fstab.h: the image's own fstab(5). */
#ifndef LANDBRIDGE_INIT_FSTAB_H
#define LANDBRIDGE_INIT_FSTAB_H

#include <stdbool.h>

struct distro;

/* Whether a line of the text mounts something on this path; NULL: on any. Pure. */
bool fstab_names(const char *text, const char *path);

/* A distribution's step: mount -a. */
int step_fstab(struct distro *d);

#endif
