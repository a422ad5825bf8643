/* fileserver.h: the guest's files for the host, by p9d(8). */
#ifndef LANDBRIDGE_INIT_FILESERVER_H
#define LANDBRIDGE_INIT_FILESERVER_H

struct distro;

/* A distribution's step: listens; the server starts when somebody first calls. */
int step_p9d(struct distro *d);

#endif
