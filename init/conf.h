/* conf.h: the boot steps that read the settings (settings.h). */
#ifndef LANDBRIDGE_INIT_CONF_H
#define LANDBRIDGE_INIT_CONF_H

struct machine;
struct distro;

int step_cmdline(struct machine *m);
int step_settings(struct distro *d); /* wsl.conf */

#endif
