/* who.c: which users of the guest may ask for programs of the host. */
#include "interop/guest/who.h"

#include <string.h>

#include "lib/accounts.h"
#include "lib/fmt.h"
#include "lib/textfile.h"

/* Whether a list of names has this one. */
static bool has(const char *list, const char *name, size_t len)
{
	while (*list) {
		size_t word = strcspn(list, ", \t");

		if (word == len && len > 0 && memcmp(list, name, len) == 0)
			return true;
		list += word;
		list += strspn(list, ", \t");
	}
	return false;
}

static bool in_groups(const struct who *who, const struct account *user,
		      const struct who_files *files)
{
	const char *at = files->group;
	struct group_line group;

	while (group_next(&at, files->group + files->group_len, &group))
		if (has(who->groups, group.name, group.name_len) &&
		    (group.gid == user->gid || group_lists(&group, user->name)))
			return true;
	return false;
}

static bool who_is_anybody(const struct who *who)
{
	return !*who->users && !*who->groups;
}

bool who_may(const struct who *who, uid_t uid, struct who_files *files)
{
	char *at = files->passwd, number[16];
	struct account user;

	fmt(number, sizeof(number), "%u", (unsigned)uid);
	if (uid == 0 || who_is_anybody(who) || has(who->users, number, strlen(number)))
		return true;
	while (account_next(&at, files->passwd + files->passwd_len, &user))
		if (user.uid == uid &&
		    (has(who->users, user.name, strlen(user.name)) || in_groups(who, &user, files)))
			return true;
	return false;
}

bool who_may_here(const struct who *who, uid_t uid)
{
	char nothing[1] = "";
	struct textfile passwd, group;
	struct who_files files = { .passwd = nothing, .group = nothing };
	bool users, groups, may;

	if (who_is_anybody(who) || uid == 0)
		return true;
	users = textfile_read(&passwd, "/etc/passwd") == 0;
	groups = textfile_read(&group, "/etc/group") == 0;
	if (users) {
		files.passwd = passwd.at;
		files.passwd_len = passwd.len;
	}
	if (groups) {
		files.group = group.at;
		files.group_len = group.len;
	}
	may = who_may(who, uid, &files);
	if (users)
		textfile_drop(&passwd);
	if (groups)
		textfile_drop(&group);
	return may;
}
