/* accounts.h: passwd(5) and group(5), read by ourselves: a static program must
 * not load the image's name service modules.
 *
 * Pure: whole texts in, structs out; the text is rewritten in place and the
 * strings point into it. Lines that are malformed do not count.
 */
#ifndef LANDBRIDGE_LIB_ACCOUNTS_H
#define LANDBRIDGE_LIB_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct account {
	const char *name;
	uid_t uid;
	gid_t gid;
	const char *home, *shell; /* may be "" */
};

/* The next account of the text, or false at its end. *at starts at the text's
 * first byte; `end` is behind its last, where one byte of room must be. */
bool account_next(char **at, char *end, struct account *account);

/* A decimal id as those files have it: below 2^32 - 1, which stands for none. */
bool account_id(const char *at, size_t len, uint32_t *id);

/* One group, in place: nothing ends with a byte 0. */
struct group_line {
	const char *name, *members;
	size_t name_len, members_len;
	gid_t gid;
};

/* The next group of the text from *at to `end`, or false at its end. Does not rewrite
 * the text. */
bool group_next(const char **at, const char *end, struct group_line *group);
/* Whether it lists that member. */
bool group_lists(const struct group_line *group, const char *name);

/* Ids of groups, `count` of them at the caller's `at`, which has room for `max`. */
struct gids {
	gid_t *at;
	size_t count, max;
};

/* Adds the groups that list `name` as a member, each once, as far as there is
 * room. Does not rewrite the text. */
void account_groups(struct gids *gids, const char *text, size_t len, const char *name);

#endif
