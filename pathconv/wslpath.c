/* wslpath.c: wslpath(1), the converters with the system's answers around them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "pathconv/pathconv.h"

#define USAGE "wslpath [-a] [-u|-w|-m] PATH"

struct conversion {
	char direction; /* u, w or m; 0: not said */
	bool absolute, help;
	const char *path;
};

/* One line on stderr; the exit status. */
static int fail(const char *what, const char *why, const char *hint)
{
	char line[PATH_MAX + 512];
	size_t len = fmt(line, sizeof(line), "wslpath: %s%s%s (%s)\n", what, *what ? ": " : "", why,
			 hint);

	if (len >= sizeof(line))
		len = sizeof(line) - 1;
	fd_write_all(STDERR_FILENO, line, len);
	return 1;
}

static int usage(const char *what, const char *why)
{
	return fail(what, why, "usage: " USAGE);
}

static int read_flag(struct conversion *r, char flag, const char *arg)
{
	switch (flag) {
	case 'u':
	case 'w':
	case 'm':
		if (r->direction != 0 && r->direction != flag)
			return usage(arg, "only one of -u, -w and -m can be given");
		r->direction = flag;
		return 0;
	case 'a':
		r->absolute = true;
		return 0;
	default:
		return usage(arg, "no such option");
	}
}

static int read_flags(struct conversion *r, const char *arg)
{
	int rc = 0;

	if (strcmp(arg, "--help") == 0) {
		r->help = true;
		return 0;
	}
	for (const char *s = arg + 1; *s != '\0' && rc == 0; s++)
		rc = read_flag(r, *s, arg);
	return rc;
}

static int read_arguments(struct conversion *r, int argc, char **argv)
{
	bool flags = true;
	int rc = 0;

	for (int i = 1; i < argc && rc == 0 && !r->help; i++) {
		const char *arg = argv[i];

		if (flags && strcmp(arg, "--") == 0)
			flags = false;
		else if (flags && arg[0] == '-' && arg[1] != '\0')
			rc = read_flags(r, arg);
		else if (r->path == NULL)
			r->path = arg;
		else
			rc = usage(arg, "only one path can be given");
	}
	if (rc == 0 && !r->help && r->path == NULL)
		rc = usage("", "no path given");
	return rc;
}

/* Takes the last name off the first `len` bytes. */
static size_t parent_length(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len;
}

/* The real path of as much of path as exists, and the rest as it is, to
 * `out` of PATH_MAX bytes. *exists: all of it does. */
static int resolve(const char *path, char *out, bool *exists)
{
	char head[PATH_MAX], real[PATH_MAX];
	size_t len = strlen(path), cut = len;
	const char *rest;
	int rc;

	if (len >= sizeof(head))
		return -ENAMETOOLONG;
	memcpy(head, path, len + 1);
	while ((rc = path_real(cut > 0 ? head : ".", real, sizeof(real))) < 0) {
		if (rc != -ENOENT || cut == 0)
			return rc;
		cut = parent_length(path, cut);
		head[cut] = '\0';
	}
	*exists = cut == len;
	rest = *exists ? (path[len - 1] == '/' ? "/" : "") : path + cut;
	if (fmt(out, PATH_MAX, "%s%s%s", real, *exists ? "" : "/", rest) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

static ssize_t to_windows(const struct pathconv *pc, const struct conversion *r, char *out,
			  size_t size)
{
	unsigned flags = r->direction == 'm' ? PATH_FORWARD : 0;
	char real[PATH_MAX];
	bool exists = false;
	int rc;

	if (r->path[0] == '\0')
		return -EINVAL;
	rc = resolve(r->path, real, &exists);
	if (rc < 0)
		return rc;
	/* What does not exist yet stays relative, as scripts made for WSL expect. */
	if (!exists && r->path[0] != '/' && !r->absolute)
		return path_to_windows(pc, r->path, flags, out, size);
	return path_to_windows(pc, real, flags, out, size);
}

static ssize_t convert(const struct pathconv *pc, const struct conversion *r, char *out,
		       size_t size)
{
	if (r->direction == 'w' || r->direction == 'm')
		return to_windows(pc, r, out, size);
	return path_to_linux(pc, r->path, r->absolute ? PATH_ABSOLUTE : 0, out, size);
}

static int fail_convert(const struct conversion *r, const struct pathconv *pc, int error)
{
	bool windows = r->direction == 'w' || r->direction == 'm';

	if (error == EXDEV && windows)
		return fail(r->path, "this guest has no name", "set WSL_DISTRO_NAME");
	if (error == EXDEV)
		return fail(r->path, "on no drive, share or guest that is mounted here",
			    "the drives: findmnt -t 9p,virtiofs");
	if (error == ENOENT && pc->cwd == NULL)
		return fail(r->path, "the current directory is gone", "cd to another");
	if (error == EINVAL)
		return fail(r->path, strerror(error), "usage: " USAGE);
	return fail(r->path, strerror(error), "not converted");
}

/* What a conversion here and now needs to know. */
struct here {
	struct mounts mounts;
	char cwd[PATH_MAX], name[256];
	struct pathconv pc;
};

static int here_load(struct here *h)
{
	h->name[0] = '\0';
	h->pc = (struct pathconv){ .mounts = &h->mounts,
				   .name = guest_name(h->name, sizeof(h->name)) };
	/* "(unreachable)/..." is what the kernel says outside of our root. */
	if (getcwd(h->cwd, sizeof(h->cwd)) != NULL && h->cwd[0] == '/')
		h->pc.cwd = h->cwd;
	return mounts_load(&h->mounts);
}

ssize_t path_to_windows_here(const char *path, char *out, size_t size)
{
	const struct conversion r = { .direction = 'w', .absolute = true, .path = path };
	struct here h;
	ssize_t len = here_load(&h);

	if (len < 0)
		return len;
	len = to_windows(&h.pc, &r, out, size);
	mounts_unload(&h.mounts);
	return len;
}

static int run(const struct conversion *r, const struct pathconv *pc)
{
	char out[PATH_WINDOWS_MAX + 1];
	ssize_t len = convert(pc, r, out, sizeof(out) - 1);
	int rc;

	if (len < 0)
		return fail_convert(r, pc, (int)-len);
	out[len++] = '\n';
	rc = fd_write_all(STDOUT_FILENO, out, (size_t)len);
	return rc < 0 ? fail("standard output", strerror(-rc), "nothing was written") : 0;
}

static int print_help(void)
{
	static const char text[] = "usage: " USAGE "\n"
				   "Converts a path between Windows and this Linux guest.\n"
				   "  -u  Windows to Linux (default)\n"
				   "  -w  Linux to Windows\n"
				   "  -m  Linux to Windows, with / instead of \\\n"
				   "  -a  make the result absolute\n";

	return fd_write_all(STDOUT_FILENO, text, sizeof(text) - 1) < 0 ? 1 : 0;
}

int wslpath_main(int argc, char **argv)
{
	struct conversion r = { 0 };
	struct here h;
	int rc = read_arguments(&r, argc, argv);

	if (rc != 0)
		return rc;
	if (r.help)
		return print_help();
	rc = here_load(&h);
	if (rc < 0)
		return fail("/proc/self/mountinfo", strerror(-rc), "is /proc mounted?");
	rc = run(&r, &h.pc);
	mounts_unload(&h.mounts);
	return rc;
}
