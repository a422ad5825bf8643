/* view.h: what of the host's files a process and all it starts see: a mount
 * namespace (mount_namespaces(7)) whose root is empty but for chosen places.
 * What is not there cannot be opened, connected to or asked about, whatever
 * system call is used. As an ordinary user it comes with a user namespace in which
 * that user is the only one (user_namespaces(7)): files of others show as nobody's.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_VIEW_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_VIEW_H

#include <stdbool.h>

/* Leaves the host's mount and IPC namespaces (System V memory, POSIX queues), those in
 * `others` (CLONE_NEWPID), and as an ordinary user its user namespace: mounts from
 * here on are seen by this process, which must have one thread, and by what it starts.
 * 0 or negative errno: -EPERM, -EUSERS, -ENOSYS where there are no (more) namespaces
 * for this user. */
int view_leave(int others);

struct view {
	int root; /* the new root, empty at first */
};

/* Leaves the host's namespaces. Nothing looks different before view_enter. 0 or
 * negative errno, view_leave's or that of what comes after it. */
int view_begin(struct view *view);

enum view_flag {
	VIEW_WRITE = 1,  /* else it is mounted read-only */
	VIEW_DEVICE = 2, /* a device that works */
};

/* Shows what is at an absolute path there, with all that is mounted in it, without
 * set-uid programs and devices. A path that does not exist is left out. What lies
 * in another place comes after that. 0 or negative errno. */
int view_add(struct view *view, const char *path, unsigned flags);

/* An empty file system in memory that is mounted nowhere yet: its descriptor. What is in
 * it is made by that, before nobody may change it any more. */
int view_new_files(void);
int view_fix_files(int fd);

/* Shows what is at the descriptor, which is closed, at an absolute path. What is mounted
 * there later everybody sees who has the view. 0 or negative errno. */
int view_add_files(struct view *view, int fd, const char *path);

/* What view_add would show of an absolute path, mounted nowhere yet: its descriptor, or
 * negative errno. */
int view_copy(const char *path, unsigned flags);

/* In a view: mounts what is at the descriptor, which is closed, on a directory that is
 * there; and unmounts all that is there, whoever uses it. */
int view_put(int fd, const char *path);
void view_clear(const char *path);

/* Terminals of its own: /dev/pts and /dev/ptmx, on which no other's are. */
int view_add_terminals(struct view *view);

/* /proc with the processes of this one's PID namespace (apart.h) and no others. -EPERM
 * where this user may not mount one: in a container that hides parts of its own. */
int view_add_processes(struct view *view);

/* From here on this process sees the places and nothing else, and is at /. Descriptors
 * stay what they are. */
int view_enter(struct view *view);

/* Instead of view_enter: everything stays to be seen. */
void view_drop(struct view *view);

#endif
