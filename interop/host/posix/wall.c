/* wall.c: what of the host a process and all it starts may reach. */
#include "interop/host/posix/wall.h"
#include "interop/host/posix/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/lib.h"

/* linux/landlock.h may be older than the kernel. */
#define TRUNCATE ((uint64_t)1 << 14)
#define SCOPE_SIGNALS ((uint64_t)1 << 1)

struct ruleset_attr {
	uint64_t access_fs, access_net, scoped;
};

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN (READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define USE (READ | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define UNLINK LANDLOCK_ACCESS_FS_REMOVE_FILE
#define CHANGE                                                                                     \
	(USE | TRUNCATE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |         \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM | \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_REFER)
#define OF_FILES                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE)
#define EVERYTHING (CHANGE | RUN | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

struct wall {
	int ruleset;
	uint64_t handled;
	int error; /* the first that a rule met */
};

/* What is always there for a program: how Wine is built, and what the C library
 * reads. */
static const struct {
	const char *path;
	uint64_t access;
} always[] = {
	{ "/lib64/ld-linux-x86-64.so.2", RUN },
	{ "/lib/ld-linux-aarch64.so.1", RUN },
	{ "/lib", READ },
	{ "/lib64", READ },
	{ "/usr/lib", READ },
	{ "/usr/lib64", READ },
	{ "/usr/share", READ },
	{ "/usr/local/share/fonts", READ },
	{ "/var/cache/fontconfig", READ },
	{ "/etc/ld.so.cache", READ },
	{ "/etc/localtime", READ },
	{ "/etc/timezone", READ },
	{ "/etc/fonts", READ },
	{ "/etc/ssl/certs", READ },
	{ "/etc/ssl/openssl.cnf", READ },
	{ "/etc/passwd", READ },
	{ "/etc/nsswitch.conf", READ },
	{ "/etc/host.conf", READ },
	{ "/etc/hosts", READ },
	{ "/etc/resolv.conf", READ },
	{ "/etc/services", READ },
	{ "/etc/protocols", READ },
	{ "/etc/gai.conf", READ },
	{ "/proc", READ },
	{ "/dev/null", USE },
	{ "/dev/zero", USE },
	{ "/dev/full", USE },
	{ "/dev/random", READ },
	{ "/dev/urandom", READ },
	{ "/dev/tty", USE },
	{ "/dev/ptmx", USE },
	{ "/dev/pts", USE }, /* TIOCGPTPEER is an open, too */
};

/* The path may be missing: then there is nothing to allow. */
static void allow(struct wall *w, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat st;

	if (rule.parent_fd < 0)
		return;
	rule.allowed_access = access & w->handled;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	if (syscall(SYS_landlock_add_rule, w->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 &&
	    !w->error)
		w->error = -errno;
	close(rule.parent_fd);
}

/* `up` directories above what path leads to. */
static void allow_above(struct wall *w, const char *path, int up, uint64_t access)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return;
	for (; up > 0 && strrchr(real, '/') > real; up--)
		*strrchr(real, '/') = '\0';
	allow(w, real, access);
}

static int wall_begin(struct wall *w)
{
	struct ruleset_attr attr = { EVERYTHING, 0, SCOPE_SIGNALS };
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1)
		return -EOPNOTSUPP;
	if (version < 2)
		attr.access_fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (version < 3)
		attr.access_fs &= ~TRUNCATE;
	*w = (struct wall){ .handled = attr.access_fs };
	w->ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
				  version < 6 ? sizeof(attr.access_fs) : sizeof(attr), 0);
	return w->ruleset < 0 ? -errno : 0;
}

static void allow_all(struct wall *w, const struct wine *wine, const struct drives *drives)
{
	const char *xauthority = getenv("XAUTHORITY");

	for (size_t i = 0; i < array_len(always); i++)
		allow(w, always[i].path, always[i].access);
	allow_above(w, wine->loader, 2, READ);
	allow_above(w, wine->loader, 1, RUN);
	allow_above(w, wine->server, 1, RUN);
	allow(w, wine->helper, READ);
	allow(w, wine->prefix, CHANGE);
	for (size_t i = 0; i < drives->count; i++)
		allow(w, drives->at[i].dir, drives->at[i].read_only ? READ : CHANGE);
	if (xauthority)
		allow(w, xauthority, READ);
}

int wall_raise(const struct wine *wine, const struct drives *drives, const char *socket)
{
	struct wall w;
	int r = wall_begin(&w);

	if (r < 0)
		return r;
	allow_all(&w, wine, drives);
	allow_above(&w, socket, 1, UNLINK);
	r = w.error ? w.error : guard_devices();
	if (r == 0 && syscall(SYS_landlock_restrict_self, w.ruleset, 0) < 0)
		r = -errno;
	close(w.ruleset);
	return r;
}
