/* user.c: accounts from passwd(5) and group(5), and becoming a user. */
#include "p9d/user.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"

#define FILE_MAX (1u << 20)

const struct user_files user_files_system = { "/etc/passwd", "/etc/group" };

/* One field of a line, up to `stop`; *at moves behind it. */
struct field {
	const char *at;
	size_t len;
};

static struct field next_field(const char **at, char stop)
{
	struct field f = { *at, 0 };

	while (f.at[f.len] && f.at[f.len] != stop && f.at[f.len] != '\n')
		f.len++;
	*at = f.at + f.len + (f.at[f.len] == stop && stop != '\n');
	return f;
}

static const char *next_line(const char *at)
{
	at = strchrnul(at, '\n');
	return *at ? at + 1 : at;
}

static bool number_of(struct field f, uint32_t *number)
{
	uint64_t v = 0;

	if (f.len == 0 || f.len > 10)
		return false;
	for (size_t i = 0; i < f.len; i++) {
		if (f.at[i] < '0' || f.at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(f.at[i] - '0');
	}
	*number = (uint32_t)v;
	return v < UINT32_MAX;
}

static bool same(struct field f, const char *text, size_t len)
{
	return f.len == len && memcmp(f.at, text, len) == 0;
}

struct account {
	struct field name;
	uint32_t uid;
	uint32_t gid;
};

/* name:password:uid:gid:... */
static bool account_of(const char *line, struct account *account)
{
	account->name = next_field(&line, ':');
	next_field(&line, ':');
	return number_of(next_field(&line, ':'), &account->uid) &&
	       number_of(next_field(&line, ':'), &account->gid);
}

/* The text of a file; a missing one is empty. free() it. */
static int read_text(const char *path, char **text)
{
	ssize_t len;

	*text = malloc(FILE_MAX);
	if (!*text)
		return -ENOMEM;
	len = file_read(path, *text, FILE_MAX);
	if (len == -ENOENT)
		**text = '\0';
	return len < 0 && len != -ENOENT ? (int)len : 0;
}

static bool find_uid(const char *text, uid_t uid, struct account *account)
{
	for (; *text; text = next_line(text))
		if (account_of(text, account) && account->uid == uid)
			return true;
	return false;
}

static bool find_name(const char *text, const char *name, size_t len, struct account *account)
{
	for (; *text; text = next_line(text))
		if (account_of(text, account) && same(account->name, name, len))
			return true;
	return false;
}

static bool is_member(const char *list, struct field name)
{
	while (*list && *list != '\n')
		if (same(next_field(&list, ','), name.at, name.len))
			return true;
	return false;
}

/* name:password:gid:user,user,... */
static void add_groups(const char *text, struct field name, struct user *user)
{
	for (; *text && user->group_count < USER_GROUPS_MAX; text = next_line(text)) {
		const char *line = text;
		uint32_t gid;

		next_field(&line, ':');
		next_field(&line, ':');
		if (number_of(next_field(&line, ':'), &gid) && is_member(line, name))
			user->groups[user->group_count++] = gid;
	}
}

int user_by_uid(const struct user_files *files, uid_t uid, struct user *user)
{
	struct account account;
	char *passwd, *group = NULL;
	int err = read_text(files->passwd, &passwd);

	*user = (struct user){ .uid = uid, .gid = uid };
	if (!err && find_uid(passwd, uid, &account)) {
		user->has_account = true;
		user->gid = account.gid;
		err = read_text(files->group, &group);
		if (!err)
			add_groups(group, account.name, user);
	}
	free(passwd);
	free(group);
	return err;
}

int user_uid_of(const struct user_files *files, const char *name, size_t len, uid_t *uid)
{
	struct account account = { .uid = 0 };
	char *passwd;
	int err;

	if (number_of((struct field){ name, len }, uid))
		return 0;
	err = read_text(files->passwd, &passwd);
	if (!err)
		err = find_name(passwd, name, len, &account) ? 0 : -ENOENT;
	if (!err)
		*uid = account.uid;
	free(passwd);
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
