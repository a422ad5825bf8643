/* login.c: who a session belongs to. */
#include "init/login.h"

#include <errno.h>
#include <string.h>

#include "init/nss.h"
#include "lib/accounts.h"
#include "lib/fmt.h"
#include "lib/textfile.h"

static void login_fill(struct login *who, const struct account *u)
{
	who->uid = u->uid;
	who->gid = u->gid;
	fmt(who->name, sizeof(who->name), "%s", u->name);
	fmt(who->home, sizeof(who->home), "%s", *u->home ? u->home : "/");
	fmt(who->shell, sizeof(who->shell), "%s", *u->shell ? u->shell : "/bin/sh");
}

static void login_root(struct login *who)
{
	login_fill(who, &(struct account){ "root", 0, 0, "/root", "/bin/sh" });
}

/* The user called `name`, else the one with that uid; without a name the one with uid
 * 1000, else with 0. */
static bool users_search(const char *name, struct login *who)
{
	bool found = false, wanted = false;
	struct textfile t;
	struct account u;
	uint32_t uid = name ? UINT32_MAX : 0; /* the first is nobody's */
	char *at;

	if (textfile_read(&t, "/etc/passwd") < 0)
		return false;
	if (name)
		account_id(name, strlen(name), &uid);
	at = t.at;
	while (!wanted && account_next(&at, t.at + t.len, &u)) {
		wanted = name ? strcmp(u.name, name) == 0 : u.uid == 1000;
		if (!wanted && (found || u.uid != uid))
			continue;
		login_fill(who, &u);
		found = true;
	}
	textfile_drop(&t);
	return found;
}

/* A name or a number that the image's name service knows. */
static bool nss_search(const char *name, struct login *who)
{
	char line[2560], *at = line;
	struct account u;
	ssize_t len = nss_ask("passwd", name, line, sizeof(line));

	if (len < 0 || !account_next(&at, line + len, &u))
		return false;
	login_fill(who, &u);
	who->nss = true;
	return true;
}

int login_find(struct login *who, const char *name, const struct settings *s)
{
	who->nss = false;
	if (!name || !*name)
		name = s->default_user;
	if (name && !*name)
		name = NULL;
	if (users_search(name, who) || (CFG_NSS && name && nss_search(name, who)))
		return 0;
	login_root(who);
	if (!name || strcmp(name, "root") == 0)
		return 0;
	fmt(who->name, sizeof(who->name), "%s", name);
	return -ENOENT;
}

void login_default(struct login *who, const struct settings *s)
{
	if (login_find(who, NULL, s) < 0)
		login_root(who);
}

/* "NAME  GID GID ...", as getent(1) has it. */
static void nss_groups(struct gids *all, const struct login *who)
{
	char line[8192], *at = line;

	if (nss_ask("initgroups", who->name, line, sizeof(line)) < 0)
		return;
	at += strcspn(at, " ");
	while (*(at += strspn(at, " ")) && all->count < all->max) {
		size_t len = strcspn(at, " ");
		uint32_t gid;

		if (account_id(at, len, &gid) && gid != who->gid)
			all->at[all->count++] = gid;
		at += len;
	}
}

size_t login_groups(const struct login *who, gid_t *gids, size_t max)
{
	struct gids all = { gids, 1, max };
	struct textfile t;

	gids[0] = who->gid;
	if (CFG_NSS && who->nss) {
		nss_groups(&all, who);
		return all.count;
	}
	if (textfile_read(&t, "/etc/group") < 0)
		return 1;
	account_groups(&all, t.at, t.len, who->name);
	textfile_drop(&t);
	return all.count;
}
