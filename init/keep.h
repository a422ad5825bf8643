/* keep.h: what somebody removes of ours comes back.
 *
 * The sockets cannot be removed: they are mounted on themselves. Of the others
 * inotify(7) tells PID 1 by SIGIO, so that nothing wakes up meanwhile.
 */
#ifndef LANDBRIDGE_INIT_KEEP_H
#define LANDBRIDGE_INIT_KEEP_H

struct distro;

/* A socket for all, whose name stays. As unix_listen. */
int keep_listen(const char *path);

/* A distribution's step: from here on the handler for .exe files and the helpers'
 * links are looked after. */
int step_keep(struct distro *d);

/* On SIGIO: makes again what is gone, or what came second. */
void keep_restore(struct distro *d);

#endif
