/* prefix.c: makes a Wine prefix and sets its drives. */
#include "interop/host/posix/prefix.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/lib.h"

enum { MAKE_MS = 180 * 1000, TARGET_MAX = PATH_MAX + 4 };

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
		if (strncmp(wine->env.at[i], "DISPLAY=", 8) != 0 &&
		    strncmp(wine->env.at[i], "WAYLAND_DISPLAY=", 16) != 0)
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

bool prefix_is_complete(const struct wine *wine)
{
	char path[PATH_MAX + 16];

	fmt(path, sizeof(path), "%s/.landbridge", wine->prefix);
	return access(path, F_OK) == 0;
}

/* What a drive's link should say: our own drive_c as Wine itself says it. A
 * read-only one says so: who shares the server shares its rights too. */
static void link_target(const struct wine *wine, const struct drive *drive, char out[TARGET_MAX])
{
	size_t len = strlen(wine->prefix);
	bool own = strncmp(drive->dir, wine->prefix, len) == 0 &&
		   strcmp(drive->dir + len, "/drive_c") == 0;

	fmt(out, TARGET_MAX, "%s%s", own ? "../drive_c" : drive->dir, drive->read_only ? "/." : "");
}

static bool is_drive_name(const char *name)
{
	return isalpha((unsigned char)name[0]) && name[1] == ':';
}

/* Calls `each` for what dosdevices has; stops at the first non-zero. */
static int devices_walk(const struct wine *wine, const struct drives *drives,
			int (*each)(const struct wine *wine, const struct drives *drives,
				    const char *dir, const char *name))
{
	char path[PATH_MAX + 16];
	const struct dirent *entry;
	int r = 0;
	DIR *dir;

	fmt(path, sizeof(path), "%s/dosdevices", wine->prefix);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir)))
		if (is_drive_name(entry->d_name))
			r = each(wine, drives, path, entry->d_name);
	closedir(dir);
	return r;
}

/* 1 when this link is not one of the drives. */
static int link_differs(const struct wine *wine, const struct drives *drives, const char *dir,
			const char *name)
{
	const struct drive *drive = drives_find(drives, (char)toupper((unsigned char)name[0]));
	char path[PATH_MAX + 300], target[TARGET_MAX], wanted[TARGET_MAX];
	ssize_t len;

	if (!drive || name[2])
		return 1;
	fmt(path, sizeof(path), "%s/%s", dir, name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return 1;
	target[len] = '\0';
	link_target(wine, drive, wanted);
	return strcmp(target, wanted) != 0;
}

static int link_remove(const struct wine *wine, const struct drives *drives, const char *dir,
		       const char *name)
{
	char path[PATH_MAX + 300];

	(void)wine, (void)drives;
	fmt(path, sizeof(path), "%s/%s", dir, name);
	return unlink(path) < 0 ? -errno : 0;
}

bool prefix_has_drives(const struct wine *wine, const struct drives *drives)
{
	char path[PATH_MAX + 16];

	for (size_t i = 0; i < drives->count; i++) {
		fmt(path, sizeof(path), "%s/dosdevices/%c:", wine->prefix,
		    tolower((unsigned char)drives->at[i].letter));
		if (access(path, F_OK) < 0)
			return false;
	}
	return devices_walk(wine, drives, link_differs) == 0;
}

int prefix_set_drives(const struct wine *wine, const struct drives *drives, struct fault *why)
{
	char path[PATH_MAX + 16], target[TARGET_MAX];
	int r;

	fmt(path, sizeof(path), "%s/tmp", wine->prefix);
	r = dir_make(path, 0700);
	fmt(path, sizeof(path), "%s/dosdevices", wine->prefix);
	if (r == 0)
		r = dir_make(path, 0700);
	/* Nobody else is there to see them change. */
	if (r == 0 && !prefix_has_drives(wine, drives))
		r = devices_walk(wine, drives, link_remove);
	for (size_t i = 0; i < drives->count && r == 0; i++) {
		fmt(path, sizeof(path), "%s/dosdevices/%c:", wine->prefix,
		    tolower((unsigned char)drives->at[i].letter));
		link_target(wine, &drives->at[i], target);
		if (symlink(target, path) < 0 && errno != EEXIST)
			r = -errno;
	}
	if (r < 0)
		return fault_set(why, HOST_FAILED, "unable to set the drives in %s/dosdevices: %s",
				 wine->prefix, strerror(-r));
	return 0;
}

void prefix_end_server(const struct wine *wine)
{
	/* Both fail when there is none, which is what is wanted. */
	if (wine_run(wine, wine->server, NULL, "-k") == 0)
		wine_run(wine, wine->server, NULL, "-w");
}

void prefix_add_names(const struct wine *wine)
{
	static const struct {
		const char *name, *target;
	} names[] = {
		{ "Windows", "windows" },
		{ "Users", "users" },
		{ "windows/System32", "system32" },
	};
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < array_len(names); i++) {
		fmt(path, sizeof(path), "%s/drive_c/%s", wine->prefix, names[i].name);
		(void)!symlink(names[i].target, path); /* there already, or without */
	}
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
	if (prefix_set_drives(wine, &own, why) < 0)
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
	fmt(path, sizeof(path), "%s/.landbridge", wine->prefix);
	file_create(path, "made by landbridge\n", 0600);
	return 0;
}
