/* emergency.h: a boot that cannot go on ends in a shell, not in a panic. */
#ifndef LANDBRIDGE_INIT_EMERGENCY_H
#define LANDBRIDGE_INIT_EMERGENCY_H

struct distro;

/* A shell on the console, then power-off. */
_Noreturn void emergency(struct distro *d);

#endif
