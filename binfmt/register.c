/* register.c: the handler for MZ files: looking at it and making it. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "binfmt/binfmt.h"
#include "lib/fd.h"
#include "lib/fmt.h"

enum { ENTRY_MAX = 1024, LINE_MAX_BYTES = 1920 }; /* the kernel's own limit of a line */

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

enum entry {
	ENTRY_READY, /* enabled, and as we make it */
	ENTRY_MISSING,
	ENTRY_OTHER, /* switched off, or another interpreter, magic or flags */
};

/* An enum entry, whatever the switch for all says; or negative errno. */
static int entry_look(const char *dir, const char *interpreter)
{
	char have[ENTRY_MAX + PATH_MAX], want[ENTRY_MAX + PATH_MAX];
	int rc = read_file(dir, BINFMT_NAME, have, sizeof(have));

	if (rc == -ENOENT)
		return ENTRY_MISSING;
	if (rc < 0)
		return rc == -EFBIG ? ENTRY_OTHER : rc;
	fmt(want, sizeof(want), "enabled\ninterpreter %s\nflags: %s\noffset 0\nmagic 4d5a\n",
	    interpreter, entry_flags());
	return strcmp(have, want) == 0 ? ENTRY_READY : ENTRY_OTHER;
}

/* The line for the kernel. The delimiter and the end of the line cannot be
 * part of the interpreter. */
static ssize_t entry_line(char *out, size_t size, const char *interpreter)
{
	size_t len;

	if (interpreter[0] != '/' || strpbrk(interpreter, ":\n") != NULL)
		return -EINVAL;
	len = fmt(out, size, ":" BINFMT_NAME ":M::MZ::%s:%s", interpreter, entry_flags());
	return len >= size ? -ENAMETOOLONG : (ssize_t)len;
}

int binfmt_register(const char *dir, const char *interpreter, int renew)
{
	char line[LINE_MAX_BYTES + 1], status[32];
	ssize_t len = entry_line(line, sizeof(line), interpreter);
	int rc = len < 0 ? (int)len : read_file(dir, "status", status, sizeof(status));
	int state = rc < 0 ? rc : entry_look(dir, interpreter);

	if (state < 0)
		return state;
	if (state == ENTRY_READY && !renew)
		return 0;
	if (state != ENTRY_MISSING) {
		rc = write_file(dir, BINFMT_NAME, "-1");
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	rc = write_file(dir, "register", line);
	/* Somebody else may make the same entry at the same time. */
	if (rc == -EEXIST)
		rc = 0;
	if (rc < 0)
		return rc;
	return entry_look(dir, interpreter) == ENTRY_READY ? 0 : -EINVAL;
}

ssize_t binfmt_conf(char *out, size_t size, const char *interpreter)
{
	char line[LINE_MAX_BYTES + 1];
	ssize_t rc = entry_line(line, sizeof(line), interpreter);
	size_t len;

	if (rc < 0)
		return rc;
	len = fmt(out, size,
		  "# Made by Landbridge: programs of the host (.exe) run through %s.\n"
		  "# To switch this off: ln -s /dev/null /etc/binfmt.d/" BINFMT_CONF "\n"
		  "%s\n",
		  interpreter, line);
	return len >= size ? -ENAMETOOLONG : (ssize_t)len;
}

int binfmt_conf_write(const char *dir, const char *name, const char *interpreter)
{
	char path[PATH_MAX], text[LINE_MAX_BYTES + ENTRY_MAX];
	ssize_t rc = binfmt_conf(text, sizeof(text), interpreter);

	if (rc >= 0 && fmt(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		rc = -ENAMETOOLONG;
	if (rc >= 0)
		rc = dir_make(dir, 0755);
	return rc < 0 ? (int)rc : file_create(path, text, 0644);
}
