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

/* The next field of a line, up to a colon. */
static bool field_take(const char **at, const char *end, const char **field, size_t *len)
{
	const char *colon = *at <= end ? memchr(*at, ':', (size_t)(end - *at)) : NULL;

	if (*at > end)
		return false;
	*field = *at;
	*len = (size_t)((colon ? colon : end) - *at);
	*at += *len + 1;
	return true;
}

/* name:password:gid:members, of which the user is one or whose own it is. */
static bool group_has(const char *line, const char *end, const struct who *who,
		      const struct account *user)
{
	const char *field[4];
	size_t len[4];
	uint32_t gid;

	for (int i = 0; i < 4; i++)
		if (!field_take(&line, end, &field[i], &len[i]))
			return false;
	if (!has(who->groups, field[0], len[0]) || !account_id(field[2], len[2], &gid))
		return false;
	for (const char *at = field[3], *stop; at <= field[3] + len[3]; at = stop + 1) {
		size_t left = (size_t)(field[3] + len[3] - at);

		stop = memchr(at, ',', left);
		stop = stop ? stop : at + left;
		if (strlen(user->name) == (size_t)(stop - at) &&
		    memcmp(at, user->name, (size_t)(stop - at)) == 0)
			return true;
	}
	return gid == user->gid;
}

static bool in_groups(const struct who *who, const struct account *user,
		      const struct who_files *files)
{
	const char *line = files->group, *end = line + files->group_len;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		stop = stop ? stop : end;
		if (group_has(line, stop, who, user))
			return true;
		line = stop + 1;
	}
	return false;
}

bool who_may(const struct who *who, uid_t uid, struct who_files *files)
{
	char *at = files->passwd, number[16];
	struct account user;

	fmt(number, sizeof(number), "%u", (unsigned)uid);
	if (uid == 0 || (!*who->users && !*who->groups) || has(who->users, number, strlen(number)))
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
	bool users = textfile_read(&passwd, "/etc/passwd") == 0;
	bool groups = textfile_read(&group, "/etc/group") == 0, may;

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
