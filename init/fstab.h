/* fstab.h: the image's own fstab(5). */
#ifndef LANDBRIDGE_INIT_FSTAB_H
#define LANDBRIDGE_INIT_FSTAB_H

struct distro;

/* A distribution's step: mount -a. */
int step_fstab(struct distro *d);

#endif
