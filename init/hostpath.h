/* hostpath.h: the Windows PATH as a list of the guest's directories. Private to
 * init.
 *
 * To translate it takes the mount table, which the kernel writes out anew for
 * every reader: as long as a small program's whole start. So it may be done
 * before it is needed, and counts until a mount changes.
 */
#ifndef LANDBRIDGE_INIT_HOSTPATH_H
#define LANDBRIDGE_INIT_HOSTPATH_H

enum { HOSTPATH_MAX = 64 * 1024, HOSTPATH_NAME = 256 };

struct hostpath {
	const char *windows;      /* "C:\a;C:\b"; NULL or empty: there is none */
	char *list;               /* "/mnt/c/a:/mnt/c/b"; NULL: not translated yet */
	int mountinfo;            /* proc_pid_mountinfo(5): poll(2) tells of changes */
	char name[HOSTPATH_NAME]; /* of the distro, as the list has it */
};

/* windows must stay. */
void hostpath_init(struct hostpath *path, const char *windows);
/* The list for a distro of that name; "" where there is nothing. It lives until the
 * next call. */
const char *hostpath_list(struct hostpath *path, const char *name);

#endif
