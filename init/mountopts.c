/* mountopts.c: what the option string of a drive means. */
#include "init/mountopts.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "lib/fmt.h"
#include "lib/lib.h"

struct word {
	char name[16];
	unsigned set, clear;
};

#define NOT_FOR_USERS (MS_NOEXEC | MS_NODEV | MS_NOSUID)

static const struct word words_known[] = {
	{ "defaults", 0, 0 },
	{ "_netdev", 0, 0 },
	{ "auto", 0, 0 },
	{ "noauto", 0, 0 },
	{ "nogroup", 0, 0 },
	{ "noowner", 0, 0 },
	{ "nouser", 0, 0 },
	{ "nousers", 0, 0 },
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "atime", 0, MS_NOATIME },
	{ "noatime", MS_NOATIME, 0 },
	{ "diratime", 0, MS_NODIRATIME },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "relatime", MS_RELATIME, 0 },
	{ "norelatime", 0, MS_RELATIME },
	{ "strictatime", MS_STRICTATIME, 0 },
	{ "nostrictatime", 0, MS_STRICTATIME },
	{ "lazytime", 1 << 25, 0 }, /* MS_LAZYTIME, which musl does not have */
	{ "nolazytime", 0, 1 << 25 },
	{ "dev", 0, MS_NODEV },
	{ "nodev", MS_NODEV, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "noexec", MS_NOEXEC, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nosuid", MS_NOSUID, 0 },
	{ "iversion", MS_I_VERSION, 0 },
	{ "noiversion", 0, MS_I_VERSION },
	{ "mand", MS_MANDLOCK, 0 },
	{ "nomand", 0, MS_MANDLOCK },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "silent", MS_SILENT, 0 },
	{ "loud", 0, MS_SILENT },
	{ "remount", MS_REMOUNT, 0 },
	{ "group", MS_NOSUID | MS_NODEV, 0 },
	{ "owner", MS_NOSUID | MS_NODEV, 0 },
	{ "user", NOT_FOR_USERS, 0 },
	{ "users", NOT_FOR_USERS, 0 },
};

static const char *const server_words[] = { "metadata", "case",  "uid",   "gid",
					    "umask",    "dmask", "fmask", "symlinkroot" };

static int list_add(char *list, size_t size, const char *item, size_t len)
{
	size_t used = strlen(list);

	if (used + (used > 0) + len + 1 > size)
		return -ENAMETOOLONG;
	if (used > 0)
		list[used++] = ',';
	memcpy(list + used, item, len);
	list[used + len] = '\0';
	return 0;
}

/* Whether a word is `name` or `name=...`. */
static bool word_is(const char *word, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len >= n && memcmp(word, name, n) == 0 && (len == n || word[n] == '=');
}

static bool for_server(const char *word, size_t len)
{
	for (size_t i = 0; i < array_len(server_words); i++)
		if (word_is(word, len, server_words[i]))
			return true;
	return false;
}

static int server_add(struct mountopts *o, const char *word, size_t len)
{
	if (len == 10 && memcmp(word, "case=force", 10) == 0) {
		o->downgraded = true;
		word = "case=dir";
		len = 8;
	}
	return list_add(o->server, sizeof(o->server), word, len);
}

static int word_add(struct mountopts *o, const char *word, size_t len)
{
	if (word_is(word, len, "nofail")) {
		o->nofail = true;
		return 0;
	}
	if (word_is(word, len, "fallback") || word_is(word, len, "aname"))
		return 0;
	if (for_server(word, len))
		return server_add(o, word, len);
	for (size_t i = 0; i < array_len(words_known); i++) {
		const struct word *w = &words_known[i];

		if (word_is(word, len, w->name)) {
			o->flags = (o->flags & ~w->clear) | w->set;
			return 0;
		}
	}
	return list_add(o->data, sizeof(o->data), word, len);
}

int mountopts_add(struct mountopts *o, const char *words)
{
	while (*words) {
		size_t len = strcspn(words, ",");
		int err = len > 0 ? word_add(o, words, len) : 0;

		if (err < 0)
			return err;
		words += len + (words[len] == ',');
	}
	return 0;
}

static bool is_separator(char c)
{
	return c == '/' || c == '\\';
}

int drive_source(const char *source, char *letter, const char **rest)
{
	char c = source[0];

	if (is_separator(c) && is_separator(source[1]))
		return -EOPNOTSUPP;
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c < 'A' || c > 'Z' || source[1] != ':' || (source[2] && !is_separator(source[2])))
		return -EINVAL;
	*letter = c;
	for (*rest = source + 2; is_separator(**rest);)
		++*rest;
	return 0;
}

static bool has_dotdot(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += len + (path[len] == '/');
	}
	return false;
}

int drive_subpath(char *out, size_t size, const char *point, const char *rest)
{
	size_t at = fmt(out, size, "%s%s%s", point, *rest ? "/" : "", rest);

	if (at >= size)
		return -ENAMETOOLONG;
	for (char *c = out + strlen(point); *c; c++)
		if (*c == '\\')
			*c = '/';
	return has_dotdot(out + strlen(point)) ? -EINVAL : 0;
}
