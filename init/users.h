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

/* Ids of groups, `count` of them at the caller's `at`, which has room for `max`. */
struct gids {
	gid_t *at;
	size_t count, max;
};

/* Adds the groups that list `name` as a member, each once, as far as there is
 * room. Does not rewrite the text. */
void user_groups(struct gids *gids, const char *text, size_t len, const char *name);

#endif
