/* command.h: wsl.conf's boot.command. */
#ifndef LANDBRIDGE_INIT_COMMAND_H
#define LANDBRIDGE_INIT_COMMAND_H

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct distro;

/* A distribution's step. */
int step_command(struct distro *d);

#endif
