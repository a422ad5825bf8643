/* fd.h: descriptors and small files. Every function returns 0 (or a count)
 * or a negative errno value, restarts after EINTR, and never prints.
 */
#ifndef LANDBRIDGE_LIB_FD_H
#define LANDBRIDGE_LIB_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes *fd unless it is negative, and makes it -1. */
void fd_close(int *fd);
int fd_set_nonblock(int fd);
int fd_set_cloexec(int fd, int on);

/* Writes all of it, waiting with poll(2) where fd is non-blocking. */
int fd_write_all(int fd, const void *data, size_t len);

/* Fills buf until `len` bytes or end of file. Returns the count. */
ssize_t fd_read_full(int fd, void *buf, size_t len);

/* Reads a whole small file (as in /proc, /sys, /etc) into buf and ends it
 * with a NUL. Returns its length; -EFBIG when it does not fit in size - 1. What an
 * image has there may be a FIFO: one that nobody writes is empty. */
ssize_t file_read(const char *path, char *buf, size_t size);

/* Writes text to an existing file with one write(2) (/proc, /sys). */
int file_write(const char *path, const char *text);

/* Creates or replaces a file with text and mode. */
int file_create(const char *path, const char *text, mode_t mode);

/* The same in one step for whoever reads it meanwhile, or comes first. */
int file_replace(const char *path, const char *text, mode_t mode);

/* Whether two descriptors are one open file (open(2), "Open file descriptions"):
 * what is written to both is in one order. False where the kernel does not tell
 * (kcmp(2)). */
bool fd_is_same(int a, int b);

/* Where a path that exists leads: absolute, without links, "." and "..", to out.
 * As the kernel says in /proc. -ENAMETOOLONG. */
int path_real(const char *path, char *out, size_t size);

/* mkdir -p: a directory that is there already is success. */
int dir_make(const char *path, mode_t mode);

/* A stream unix socket, close-on-exec, bound to path and listening / connected.
 * A socket that is there and that nobody listens on is removed first; anything
 * else there is -EADDRINUSE.
 * Returns the descriptor. */
int unix_listen(const char *path, mode_t mode, int backlog);
int unix_connect(const char *path);
/* As unix_connect, but waits for nobody: -EAGAIN when the listener's queue is
 * full. The descriptor does not block. */
int unix_connect_now(const char *path);

/* The same for a port of vsock(7), which any CID may reach. -EAFNOSUPPORT: this
 * kernel has no vsock. */
int vsock_listen(unsigned port, int backlog);

/* Who is at the other end of a connected unix socket: unix(7) SO_PEERCRED. */
struct peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};
int unix_peer(int fd, struct peer *peer);

/* Passes one descriptor along with `len` > 0 bytes: unix(7) SCM_RIGHTS. Sending
 * does not wait: -EAGAIN, when the receiver has not taken what it was sent before.
 * Receiving: *got is the close-on-exec descriptor or -1. Returns byte count. */
ssize_t fd_send(int sock, int fd, const void *data, size_t len);
ssize_t fd_recv(int sock, int *got, void *buf, size_t len);

#endif
