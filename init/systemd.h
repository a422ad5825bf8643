/* systemd.h: the image's systemd, where wsl.conf's boot.systemd asks for it.
 *
 * It is PID 1 of pid, mount, uts, ipc and cgroup namespaces of its own
 * (namespaces(7)), beside the machine's PID 1, which keeps the sockets and the
 * daemons. It has its own /proc and control groups, and all else as the machine
 * has it: mounts that the machine makes later are seen there, and not the
 * reverse. Source: systemd(1), and "The Container Interface" on systemd.io.
 */
#ifndef LANDBRIDGE_INIT_SYSTEMD_H
#define LANDBRIDGE_INIT_SYSTEMD_H

#include "init/power.h"

struct distro;

/* A distribution's step: starts it. Nobody waits until it is up: what a session
 * needs of it, the session waits for (logind.h). */
int step_systemd(struct distro *d);

/* It has ended with that wait status: what the machine does now. One that was
 * not asked to end leaves a machine that goes on without it. */
enum power systemd_ended(struct distro *d, int status);

/* Asks it to end everything it has started, and waits for that. */
void systemd_stop(struct distro *d);

/* What is left of the first `ms` milliseconds since it was started, in which what
 * it starts is on its way up. */
int systemd_left_ms(int ms);

/* What a session needs of it is up, so none of those milliseconds are left, for
 * nobody. For the process that runs a session, as root. */
void systemd_up(void);

/* For the process that runs a session: goes on in a child inside, in a control
 * group for those, until logind moves it; the caller itself ends. 0 in the child;
 * a negative errno where it is as it was, as there is no systemd, or no more. */
int systemd_join(void);

#endif
