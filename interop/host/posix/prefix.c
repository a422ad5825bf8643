/* prefix.c: makes a Wine prefix and sets its drives. */
#include "interop/host/posix/prefix.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/lib.h"

enum { MAKE_MS = 180 * 1000, TARGET_MAX = PATH_MAX + 4, SERVER_TEXT_MAX = PATH_MAX + 64 };

/* Wayland's is in XDG_RUNTIME_DIR where nothing says which. */
static bool names_display(const char *entry)
{
	static const char *const names[] = { "DISPLAY=", "WAYLAND_DISPLAY=", "XDG_RUNTIME_DIR=" };

	for (size_t i = 0; i < array_len(names); i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int wine_run(const struct wine *wine, const char *program, const char *word,
		    const char *option)
{
	struct args argv = { 0 }, env = { 0 };
	struct tool tool = {
		.program = program, .in = -1, .out = -1, .err = -1, .death_signal = SIGTERM
	};
	int status = -ENOMEM;
	pid_t pid;

	args_add(&argv, "%s", program);
	if (word)
		args_add(&argv, "%s", word);
	args_add(&argv, "%s", option);
	/* Without a display nothing asks, and nothing waits for an answer. */
	for (size_t i = 0; i < wine->env.count; i++)
		if (!names_display(wine->env.at[i]))
			args_add(&env, "%s", wine->env.at[i]);
	tool.argv = argv.at;
	tool.envp = env.at;
	if (!argv.bad && !env.bad) {
		pid = tool_start(&tool);
		status = pid < 0 ? pid : child_wait(pid, MAKE_MS);
	}
	args_free(&argv);
	args_free(&env);
	return status;
}

/* Wine links a user's folders (Documents, Desktop) to the host's home, and a
 * guest has no business there. */
static int unlink_home(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char target[PATH_MAX];
	ssize_t len;

	(void)st, (void)ftw;
	if (type != FTW_SL && type != FTW_SLN)
		return 0;
	len = readlink(path, target, sizeof(target));
	if (len > 0 && target[0] == '/' && unlink(path) == 0)
		mkdir(path, 0755);
	return 0;
}

/* The guest's kernel starts only what has the x bit. */
static int mark_program(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *dot = strrchr(path + ftw->base, '.');

	if (type == FTW_F && dot && strcasecmp(dot, ".exe") == 0 && !(st->st_mode & 0100))
		chmod(path, (st->st_mode & 07777) | ((st->st_mode & 0444) >> 2));
	return 0;
}

/* Beside it: what is in it programs may change, and making it again runs what is there. */
static void made_path(const struct wine *wine, char out[PATH_MAX + 16])
{
	fmt(out, PATH_MAX + 16, "%s.made", wine->prefix);
}

bool prefix_is_complete(const struct wine *wine)
{
	char path[PATH_MAX + 16];

	made_path(wine, path);
	return access(path, F_OK) == 0;
}

/* --- directories that programs change ----------------------------------------- */

/* A directory in another: no link, which programs may have put there. */
static int dir_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Whatever it is. */
static void name_remove(int dir, const char *name)
{
	int sub;

	if (unlinkat(dir, name, 0) == 0)
		return;
	sub = dir_open(dir, name);
	if (sub >= 0)
		dir_empty(sub, NULL);
	fd_close(&sub);
	unlinkat(dir, name, AT_REMOVEDIR);
}

static int prefix_open(const struct wine *wine)
{
	int fd = open(wine->prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The same; made where it is not, and where it is something else. */
static int dir_own(int dir, const char *name)
{
	int fd = dir_open(dir, name);

	if (fd >= 0)
		return fd;
	if ((fd == -ENOTDIR || fd == -ELOOP) && unlinkat(dir, name, 0) < 0)
		return -errno;
	return mkdirat(dir, name, 0700) < 0 ? -errno : dir_open(dir, name);
}

/* --- the server's directory --------------------------------------------------------- */

/* What the file is: Wine minds its mode, and programs may have put anything there. */
static bool server_file_is(int prefix, const char *text)
{
	int fd = openat(prefix, "wineserver", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char there[SERVER_TEXT_MAX] = "";
	ssize_t len = -1;
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && (st.st_mode & (S_IFMT | 0777)) == (S_IFREG | 0400))
		len = fd_read_full(fd, there, sizeof(there));
	close(fd);
	return len == (ssize_t)strlen(text) && memcmp(there, text, (size_t)len) == 0;
}

static int server_file_set(int prefix, const char *text)
{
	int fd, r;

	if (server_file_is(prefix, text))
		return 0;
	name_remove(prefix, "wineserver");
	fd = openat(prefix, "wineserver", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, strlen(text));
	close(fd);
	return r;
}

/* Debian's Wine takes what the file says for a name in TMPDIR, else in /tmp, and
 * nothing is above the root directory. (Its Wine 10 aborts where TMPDIR is set: it frees
 * what getenv(3) gave it.) */
static int server_place(const struct wine *wine)
{
	int prefix = prefix_open(wine), r = prefix, dir = -1;
	char text[SERVER_TEXT_MAX];

	if (r >= 0)
		r = dir = dir_own(prefix, "tmp");
	fd_close(&dir);
	if (r >= 0)
		r = path_format(text, sizeof(text), "../../../../../../../..%s/tmp", wine->prefix);
	if (r >= 0)
		r = server_file_set(prefix, text);
	fd_close(&prefix);
	return r;
}

int prefix_set_server(const struct wine *wine, struct fault *why)
{
	int r = server_place(wine);

	return r < 0 ? fault_set(why, HOST_FAILED, "unable to write %s/wineserver: %s",
				 wine->prefix, strerror(-r))
		     : 0;
}

/* --- dosdevices ---------------------------------------------------------------- */

/* What a drive's link should say: our own drive_c as Wine itself says it. A
 * read-only one says so: who shares the server shares its rights too. */
static void link_target(const struct wine *wine, const struct drive *drive, char out[TARGET_MAX])
{
	size_t len = strlen(wine->prefix);
	bool own = strncmp(drive->dir, wine->prefix, len) == 0 &&
		   strcmp(drive->dir + len, "/drive_c") == 0;

	fmt(out, TARGET_MAX, "%s%s", own ? "../drive_c" : drive->dir, drive->read_only ? "/." : "");
}

static void link_name(const struct drive *drive, char out[3])
{
	fmt(out, 3, "%c:", tolower((unsigned char)drive->letter));
}

/* Wine's directory of drives and ports. */
struct devices {
	struct dir_walk walk;
	const struct wine *wine;
	const struct drives *drives;
	bool differs;
};

static bool is_drive_name(const char *name)
{
	return isalpha((unsigned char)name[0]) && name[1] == ':';
}

static bool link_is_right(const struct devices *d, int dir, const char *name)
{
	const struct drive *drive = drives_find(d->drives, (char)toupper((unsigned char)name[0]));
	char target[TARGET_MAX], wanted[TARGET_MAX];
	ssize_t len;

	if (!drive || name[2])
		return false;
	len = readlinkat(dir, name, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	link_target(d->wine, drive, wanted);
	return strcmp(target, wanted) == 0;
}

static bool device_compare(struct dir_walk *walk, int dir, const char *name)
{
	struct devices *d = container_of(walk, struct devices, walk);

	d->differs |= is_drive_name(name) && !link_is_right(d, dir, name);
	return !d->differs;
}

static bool device_remove(struct dir_walk *walk, int dir, const char *name)
{
	(void)walk;
	if (is_drive_name(name))
		name_remove(dir, name);
	return true;
}

/* Whether the directory has these drives and no others. */
static bool devices_are(int dir, const struct wine *wine, const struct drives *drives)
{
	struct devices d = { { device_compare }, wine, drives, false };
	struct stat st;
	char name[3];

	for (size_t i = 0; i < drives->count; i++) {
		link_name(&drives->at[i], name);
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
	}
	return lseek(dir, 0, SEEK_SET) == 0 && dir_each(dir, &d.walk) == 0 && !d.differs;
}

static int devices_open(const struct wine *wine)
{
	int prefix = prefix_open(wine), dir = prefix < 0 ? prefix : dir_open(prefix, "dosdevices");

	fd_close(&prefix);
	return dir;
}

bool prefix_has_drives(const struct wine *wine, const struct drives *drives)
{
	int dir = devices_open(wine);
	bool has = dir >= 0 && devices_are(dir, wine, drives);

	fd_close(&dir);
	return has;
}

/* Nobody else is there to see them change. */
static int devices_set(int dir, const struct wine *wine, const struct drives *drives)
{
	struct dir_walk remove = { device_remove };
	char name[3], target[TARGET_MAX];

	if (devices_are(dir, wine, drives))
		return 0;
	if (lseek(dir, 0, SEEK_SET) < 0 || dir_each(dir, &remove) < 0)
		return -EIO;
	for (size_t i = 0; i < drives->count; i++) {
		link_name(&drives->at[i], name);
		link_target(wine, &drives->at[i], target);
		if (symlinkat(target, dir, name) < 0)
			return -errno;
	}
	return 0;
}

int prefix_set_drives(const struct wine *wine, const struct drives *drives, struct fault *why)
{
	int prefix = prefix_open(wine), dir = -1, shares = -1;
	int r = prefix;

	if (r >= 0)
		r = dir = dir_own(prefix, "dosdevices");
	if (r >= 0)
		r = devices_set(dir, wine, drives);
	if (r >= 0)
		r = shares = dir_own(dir, "unc"); /* share.h */
	fd_close(&shares);
	fd_close(&dir);
	fd_close(&prefix);
	if (r < 0)
		return fault_set(why, HOST_FAILED, "unable to set the drives in %s/dosdevices: %s",
				 wine->prefix, strerror(-r));
	return 0;
}

int prefix_add_drive(const struct wine *wine, const struct drive *drive, char target[PATH_MAX + 4])
{
	int dir = devices_open(wine), r = dir < 0 ? dir : 0;
	char name[3];

	if (r < 0)
		return r;
	link_name(drive, name);
	link_target(wine, drive, target);
	device_remove(NULL, dir, name);
	if (symlinkat(target, dir, name) < 0)
		r = -errno;
	close(dir);
	return r;
}

int prefix_drop_drive(const struct wine *wine, char letter)
{
	const struct drive drive = { .letter = letter };
	int dir = devices_open(wine);
	char name[3];

	if (dir < 0)
		return dir;
	link_name(&drive, name);
	device_remove(NULL, dir, name);
	close(dir);
	return 0;
}

/* --- the rest -------------------------------------------------------------------- */

void prefix_end_server(const struct wine *wine)
{
	/* Both fail when there is none, which is what is wanted. */
	if (wine_run(wine, wine->server, NULL, "-k") == 0)
		wine_run(wine, wine->server, NULL, "-w");
}

/* There already, or without. */
static void name_add(int dir, const char *name, const char *target)
{
	if (dir >= 0)
		(void)!symlinkat(target, dir, name);
}

void prefix_add_names(const struct wine *wine)
{
	int prefix = prefix_open(wine), c = prefix < 0 ? prefix : dir_open(prefix, "drive_c");
	int windows = c < 0 ? c : dir_open(c, "windows");

	name_add(c, "Windows", "windows");
	name_add(c, "Users", "users");
	name_add(windows, "System32", "system32");
	fd_close(&windows);
	fd_close(&c);
	fd_close(&prefix);
}

int prefix_make(struct wine *wine, struct fault *why)
{
	struct drives own = { .count = 1, .at[0].letter = 'C' };
	char path[PATH_MAX + 16];
	int status;

	if (prefix_is_complete(wine))
		return 0;
	note("making the Wine prefix %s (once, about 15 s)", wine->prefix);
	if (path_format(own.at[0].dir, sizeof(own.at[0].dir), "%s/drive_c", wine->prefix) < 0 ||
	    dir_make(wine->prefix, 0700) < 0 || dir_make(own.at[0].dir, 0755) < 0)
		return fault_set(why, HOST_FAILED, "unable to make %s/drive_c", wine->prefix);
	if (prefix_set_server(wine, why) < 0 || prefix_set_drives(wine, &own, why) < 0)
		return -1;
	status = wine_run(wine, wine->loader, "wineboot", "-i");
	/* The registry is on disk when the server has gone. */
	if (status == 0)
		status = wine_run(wine, wine->server, NULL, "-w");
	fmt(path, sizeof(path), "%s/drive_c/windows/system32/cmd.exe", wine->prefix);
	if (status != 0 || access(path, R_OK) < 0)
		return fault_set(
			why, HOST_FAILED,
			"unable to make the Wine prefix %s: wineboot failed (try: WINEPREFIX=%s %s wineboot "
			"-i)",
			wine->prefix, wine->prefix, wine->loader);
	fmt(path, sizeof(path), "%s/drive_c", wine->prefix);
	nftw(path, mark_program, 16, FTW_PHYS);
	fmt(path, sizeof(path), "%s/drive_c/users", wine->prefix);
	nftw(path, unlink_home, 16, FTW_PHYS);
	prefix_add_names(wine);
	made_path(wine, path);
	file_create(path, "made by landbridge\n", 0600);
	return 0;
}
