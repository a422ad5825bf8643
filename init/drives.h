/* drives.h: the host's drives at boot. */
#ifndef LANDBRIDGE_INIT_DRIVES_H
#define LANDBRIDGE_INIT_DRIVES_H

struct machine;
struct distro;

/* The machine's step: what is needed to mount them. */
int step_drives(struct machine *m);
/* A distribution's: each at its letter below automount.root. */
int step_automount(struct distro *d);

/* At power-off, when they are unmounted: the directories that were made for them. */
void drives_remove(const struct distro *d);

#endif
