/* accounts.c: passwd(5) and group(5). */
#include "lib/accounts.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

bool account_id(const char *at, size_t len, uint32_t *out)
{
	uint64_t v = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(at[i] - '0');
	}
	if (v >= UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

/* Splits a line at its colons. Returns the number of fields. */
static int fields_split(char *line, char *field[], int max)
{
	int count = 0;

	while (count < max) {
		char *colon = strchr(line, ':');

		field[count++] = line;
		if (!colon)
			return count;
		*colon = '\0';
		line = colon + 1;
	}
	return max + 1; /* too many */
}

static bool account_parse(char *line, struct account *account)
{
	char *f[7];
	uint32_t uid, gid;

	if (fields_split(line, f, 7) != 7 || !f[0][0] || !account_id(f[2], strlen(f[2]), &uid) ||
	    !account_id(f[3], strlen(f[3]), &gid))
		return false;
	*account = (struct account){ f[0], uid, gid, f[5], f[6] };
	return true;
}

bool account_next(char **at, char *end, struct account *account)
{
	*end = '\0';
	while (*at < end) {
		char *line = *at;
		char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			stop = end;
		*stop = '\0';
		*at = stop < end ? stop + 1 : end;
		if (strlen(line) == (size_t)(stop - line) && account_parse(line, account))
			return true;
	}
	return false;
}

bool group_lists(const struct group_line *group, const char *name)
{
	size_t want = strlen(name), len = group->members_len;
	const char *list = group->members;

	while (len > 0) {
		const char *comma = memchr(list, ',', len);
		size_t part = comma ? (size_t)(comma - list) : len;

		if (part == want && memcmp(list, name, want) == 0)
			return true;
		part += comma != NULL;
		list += part;
		len -= part;
	}
	return false;
}

/* name:password:gid:member,member */
static bool group_parse(const char *line, size_t len, struct group_line *group)
{
	const char *field[4];
	size_t size[4];
	uint32_t id;

	for (int i = 0; i < 4; i++) {
		const char *colon = memchr(line, ':', len);

		if ((i < 3) != (colon != NULL))
			return false;
		field[i] = line;
		size[i] = colon ? (size_t)(colon - line) : len;
		len -= size[i] + (colon != NULL);
		line += size[i] + (colon != NULL);
	}
	if (!account_id(field[2], size[2], &id))
		return false;
	*group = (struct group_line){ field[0], field[3], size[0], size[3], id };
	return true;
}

bool group_next(const char **at, const char *end, struct group_line *group)
{
	while (*at < end) {
		const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));

		*at = stop ? stop + 1 : end;
		if (group_parse(line, (size_t)((stop ? stop : end) - line), group))
			return true;
	}
	return false;
}

static void gid_add(struct gids *gids, gid_t gid)
{
	for (size_t i = 0; i < gids->count; i++)
		if (gids->at[i] == gid)
			return;
	if (gids->count < gids->max)
		gids->at[gids->count++] = gid;
}

void account_groups(struct gids *gids, const char *text, size_t len, const char *name)
{
	const char *end = text + len;
	struct group_line group;

	while (group_next(&text, end, &group))
		if (group_lists(&group, name))
			gid_add(gids, group.gid);
}
