/* who.h: which users of the guest may ask for programs of the host. Private to
 * interop/guest. */
#ifndef LANDBRIDGE_INTEROP_GUEST_WHO_H
#define LANDBRIDGE_INTEROP_GUEST_WHO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Names, with commas or blanks between them; "" in both: everybody may. */
struct who {
	const char *users, *groups;
};

/* Whether a user may: root; one of the users, by a name or number; who is in one of the
 * groups, by the group's list or as the user's own. `passwd` and `group` are the whole
 * files, in place: passwd(5) is written to. Pure. */
struct who_files {
	char *passwd;
	size_t passwd_len; /* and a byte of room behind */
	const char *group;
	size_t group_len;
};
bool who_may(const struct who *who, uid_t uid, struct who_files *files);

/* The same with /etc/passwd and /etc/group; one that cannot be read has nobody. */
bool who_may_here(const struct who *who, uid_t uid);

#endif
