/* modprobe.h: the kernel's modules, where modprobe(8) looks for them. */
#ifndef LANDBRIDGE_INIT_MODPROBE_H
#define LANDBRIDGE_INIT_MODPROBE_H

struct distro;

/* A distribution's step: the host's disk with them (LANDBRIDGE_MODULES) on
 * /lib/modules/RELEASE, unless the image has those of this kernel itself. */
int step_modprobe(struct distro *d);

/* At power-off: removes the directories that were made for it. */
void modprobe_leave(const struct distro *d);

#endif
