/* wall.c: what of the host a process and all it starts may reach. */
#include "interop/host/posix/wall.h"
#include "interop/host/posix/apart.h"
#include "interop/host/posix/drive_place.h"
#include "interop/host/posix/guard.h"
#include "interop/host/posix/view.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "lib/child.h"
#include "lib/lib.h"

/* linux/landlock.h may be older than the kernel. */
#define TRUNCATE ((uint64_t)1 << 14)
#define SCOPE_ABSTRACT_SOCKETS ((uint64_t)1 << 0)
#define SCOPE_SIGNALS ((uint64_t)1 << 1)

enum { PLACES_MAX = 128, TRIAL_MS = 5000 };

struct ruleset_attr {
	uint64_t access_fs, access_net, scoped;
};

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN (READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define USE (READ | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define OWN ((uint64_t)1 << 63) /* no right: the view has one of its own there */
#define UNLINK LANDLOCK_ACCESS_FS_REMOVE_FILE
#define CHANGE                                                                                     \
	(USE | TRUNCATE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |         \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM | \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_REFER)
#define OF_FILES                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE)
#define EVERYTHING (CHANGE | RUN | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

/* Where something of the host is, and what may be done to it. */
struct place {
	char *path;
	uint64_t access;
};

struct places {
	struct place at[PLACES_MAX];
	size_t count;
	bool bad; /* memory was short */
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
	{ "/dev/ptmx", USE | OWN },
	{ "/dev/pts", USE | OWN }, /* TIOCGPTPEER is an open, too */
};

static void allow(struct places *p, const char *path, uint64_t access)
{
	char *copy;

	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->at[i].path, path) == 0) {
			p->at[i].access |= access;
			return;
		}
	copy = path[0] == '/' && p->count < PLACES_MAX ? strdup(path) : NULL;
	if (copy)
		p->at[p->count++] = (struct place){ copy, access };
	else
		p->bad = true;
}

/* `up` directories above what path leads to. */
static void allow_above(struct places *p, const char *path, int up, uint64_t access)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return;
	for (; up > 0 && strrchr(real, '/') > real; up--)
		*strrchr(real, '/') = '\0';
	allow(p, real, access);
}

/* DIR/NAME, of the environment. */
static void allow_in(struct places *p, const char *dir, const char *name)
{
	char path[PATH_MAX];

	if (dir && dir[0] == '/' && path_format(path, sizeof(path), "%s/%s", dir, name) == 0)
		allow(p, path, READ);
}

/* The host's window system and sound, as far as the environment names them. */
static void allow_desktop(struct places *p)
{
	const char *wayland = getenv("WAYLAND_DISPLAY"), *pulse = getenv("PULSE_SERVER");
	const char *xauthority = getenv("XAUTHORITY");

	if (getenv("DISPLAY"))
		allow(p, "/tmp/.X11-unix", READ);
	if (xauthority && *xauthority == '/')
		allow(p, xauthority, READ);
	else if (getenv("DISPLAY"))
		allow_in(p, getenv("HOME"), ".Xauthority");
	if (wayland && *wayland)
		allow_in(p, getenv("XDG_RUNTIME_DIR"), wayland);
	if (pulse && strncmp(pulse, "unix:/", 6) == 0)
		allow(p, pulse + 5, READ);
}

/* What lies in another place comes after it. */
static int by_length(const void *one, const void *other)
{
	size_t a = strlen(((const struct place *)one)->path);
	size_t b = strlen(((const struct place *)other)->path);

	return (a > b) - (a < b);
}

static void places_fill(struct places *p, const struct wall *wall)
{
	const struct wine *wine = wall->wine;
	const struct drives *drives = wall->drives;

	for (size_t i = 0; i < array_len(always); i++)
		allow(p, always[i].path, always[i].access);
	allow_above(p, wine->loader, 2, READ);
	allow_above(p, wine->loader, 1, RUN);
	allow_above(p, wine->server, 1, RUN);
	allow(p, wine->helper, READ);
	allow(p, wine->prefix, CHANGE);
	for (size_t i = 0; i < drives->count; i++)
		allow(p, drives->at[i].dir, drives->at[i].read_only ? READ : CHANGE);
	allow_desktop(p);
	qsort(p->at, p->count, sizeof(p->at[0]), by_length);
}

static void places_free(struct places *p)
{
	while (p->count > 0)
		free(p->at[--p->count].path);
}

/* --- the view ------------------------------------------------------------------ */

static void server_dir(char *out, size_t size)
{
	fmt(out, size, "/tmp/.wine-%u", (unsigned)getuid());
}

static int view_fill(struct view *view, const struct places *p, bool apart)
{
	int r = apart ? view_add_processes(view) : 0;

	for (size_t i = 0; i < p->count && r == 0; i++) {
		const struct place *place = &p->at[i];
		bool device = strncmp(place->path, "/dev/", 5) == 0;
		unsigned flags = (place->access & LANDLOCK_ACCESS_FS_WRITE_FILE ? VIEW_WRITE : 0) |
				 (device ? VIEW_DEVICE : 0);

		if (!(place->access & OWN) && !(apart && strcmp(place->path, "/proc") == 0))
			r = view_add(view, place->path, flags);
	}
	return r < 0 ? r : view_add_terminals(view);
}

/* Without it all the rest stands. */
static int share_add(struct view *view, const struct share *share)
{
	char path[PATH_MAX];
	int fd;

	if (path_format(path, sizeof(path), "%s/dosdevices/unc", share->prefix) < 0)
		return -ENAMETOOLONG;
	fd = share_make(share);
	return fd < 0 ? fd : view_add_files(view, fd, path);
}

static int places_add(struct view *view)
{
	int fd = drive_places_make();

	return fd < 0 ? fd : view_add_files(view, fd, DRIVE_PLACES);
}

static void allow_server_dir(struct places *p)
{
	char path[64];

	server_dir(path, sizeof(path));
	allow(p, path, CHANGE);
}

/* PREFIX/tmp under the name by which a Wine that is not Debian's looks for its server; and
 * Debian's needs a /tmp (prefix.h). Programs may have put a link to elsewhere there. */
static int server_dir_add(struct view *view, const struct wine *wine)
{
	char path[PATH_MAX + 8], held[64];
	int dir, fd;

	fmt(path, sizeof(path), "%s/tmp", wine->prefix);
	dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return 0;
	fmt(held, sizeof(held), "/proc/self/fd/%d", dir);
	fd = view_copy(held, VIEW_WRITE);
	close(dir);
	server_dir(path, sizeof(path));
	return fd < 0 ? fd : view_add_files(view, fd, path);
}

static int view_narrow(const struct places *p, const struct wall *wall, bool apart,
		       struct wall_state *state)
{
	int held = wall->share.name ? share_hold() : -ENOENT, shares = held, r;
	struct view view;

	r = view_begin(&view);
	if (r == 0) {
		r = view_fill(&view, p, apart);
		if (r == 0)
			r = server_dir_add(&view, wall->wine);
		if (r == 0)
			state->places = places_add(&view);
		if (r == 0 && held >= 0)
			shares = share_add(&view, &wall->share);
		if (r == 0)
			r = view_enter(&view);
		else
			view_drop(&view);
	}
	if (r == 0 && shares >= 0)
		state->mounter = share_start(&wall->share, held, &state->share);
	fd_close(&held);
	return r;
}

/* --- Landlock ------------------------------------------------------------------ */

static long landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int ruleset_create(uint64_t *handled)
{
	struct ruleset_attr attr = { EVERYTHING, 0, SCOPE_SIGNALS };
	long version = landlock_version();
	int fd;

	if (version < 1)
		return -EOPNOTSUPP;
	/* X11's libraries try such a socket first, and then no other. */
	if (!getenv("DISPLAY"))
		attr.scoped |= SCOPE_ABSTRACT_SOCKETS;
	if (version < 2)
		attr.access_fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (version < 3)
		attr.access_fs &= ~TRUNCATE;
	*handled = attr.access_fs;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
			  version < 6 ? sizeof(attr.access_fs) : sizeof(attr), 0);
	return fd < 0 ? -errno : fd;
}

/* Closes fd; what is not there needs no rule. */
static int rule_add(int ruleset, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = fd, .allowed_access = access };
	struct stat st;
	int r = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	if (rule.allowed_access &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int rights_narrow(const struct places *p, int socket_dir)
{
	uint64_t handled;
	int ruleset = ruleset_create(&handled), r;

	if (ruleset < 0)
		return ruleset;
	/* No path leads there in the view; without it this would hold for programs, too. */
	r = rule_add(ruleset, fcntl(socket_dir, F_DUPFD_CLOEXEC, 3), UNLINK & handled);
	for (size_t i = 0; i < p->count && r == 0; i++)
		r = rule_add(ruleset, open(p->at[i].path, O_PATH | O_CLOEXEC),
			     p->at[i].access & handled);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	close(ruleset);
	return r;
}

/* --------------------------------------------------------------------------------- */

/* In a user namespace of our own they are counted by it alone (since Linux 5.14);
 * root's
 * have a control group for that (ration.h). */
static int processes_limit(void)
{
	const struct rlimit most = { WALL_PROCESSES, WALL_PROCESSES };

	return geteuid() != 0 && setrlimit(RLIMIT_NPROC, &most) < 0 && errno != EPERM ? -errno : 0;
}

/* What is reserved only does not count, or Wine would not start; nor does what is shared.
 * A limit that is lower stays. */
static int memory_limit(unsigned mib)
{
	rlim_t most = (rlim_t)mib << 20;
	struct rlimit limit;

	if (!mib)
		return 0;
	if (getrlimit(RLIMIT_DATA, &limit) < 0)
		return -errno;
	if (most < limit.rlim_max)
		limit.rlim_max = most;
	if (most < limit.rlim_cur)
		limit.rlim_cur = most;
	return setrlimit(RLIMIT_DATA, &limit) < 0 ? -errno : 0;
}

/* Before all else of the host, QEMU above all, which would be the largest. */
static void memory_yield(void)
{
	static const char file[] = "/proc/self/oom_score_adj";
	char now[16], wanted[16];

	fmt(wanted, sizeof(wanted), "%d", WALL_OOM_SCORE);
	if (file_read(file, now, sizeof(now)) > 0 && strtol(now, NULL, 10) < WALL_OOM_SCORE)
		file_write(file, wanted);
}

int wall_raise(const struct wall *wall, struct wall_state *state)
{
	const bool apart = wall->apart && apart_is_first();
	struct places p = { .count = 0 };
	int r;

	state->apart = apart || !wall->apart ? 0 : -EOPNOTSUPP;
	state->mounter = 0;
	memory_yield();
	places_fill(&p, wall);
	r = p.bad ? -ENOMEM : memory_limit(wall->memory);
	if (r == 0) {
		state->view = view_narrow(&p, wall, apart, state);
		if (state->view == 0)
			r = processes_limit();
		else if (apart)
			r = state->view; /* Wine would take the host's processes for its own */
	}
	if (state->view < 0)
		state->places = state->view;
	if (state->places == 0)
		allow(&p, DRIVE_PLACES, CHANGE);
	if (state->view == 0)
		allow_server_dir(&p);
	if (r == 0)
		r = p.bad ? -ENOMEM : guard_programs();
	if (r == 0)
		state->rights = rights_narrow(&p, state->view == 0 ? wall->socket_dir : -1);
	places_free(&p);
	/* Who could trace us would have our descriptors, and the guest's link is one. */
	return r == 0 && prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : r;
}

static int trial_end(pid_t pid)
{
	int status = pid < 0 ? pid : child_wait(pid, TRIAL_MS);

	if (pid < 0)
		return pid;
	return status >= 0 && WIFEXITED(status) ? -WEXITSTATUS(status) : -EAGAIN;
}

static int try_apart(void)
{
	struct view view;
	int r = view_begin(&view);

	return r < 0 ? r : view_add_processes(&view);
}

void wall_foresee(struct wall_state *state)
{
	const int none[] = { -1 };
	const struct child_setup setup = { .fds = none, .fd_count = 1, .name = "lb-trial" };
	pid_t pid = apart_fork(&setup);

	if (pid == 0)
		_exit(-try_apart());
	state->apart = trial_end(pid);
	state->view = 0;
	if (state->apart < 0) {
		pid = child_fork(&setup);
		if (pid == 0)
			_exit(-view_leave(0));
		state->view = trial_end(pid);
	}
	state->rights = landlock_version() < 1 ? -EOPNOTSUPP : 0;
}

bool wall_keeps(const struct wall_state *state)
{
	return state->view == 0 || state->rights == 0;
}

bool wall_is_sandbox(const struct wall_state *state)
{
	return state->view == 0;
}

size_t wall_gap(const struct wall_state *state, char *out, size_t size)
{
	const char *no_rights = state->rights == -EOPNOTSUPP ? "this kernel has no Landlock"
							     : strerror(-state->rights);

	if (!wall_keeps(state))
		return fmt(out, size,
			   "Windows programs may open and run whatever this user may: %s, and no "
			   "namespaces for this user",
			   no_rights);
	if (state->rights < 0)
		return fmt(
			out, size,
			"Windows programs may start Linux programs that lie on their drives%s: %s",
			state->apart < 0 ? ", and end and trace this user's processes" : "",
			no_rights);
	if (state->view < 0)
		return fmt(out, size,
			   "Windows programs may connect to every socket of this user and change "
			   "attributes of all his files: no namespaces for this user (%s)",
			   strerror(-state->view));
	if (state->apart < 0)
		return fmt(out, size,
			   "Windows programs may see and slow down this user's other processes: "
			   "unable to keep them apart (%s)",
			   strerror(-state->apart));
	*out = '\0';
	return 0;
}
