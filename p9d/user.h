/* user.h: who a request runs as. */
#ifndef LANDBRIDGE_P9D_USER_H
#define LANDBRIDGE_P9D_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define USER_GROUPS_MAX 256

/* A user as the kernel wants it. `groups` are the supplementary ones. */
struct user {
	uid_t uid;
	gid_t gid;
	bool has_account;
	int group_count;
	gid_t groups[USER_GROUPS_MAX];
};

/* Where accounts are read: /etc/passwd and /etc/group unless a test says
 * otherwise. Read afresh each time, so that a new account works at once. */
struct user_files {
	const char *passwd;
	const char *group;
};
extern const struct user_files user_files_system;

/* Fills *user for a uid. A uid without an account is a user all the same:
 * gid = uid, no groups. 0, or a negative errno from reading the files (one that
 * is not there counts as empty). */
int user_by_uid(const struct user_files *files, uid_t uid, struct user *user);

/* The uid of a name, or of a number written out. -ENOENT: no such account. */
int user_uid_of(const struct user_files *files, const char *name, size_t len, uid_t *uid);

bool user_in_group(const struct user *user, gid_t gid);

/* Makes the whole process this user for good: groups, all three uids and
 * gids. Only before threads are started. For uid 0 only groups and gids. */
int user_drop_process(const struct user *user);

/* Makes the calling thread alone act as this user (credentials(7): the kernel
 * keeps them per thread; the C library's wrappers would change all threads).
 * Real and saved uid stay 0, so that the thread can turn to the next user;
 * the effective uid decides all checks and empties the effective capabilities
 * when it is not 0 (capabilities(7)). */
int user_become_thread(const struct user *user);

#endif
