/* command.h: wsl.conf's boot.command, and where PID 1's own programs find theirs. */
#ifndef LANDBRIDGE_INIT_COMMAND_H
#define LANDBRIDGE_INIT_COMMAND_H

#include "lib/places.h"

#define SYSTEM_DIRS \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:"

/* "PATH=" SYSTEM_DIRS LANDBRIDGE_BIN, for an environment. */
extern char system_path[];

struct distro;

/* A distribution's step. */
int step_command(struct distro *d);

#endif
