/* users.h: passwd(5) and group(5), read by ourselves: a static program must
 * not load the image's name service modules.
 *
 * Pure: whole texts in, structs out; the text is rewritten in place and the
 * strings point into it. Lines that are malformed do not count.
 */
#ifndef LANDBRIDGE_INIT_USERS_H
#define LANDBRIDGE_INIT_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct user {
	const char *name;
	uid_t uid;
	gid_t gid;
	const char *home, *shell; /* may be "" */
};

/* The next user of the text, or false at its end. *at starts at the text's
 * first byte; `end` is behind its last, where one byte of room must be. */
bool user_next(char **at, char *end, struct user *user);

/* Adds the ids of the groups that list `name` as a member to gids, `count`
 * of which are there already, each id once, at most `max` in all. Returns how
 * many are there then. Does not rewrite the text. */
size_t user_groups(const char *text, size_t len, const char *name, gid_t *gids, size_t count,
		   size_t max);

#endif
