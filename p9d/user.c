/* user.c: accounts from passwd(5) and group(5), and becoming a user. */
#include "p9d/user.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/accounts.h"
#include "lib/fd.h"

#define FILE_MAX (1u << 20)

const struct user_files user_files_system = { "/etc/passwd", "/etc/group" };

/* A file of at most FILE_MAX bytes, and one byte of room behind them. */
struct text {
	char *at;
	size_t len;
};

/* A missing file is an empty one. text_drop it, also on an error. */
static int text_read(struct text *t, const char *path)
{
	ssize_t len;

	*t = (struct text){ .at = malloc(FILE_MAX) };
	if (!t->at)
		return -ENOMEM;
	len = file_read(path, t->at, FILE_MAX);
	if (len < 0)
		return len == -ENOENT ? 0 : (int)len;
	t->len = (size_t)len;
	return 0;
}

static void text_drop(struct text *t)
{
	free(t->at);
}

/* The first with this name; without one, the first with this uid. */
static bool find_account(struct text *passwd, const char *name, size_t len, uid_t uid,
			 struct account *account)
{
	char *at = passwd->at;

	while (account_next(&at, passwd->at + passwd->len, account)) {
		if (!name && account->uid == uid)
			return true;
		if (name && strlen(account->name) == len && memcmp(account->name, name, len) == 0)
			return true;
	}
	return false;
}

static int add_groups(const struct user_files *files, const char *name, struct user *user)
{
	struct gids gids = { user->groups, 0, USER_GROUPS_MAX };
	struct text group;
	int err = text_read(&group, files->group);

	if (!err)
		account_groups(&gids, group.at, group.len, name);
	user->group_count = (int)gids.count;
	text_drop(&group);
	return err;
}

int user_by_uid(const struct user_files *files, uid_t uid, struct user *user)
{
	struct account account;
	struct text passwd;
	int err = text_read(&passwd, files->passwd);

	*user = (struct user){ .uid = uid, .gid = uid };
	if (!err && find_account(&passwd, NULL, 0, uid, &account)) {
		user->has_account = true;
		user->gid = account.gid;
		err = add_groups(files, account.name, user);
	}
	text_drop(&passwd);
	return err;
}

int user_uid_of(const struct user_files *files, const char *name, size_t len, uid_t *uid)
{
	struct account account;
	struct text passwd;
	int err;

	if (account_id(name, len, uid))
		return 0;
	err = text_read(&passwd, files->passwd);
	if (!err && !find_account(&passwd, name, len, 0, &account))
		err = -ENOENT;
	if (!err)
		*uid = account.uid;
	text_drop(&passwd);
	return err;
}

bool user_in_group(const struct user *user, gid_t gid)
{
	if (user->gid == gid)
		return true;
	for (int i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return true;
	return false;
}

int user_drop_process(const struct user *user)
{
	if (setgroups((size_t)user->group_count, user->groups) < 0)
		return -errno;
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return -errno;
	return setresuid(user->uid, user->uid, user->uid) < 0 ? -errno : 0;
}

/* Back to root first: only root may choose groups. */
int user_become_thread(const struct user *user)
{
	if (syscall(SYS_setresuid, -1, 0, -1) < 0)
		return -errno;
	if (syscall(SYS_setgroups, user->group_count, user->groups) < 0)
		return -errno;
	if (syscall(SYS_setresgid, -1, user->gid, -1) < 0)
		return -errno;
	return syscall(SYS_setresuid, -1, user->uid, -1) < 0 ? -errno : 0;
}
