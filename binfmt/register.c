/* register.c: the handler for MZ files: looking at it and making it. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "binfmt/binfmt.h"
#include "binfmt/entry.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/macros.h"

enum { LINE_MAX_BYTES = 1920 }; /* the kernel's own limit of a line */

/* Flag P gives the program's own argv[0] as an argument more, and before Linux
 * 5.12 nothing tells that it is one: without P there. */
static const char *entry_flags(void)
{
	struct utsname name = { 0 };
	char *dot;
	unsigned long major;

	uname(&name);
	major = strtoul(name.release, &dot, 10);
	return major < 5 || (major == 5 && strtoul(dot + 1, NULL, 10) < 12) ? "F" : "PF";
}

/* What goes through us: MZ files, and what cmd.exe reads. The kernel minds the case
 * of an extension. MZ comes last, that is first: it is what others want too. */
static const struct entry {
	char name[16], kind, match[4];
	char shown[24]; /* of its match, as the kernel shows it */
} entries[] = {
#if CFG_SCRIPTS
	{ "landbridge-bat", 'E', "bat", "extension .bat" },
	{ "landbridge-cmd", 'E', "cmd", "extension .cmd" },
	{ "landbridge-BAT", 'E', "BAT", "extension .BAT" },
	{ "landbridge-CMD", 'E', "CMD", "extension .CMD" },
#endif
	{ BINFMT_NAME, 'M', "MZ", "offset 0\nmagic 4d5a" },
};

static int read_file(const char *dir, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t len;

	if (fmt(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	len = file_read(path, text, size);
	return len < 0 ? (int)len : 0;
}

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];

	if (fmt(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	return file_write(path, text);
}

/* An enum entry_state, whatever the switch for all says; or negative errno. */
static int entry_look(const struct entry *e, const char *dir, const char *interpreter)
{
	char have[ENTRY_MAX + PATH_MAX], want[ENTRY_MAX + PATH_MAX];
	int rc = read_file(dir, e->name, have, sizeof(have));

	if (rc == -ENOENT)
		return ENTRY_MISSING;
	if (rc < 0)
		return rc == -EFBIG ? ENTRY_OTHER : rc;
	fmt(want, sizeof(want), "enabled\ninterpreter %s\nflags: %s\n%s\n", interpreter,
	    entry_flags(), e->shown);
	return strcmp(have, want) == 0 ? ENTRY_READY : ENTRY_OTHER;
}

/* The line for the kernel. The delimiter and the end of the line cannot be
 * part of the interpreter. */
static ssize_t entry_line(const struct entry *e, char *out, size_t size, const char *interpreter)
{
	size_t len;

	if (interpreter[0] != '/' || strpbrk(interpreter, ":\n") != NULL)
		return -EINVAL;
	len = fmt(out, size, ":%s:%c::%s::%s:%s", e->name, e->kind, e->match, interpreter,
		  entry_flags());
	return len >= size ? -ENAMETOOLONG : (ssize_t)len;
}

int entry_look_mz(const char *dir, const char *interpreter)
{
	return entry_look(&entries[array_len(entries) - 1], dir, interpreter);
}

static int entry_register(const struct entry *e, const char *dir, const char *interpreter,
			  int renew)
{
	char line[LINE_MAX_BYTES + 1];
	ssize_t len = entry_line(e, line, sizeof(line), interpreter);
	int rc, state = len < 0 ? (int)len : entry_look(e, dir, interpreter);

	if (state < 0)
		return state;
	if (state == ENTRY_READY && !renew)
		return 0;
	if (state != ENTRY_MISSING) {
		rc = write_file(dir, e->name, "-1");
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	rc = write_file(dir, "register", line);
	/* Somebody else may make the same entry at the same time. */
	if (rc == -EEXIST)
		rc = 0;
	if (rc < 0)
		return rc;
	return entry_look(e, dir, interpreter) == ENTRY_READY ? 0 : -EINVAL;
}

int binfmt_register(const char *dir, const char *interpreter, int renew)
{
	char status[32];
	int rc = read_file(dir, "status", status, sizeof(status));

	for (size_t i = 0; rc == 0 && i < array_len(entries); i++)
		rc = entry_register(&entries[i], dir, interpreter, renew);
	return rc;
}

ssize_t binfmt_conf(char *out, size_t size, const char *interpreter)
{
	size_t len = fmt(out, size,
			 "# Made by Landbridge: programs of the host (.exe) run through %s.\n"
			 "# To switch this off: ln -s /dev/null /etc/binfmt.d/" BINFMT_CONF "\n",
			 interpreter);

	for (size_t i = 0; i < array_len(entries) && len + 1 < size; i++) {
		ssize_t rc = entry_line(&entries[i], out + len, size - len - 1, interpreter);

		if (rc < 0)
			return rc;
		len += (size_t)rc;
		out[len++] = '\n';
		out[len] = '\0';
	}
	return len + 1 >= size ? -ENAMETOOLONG : (ssize_t)len;
}

int binfmt_conf_write(const char *dir, const char *name, const char *interpreter)
{
	char path[PATH_MAX], text[4096 + ENTRY_MAX];
	ssize_t rc = binfmt_conf(text, sizeof(text), interpreter);

	if (rc >= 0 && fmt(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		rc = -ENAMETOOLONG;
	if (rc >= 0)
		rc = dir_make(dir, 0755);
	return rc < 0 ? (int)rc : file_create(path, text, 0644);
}
