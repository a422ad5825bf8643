/* power.h: the end of a run. */
#ifndef LANDBRIDGE_INIT_POWER_H
#define LANDBRIDGE_INIT_POWER_H

struct distro;

enum power { POWER_NOTHING, POWER_OFF, POWER_REBOOT };

/* Ends every process, unmounts, and switches off whatever may hang. */
_Noreturn void power_down(struct distro *d, enum power how);

#endif
