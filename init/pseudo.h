/* pseudo.h: the pseudo file systems. */
#ifndef LANDBRIDGE_INIT_PSEUDO_H
#define LANDBRIDGE_INIT_PSEUDO_H

#include <sys/types.h>

struct machine;
struct distro;

struct pseudo {
	const char *target, *type;
	unsigned long flags;
	const char *data;
	mode_t mode;    /* of the directory, where it must be made */
	unsigned forms; /* enum boot_form */
};

/* Nothing when something is mounted there already. 0 or negative errno. */
int pseudo_mount(const struct pseudo *p);

/* The machine's steps: /proc, /sys, /dev and the kernel's log; /run, which goes
 * with us into the root. */
int step_devices(struct machine *m);
int step_run(struct machine *m);
/* A distribution's: all the others. */
int step_filesystems(struct distro *d);

#endif
