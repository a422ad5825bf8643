/* login.h: who a session belongs to. Private to init/; uses no heap. */
#ifndef LANDBRIDGE_INIT_LOGIN_H
#define LANDBRIDGE_INIT_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "init/settings.h"

struct login {
	uid_t uid;
	gid_t gid;
	char name[256];
	char home[1024];
	char shell[1024];
	bool nss; /* only the image's name service knows of it (nss.h) */
};

/* The user `name`, which may be a uid; if that is NULL or "": the settings' default
 * user, else the one with uid 1000, else root (who is there even without a passwd
 * file). Who is not in /etc/passwd is asked for with nss.h, so not by PID 1.
 * 0; -ENOENT: no such user, whose name is in who->name. */
int login_find(struct login *who, const char *name, const struct settings *s);

/* As login_find without a name, but root when the default user is unknown. */
void login_default(struct login *who, const struct settings *s);

/* The user's groups, the primary one first. Returns how many; at most max. */
size_t login_groups(const struct login *who, gid_t *gids, size_t max);

#endif
