/* letters.h: the host's drives at boot. */
#ifndef LANDBRIDGE_INIT_LETTERS_H
#define LANDBRIDGE_INIT_LETTERS_H

#include <stdint.h>

struct machine;
struct distro;
struct settings;

/* The machine's step: what is needed to mount them. */
int step_drives(struct machine *m);
/* A distribution's: each at its letter below automount.root. */
int step_automount(struct distro *d);

/* At power-off: the drives for which directories were made (bit 0 is A:), which is
 * noted in /run; and when they are unmounted these are removed. */
uint32_t drives_made(void);
void drives_remove(const struct settings *s, uint32_t made);

#endif
