/* user.c: accounts from passwd(5) and group(5), and becoming a user. */
#include "p9d/user.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/accounts.h"
#include "lib/textfile.h"

const struct user_files user_files_system = { "/etc/passwd", "/etc/group" };

/* A missing file is an empty one. */
static int read_accounts(struct textfile *text, const char *path)
{
	int err = textfile_read(text, path);

	return err == -ENOENT ? 0 : err;
}

/* The first with this name; without one, the first with this uid. */
static bool find_account(struct textfile *passwd, const char *name, size_t len, uid_t uid,
			 struct account *account)
{
	char *at = passwd->at;

	while (at && account_next(&at, passwd->at + passwd->len, account)) {
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
	struct textfile group;
	int err = read_accounts(&group, files->group);

	if (!err)
		account_groups(&gids, group.at, group.len, name);
	user->group_count = (int)gids.count;
	textfile_drop(&group);
	return err;
}

int user_by_uid(const struct user_files *files, uid_t uid, struct user *user)
{
	struct account account;
	struct textfile passwd;
	int err = read_accounts(&passwd, files->passwd);

	*user = (struct user){ .uid = uid, .gid = uid };
	if (!err && find_account(&passwd, NULL, 0, uid, &account)) {
		user->has_account = true;
		user->gid = account.gid;
		err = add_groups(files, account.name, user);
	}
	textfile_drop(&passwd);
	return err;
}

int user_uid_of(const struct user_files *files, const char *name, size_t len, uid_t *uid)
{
	struct account account;
	struct textfile passwd;
	int err;

	if (account_id(name, len, uid))
		return 0;
	err = read_accounts(&passwd, files->passwd);
	if (!err && !find_account(&passwd, name, len, 0, &account))
		err = -ENOENT;
	if (!err)
		*uid = account.uid;
	textfile_drop(&passwd);
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

/* The calling thread alone, which libc's functions would not do. */
static int become(const struct user *user, bool for_good)
{
	gid_t gid = for_good ? user->gid : (gid_t)-1;
	uid_t uid = for_good ? user->uid : (uid_t)-1;

	if (syscall(SYS_setgroups, user->group_count, user->groups) < 0)
		return -errno;
	if (syscall(SYS_setresgid, gid, user->gid, gid) < 0)
		return -errno;
	return syscall(SYS_setresuid, uid, user->uid, uid) < 0 ? -errno : 0;
}

int user_drop_process(const struct user *user)
{
	return become(user, true);
}

/* Back to root first: only root may choose groups. */
int user_become_thread(const struct user *user)
{
	if (syscall(SYS_setresuid, -1, 0, -1) < 0)
		return -errno;
	return become(user, false);
}
