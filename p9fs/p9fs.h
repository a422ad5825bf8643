/* p9fs.h: a 9P server's tree as a folder, through FUSE (libfuse3).
 *
 * Every request of the kernel becomes one 9P message, seldom more, and none
 * waits for another: the answer goes to the kernel when the server's reply
 * comes. The server is one that speaks 9P2000.W, as p9d does (p9d/p9d.h).
 * Nothing is cached unless asked for, so what the guest writes is seen at once.
 *
 * Who may do what is the server's to say: all requests run as one user of the
 * guest. The kernel lets only the user who mounted it in (fuse(4)).
 */
#ifndef LANDBRIDGE_P9FS_H
#define LANDBRIDGE_P9FS_H

#include <stdbool.h>

struct p9fs_config {
	const char *dir;  /* where; an absolute path */
	const char *name; /* what mount(8) shows as its source */
	const char *user; /* of the guest; NULL: the server's default */
	double cache;     /* seconds for which names and attributes may be old */
	bool read_only;
};

struct p9fs;

/* Connects and mounts. Owns fd, a connected stream socket, in any case. 0, or
 * negative errno with *step, a phrase that says what could not be done. */
int p9fs_open(struct p9fs **mount, const struct p9fs_config *config, int fd, const char **step);
/* Serves until it is unmounted, the server goes, or TERM, INT or HUP comes.
 * 0: unmounted or told to stop; negative errno: the connection failed. */
int p9fs_serve(struct p9fs *mount);
/* Unmounts what is still mounted and frees all. */
void p9fs_close(struct p9fs *mount);

#endif
