/* wine.c: makes, locks, starts and stops the Wine prefix. */
#include "interop/host/posix/wine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/layer.h"
#include "interop/host/posix/prefix.h"
#include "interop/host/posix/spelling.h"
#include "interop/host/posix/winpath.h"
#include "lib/lib.h"

enum { STOP_MS = 5000, SERVER_MS = 2000, UP_MS = 20000 };

/* The server beside a loader; Debian's 64-bit one has a name of its own. */
static int find_server(struct wine *wine)
{
	static const char *const names[] = { "wineserver64", "wineserver" };
	int dir = (int)(strrchr(wine->loader, '/') - wine->loader);

	for (size_t i = 0; i < array_len(names); i++)
		if (path_format(wine->server, sizeof(wine->server), "%.*s/%s", dir, wine->loader,
				names[i]) == 0 &&
		    access(wine->server, X_OK) == 0)
			return 0;
	return -ENOENT;
}

static int find_programs(struct wine *wine)
{
	/* Debian keeps the 64-bit loader out of PATH; its wine is a script that
	 * complains about the missing 32-bit one. */
	static const char debian[] = "/usr/lib/wine/wine64";
	static const char *const names[] = { "wine64", "wine" };
	const char *given = getenv("LANDBRIDGE_WINE");

	if (!given && access(debian, X_OK) == 0)
		given = debian;
	if (given) {
		if (given[0] != '/' || access(given, X_OK) < 0 ||
		    path_format(wine->loader, sizeof(wine->loader), "%s", given) < 0)
			return -ENOENT;
		return find_server(wine);
	}
	for (size_t i = 0; i < array_len(names); i++)
		if (path_search(names[i], wine->loader, sizeof(wine->loader)) == 0 &&
		    find_server(wine) == 0)
			return 0;
	return -ENOENT;
}

/* Of our environment only what a program on this desktop needs. */
static bool env_kept(const char *entry)
{
	static const char *const names[] = {
		"HOME",
		"USER",
		"LOGNAME",
		"PATH",
		"LANG",
		"LANGUAGE",
		"TZ",
		"DISPLAY",
		"XAUTHORITY",
		"WAYLAND_DISPLAY",
		"XDG_RUNTIME_DIR",
		"XDG_SESSION_TYPE",
		"PULSE_SERVER",
		"WINEDEBUG",
		"WINEARCH",
	};
	size_t len = strcspn(entry, "=");

	if (strncmp(entry, "LC_", 3) == 0)
		return true;
	for (size_t i = 0; i < array_len(names); i++)
		if (strlen(names[i]) == len && strncmp(entry, names[i], len) == 0)
			return true;
	return false;
}

/* Whether the C library will take file names for UTF-8. */
static bool locale_is_utf8(void)
{
	const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < array_len(names) && !(value && *value); i++)
		value = getenv(names[i]);
	return value && (strcasestr(value, "utf-8") || strcasestr(value, "utf8"));
}

static int env_fill(struct wine *wine)
{
	bool utf8 = locale_is_utf8();

	for (char **entry = environ; *entry; entry++)
		if (env_kept(*entry) && (utf8 || strncmp(*entry, "LC_ALL=", 7) != 0))
			args_add(&wine->env, "%s", *entry);
	args_add(&wine->env, "WINEPREFIX=%s", wine->prefix);
	args_add(&wine->env, "WINELOADER=%s", wine->loader);
	args_add(&wine->env, "WINESERVER=%s", wine->server);
	/* libwayland complains to a program's stderr where there is none. */
	if (!getenv("XDG_RUNTIME_DIR"))
		args_add(&wine->env, "XDG_RUNTIME_DIR=%s/tmp", wine->prefix);
	if (!getenv("WINEDEBUG"))
		args_add(&wine->env, "WINEDEBUG=-all");
	if (!utf8)
		args_add(&wine->env, "LC_ALL=C.UTF-8");
	/* No entries in the host's menus, and no questions about Mono and Gecko. */
	args_add(&wine->env, "WINEDLLOVERRIDES=winemenubuilder.exe,mscoree,mshtml=");
	/* Wine's mount manager would add drives for discs it hears of. */
	args_add(&wine->env, "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent");
	return wine->env.bad ? -ENOMEM : 0;
}

/* One holder alone may change the prefix; many may use it. */
int wine_prepare(struct wine *wine, const struct drives *drives, struct fault *why)
{
	bool alone;

	if (!wine->runs)
		return 0;
	do {
		alone = flock(wine->lock, LOCK_EX | LOCK_NB) == 0;
		if (alone && (prefix_make(wine, why) < 0 || prefix_set_server(wine, why) < 0))
			return -1;
		if (alone)
			prefix_end_server(wine);
		if (alone && prefix_set_drives(wine, drives, why) < 0)
			return -1;
		/* This may wait, for one that makes the prefix just now. */
		while (flock(wine->lock, LOCK_SH) < 0)
			if (errno != EINTR)
				return fault_set(why, HOST_FAILED, "unable to lock %s: %s",
						 wine->prefix, strerror(errno));
		/* One that did not finish leaves it to us. */
	} while (!alone && !prefix_is_complete(wine));
	if (!prefix_has_drives(wine, drives))
		return fault_set(
			why, HOST_FAILED,
			"the Wine prefix %s is in use with other drives: give the same ones, wait, or "
			"set LANDBRIDGE_HOME to another place",
			wine->prefix);
	return 0;
}

/* A C: of the person's own that is no Windows system runs no programs: the
 * guest boots all the same and says so when one is asked for. */
bool wine_c_is_ours(const struct wine *wine)
{
	size_t len = strlen(wine->prefix);

	return strncmp(wine->c_dir, wine->prefix, len) == 0 &&
	       strcmp(wine->c_dir + len, "/drive_c") == 0;
}

/* All layers lie over it, so it is never changed again. Where there are none, who shares it
 * keeps its lock as long as he runs. */
static int reference_make(struct wine *wine, struct fault *why)
{
	int r;

	if (prefix_is_complete(wine))
		return 0;
	while (flock(wine->lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return fault_set(why, HOST_FAILED, "unable to lock %s: %s", wine->prefix,
					 strerror(errno));
	r = prefix_make(wine, why);
	flock(wine->lock, LOCK_UN);
	return r;
}

/* The first of HOME/machines/NAME, NAME-2, ... that no machine uses: its lock, or
 * negative errno. */
static int layer_take(struct wine *wine, const char *machine)
{
	enum { LAYERS_MAX = 64 };
	const char *home_end = strrchr(wine->prefix, '/');
	char lock[PATH_MAX], number[16] = "";
	int fd = -1, r;

	for (int i = 1; i <= LAYERS_MAX && fd < 0; i++) {
		if (i > 1)
			fmt(number, sizeof(number), "-%d", i);
		if (path_format(wine->layer, sizeof(wine->layer), "%.*s/machines/%s%s",
				(int)(home_end - wine->prefix), wine->prefix, machine,
				number) < 0 ||
		    path_format(lock, sizeof(lock), "%s/lock", wine->layer) < 0)
			return -ENAMETOOLONG;
		r = dir_make(wine->layer, 0700);
		if (r < 0)
			return r;
		fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			fd_close(&fd);
	}
	return fd < 0 ? -EBUSY : fd;
}

/* What another try, or more room, would mend is no reason to share the prefix. */
static bool is_no_layer(int error)
{
	return error != -ENOSPC && error != -EDQUOT && error != -ENOMEM && error != -EAGAIN &&
	       error != -ENAMETOOLONG;
}

int wine_prepare_layer(struct wine *wine, const struct drives *drives, const char *machine,
		       struct fault *why)
{
	int lock, r;

	if (!wine->runs)
		return 0;
	if (reference_make(wine, why) < 0)
		return -1;
	r = lock = layer_take(wine, machine);
	if (r >= 0)
		r = layer_try(wine->prefix, wine->layer);
	if (r >= 0) {
		close(wine->lock);
		wine->lock = lock;
		return 0;
	}
	fd_close(&lock);
	if (!is_no_layer(r))
		return fault_set(why, HOST_FAILED, "unable to make %s: %s", wine->layer,
				 strerror(-r));
	wine->layer[0] = '\0';
	return wine_prepare(wine, drives, why);
}

int wine_enter(const struct wine *wine)
{
	int r = layer_mount(wine->prefix, wine->layer);
	int fd = r < 0 ? r : open(wine->c_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return r == 0 && fd < 0 ? -errno : fd;
}

int wine_settle(const struct wine *wine, const struct drives *drives, struct fault *why)
{
	/* Of a disk that is full who starts a program is told. */
	if (prefix_set_server(wine, why) < 0 && !wine_is_full(wine))
		return -1;
	prefix_end_server(wine); /* of an agent that was killed */
	return prefix_set_drives(wine, drives, why);
}

static int paths_fill(struct wine *wine, const struct dirs *dirs, const struct drives *drives,
		      struct fault *why)
{
	char lock[PATH_MAX];

	if (path_format(wine->prefix, sizeof(wine->prefix), "%s/wine", dirs->home) < 0 ||
	    path_format(lock, sizeof(lock), "%s.lock", wine->prefix) < 0 ||
	    path_format(wine->helper, sizeof(wine->helper), "%s/landbridge-start.exe", dirs->data) <
		    0)
		return fault_set(why, HOST_FAILED, "unable to use %s: its name is too long",
				 dirs->home);
	fmt(wine->c_dir, sizeof(wine->c_dir), "%s", drives_find(drives, 'C')->dir);
	wine->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (wine->lock < 0)
		return fault_set(why, HOST_FAILED, "unable to open %s: %s", lock, strerror(errno));
	return 0;
}

int wine_find(struct wine *wine, const struct dirs *dirs, const struct drives *drives,
	      struct fault *why)
{
	char windows[PATH_MAX];
	bool found;

	*wine = (struct wine){ .lock = -1, .keeper_stdin = -1, .keeper_up = -1, .runs = true };
	found = find_programs(wine) == 0;
	if (paths_fill(wine, dirs, drives, why) < 0)
		return -1;
	if (!wine_c_is_ours(wine) &&
	    (path_format(windows, sizeof(windows), "%s/windows/system32", wine->c_dir) < 0 ||
	     access(windows, X_OK) < 0)) {
		wine->runs = false;
		fmt(wine->whynot, sizeof(wine->whynot),
		    "drive C: has no windows directory, so that no Windows program can run (start the guest "
		    "without --drive C:)");
	} else if (!found) {
		return fault_set(
			why, HOST_FAILED,
			"unable to find Wine: install wine64, or name its loader with LANDBRIDGE_WINE");
	}
	if (env_fill(wine) < 0)
		return fault_set(why, HOST_FAILED, "unable to start Wine: no memory");
	return 0;
}

void wine_refuse(struct wine *wine, const char *gap)
{
	wine->runs = false;
	fmt(wine->whynot, sizeof(wine->whynot),
	    "without a sandbox %s; landbridge's --no-sandbox agrees to that", gap);
}

bool wine_is_full(const struct wine *wine)
{
	enum { ENOUGH = 1 << 20 };
	struct statvfs fs;

	/* Behind the wall the layer is to be seen at the prefix only. */
	if (!wine->runs || wine->keeper > 0 ||
	    (statvfs(wine->layer, &fs) < 0 && statvfs(wine->prefix, &fs) < 0))
		return false;
	return fs.f_bavail < ENOUGH / fs.f_frsize;
}

/* Wine's server by itself, or with an option. */
static pid_t server_run(const struct wine *wine, char *option)
{
	char program[PATH_MAX];
	char *argv[] = { program, option, NULL };
	struct tool tool = { .program = program,
			     .argv = argv,
			     .envp = wine->env.at,
			     .in = -1,
			     .out = -1,
			     .err = -1,
			     .death_signal = SIGKILL };

	memcpy(program, wine->server, sizeof(program));
	return tool_start(&tool);
}

/* Everything in the prefix ends with its server. */
static pid_t server_stop(const struct wine *wine)
{
	char option[] = "-k";

	return server_run(wine, option);
}

/* Goes to the background when it takes callers, or ends as there is one already. It
 * stays for a few seconds without a program. */
static void server_start(const struct wine *wine)
{
	pid_t pid = server_run(wine, NULL);

	if (pid > 0)
		child_wait(pid, SERVER_MS);
}

static pid_t keeper_start(const struct wine *wine, int in, int out)
{
	char wait_word[] = "wait";
	char *argv[] = { (char *)(uintptr_t)wine->loader, (char *)(uintptr_t)wine->helper,
			 wait_word, NULL };
	const struct tool tool = { .program = wine->loader,
				   .argv = argv,
				   .envp = wine->env.at,
				   .dir = wine->c_dir,
				   .in = in,
				   .out = out,
				   .err = -1,
				   .death_signal = SIGKILL };

	return tool_start(&tool);
}

int wine_start(struct wine *wine)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int error = 0;

	if (!wine->runs || wine->keeper > 0)
		return 0;
	server_start(wine);
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		error = -errno;
	wine->keeper = error ? error : keeper_start(wine, in[0], out[1]);
	fd_close(&in[0]);
	fd_close(&out[1]);
	wine->keeper_stdin = in[1];
	wine->keeper_up = out[0];
	if (wine->keeper > 0)
		return 0;
	fd_close(&wine->keeper_stdin);
	fd_close(&wine->keeper_up);
	return wine->keeper;
}

/* Nobody takes the byte that says so. */
void wine_await(const struct wine *wine)
{
	struct pollfd up = { .fd = wine->keeper_up, .events = POLLIN };

	if (wine->keeper_up >= 0)
		poll(&up, 1, UP_MS);
}

/* A server that is not up finds the drives by itself when it starts. */
static pid_t drive_tell(const struct wine *wine, char letter, const char *dir)
{
	char word[] = "drive", name[] = { letter, '\0' };
	char *argv[] = { (char *)(uintptr_t)wine->loader,
			 (char *)(uintptr_t)wine->helper,
			 word,
			 name,
			 (char *)(uintptr_t)dir,
			 NULL };
	const struct tool tool = { .program = wine->loader,
				   .argv = argv,
				   .envp = wine->env.at,
				   .dir = wine->c_dir,
				   .in = -1,
				   .out = -1,
				   .err = -1,
				   .death_signal = SIGKILL };

	return wine->keeper > 0 ? tool_start(&tool) : 0;
}

pid_t wine_add_drive(const struct wine *wine, const struct drive *drive)
{
	char dir[PATH_MAX + 4];
	int r = wine->runs ? prefix_add_drive(wine, drive, dir) : 0;

	return r < 0 || !wine->runs ? r : drive_tell(wine, drive->letter, dir);
}

pid_t wine_drop_drive(const struct wine *wine, char letter)
{
	int r = wine->runs ? prefix_drop_drive(wine, letter) : 0;

	return r < 0 || !wine->runs ? r : drive_tell(wine, letter, NULL);
}

void wine_reaped(struct wine *wine, pid_t pid)
{
	if (pid != wine->keeper)
		return;
	wine->keeper = 0;
	fd_close(&wine->keeper_stdin);
	fd_close(&wine->keeper_up);
}

/* comm(5) has 15 bytes of a name, and a newline after them. */
static bool is_server(const struct wine *wine, pid_t pid)
{
	char path[64], name[32];
	const char *server = strrchr(wine->server, '/');

	fmt(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (!server || file_read(path, name, sizeof(name)) <= 0)
		return false;
	name[strcspn(name, "\n")] = '\0';
	return strncmp(name, server + 1, 15) == 0;
}

bool wine_is_lost(const struct wine *wine, const siginfo_t *ended)
{
	enum { NOBODY_LEFT = 0, THERE_IS_ANOTHER = 2 }; /* its exit statuses */
	bool by_itself = ended->si_code == CLD_EXITED &&
			 (ended->si_status == THERE_IS_ANOTHER ||
			  (ended->si_status == NOBODY_LEFT && wine->keeper <= 0));

	return !by_itself && is_server(wine, ended->si_pid);
}

void wine_stop(struct wine *wine)
{
	fd_close(&wine->keeper_stdin);
	fd_close(&wine->keeper_up);
	if (wine->stopper == 0 && wine->runs && wine->lock >= 0 &&
	    flock(wine->lock, LOCK_EX | LOCK_NB) == 0)
		wine->stopper = server_stop(wine);
}

bool wine_close(struct wine *wine)
{
	bool ended;

	wine_stop(wine);
	ended = wine->stopper > 0;
	if (wine->stopper > 0)
		child_wait(wine->stopper, STOP_MS);
	if (wine->keeper > 0)
		child_wait(wine->keeper, STOP_MS);
	wine->keeper = wine->stopper = 0;
	fd_close(&wine->lock);
	args_free(&wine->env);
	return ended;
}

/* The file's text is the caller's to free. Windows programs may have put anything in
 * its place. */
static char *file_take(const struct wine *wine, const char *name, struct registry_file *file)
{
	char path[PATH_MAX + 16], *text;
	ssize_t len;
	int fd;

	fmt(path, sizeof(path), "%s/%s", wine->prefix, name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	len = fd_load(fd < 0 ? -errno : fd, &text);
	*file = (struct registry_file){ text, len > 0 ? (size_t)len : 0 };
	return text;
}

/* Windows minds no case, and a registry is written accordingly: the guest's shell
 * looks for what is on disk. */
static void spell_path(const struct drives *drives, char *list)
{
	for (char *next; *list; list = next) {
		size_t len = strcspn(list, ";");
		const struct drive *drive = drives_find(drives, (char)(list[0] & ~0x20));

		next = list + len + (list[len] != '\0');
		if (!drive || list[1] != ':' || list[2] != '\\')
			continue;
		list[len] = '\0';
		spelling_fix(drive->dir, list + 3);
		if (next > list + len)
			list[len] = ';';
	}
}

int wine_path(const struct wine *wine, const struct drives *drives, char *out, size_t size)
{
	struct registry registry = { 0 };
	char *system, *user;
	ssize_t len;

	*out = '\0';
	if (!wine->runs)
		return 0;
	system = file_take(wine, "system.reg", &registry.system);
	user = file_take(wine, "user.reg", &registry.user);
	len = winpath_get(&registry, out, size);
	spell_path(drives, out);
	free(system);
	free(user);
	return len < 0 ? (int)len : 0;
}
