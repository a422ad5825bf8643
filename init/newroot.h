/* newroot.h: mounting the root and going there. */
#ifndef LANDBRIDGE_INIT_NEWROOT_H
#define LANDBRIDGE_INIT_NEWROOT_H

struct distro;

/* Where the root is mounted before the switch. */
#define NEWROOT "/newroot"

/* A distribution's steps: mount and switch from an initramfs; writable where
 * the kernel mounted the root; cleanup, when all is done. */
int step_mount(struct distro *d);
int step_switch(struct distro *d);
int step_writable(struct distro *d);
int step_cleanup(struct distro *d);

#endif
