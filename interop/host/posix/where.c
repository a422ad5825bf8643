/* where.c: finds the places where things are. */
#include "interop/host/posix/where.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lib.h"

int glob_in(const char *dir, const char *pattern, glob_t *found)
{
	char whole[PATH_MAX];
	size_t used = 0;
	int r;

	for (; *dir && used + 2 < sizeof(whole); dir++) {
		if (strchr("*?[\\", *dir))
			whole[used++] = '\\';
		whole[used++] = *dir;
	}
	if (*dir || path_format(whole + used, sizeof(whole) - used, "/%s", pattern) < 0)
		return -ENAMETOOLONG;
	r = glob(whole, GLOB_NOSORT, NULL, found);
	return r == 0 ? 0 : r == GLOB_NOMATCH ? -ENOENT : -EIO;
}

void glob_keep(const char *dir, const char *pattern, const char *keep)
{
	glob_t found;

	if (glob_in(dir, pattern, &found) < 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (strcmp(found.gl_pathv[i], keep) != 0)
			unlink(found.gl_pathv[i]);
	globfree(&found);
}

static bool has_init(const char *dir)
{
	char path[PATH_MAX];

	return path_format(path, sizeof(path), "%s/init", dir) == 0 && access(path, R_OK) == 0;
}

static int find_data(struct dirs *dirs, struct fault *why)
{
	const char *given = getenv("LANDBRIDGE_DATA");
	char self[PATH_MAX], path[PATH_MAX];
	ssize_t len;

	if (given && *given)
		return path_format(dirs->data, sizeof(dirs->data), "%s", given);
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len > 0) {
		self[len] = '\0';
		*strrchr(self, '/') = '\0';
		path_format(dirs->data, sizeof(dirs->data), "%s", self);
		if (has_init(self))
			return 0;
		if (path_format(path, sizeof(path), "%s/../lib/landbridge", self) == 0 &&
		    realpath(path, dirs->data) && has_init(dirs->data))
			return 0;
	}
	return fault_set(
		why, HOST_FAILED,
		"unable to find the guest's init beside the program or in ../lib/landbridge "
		"(build it with make, or set LANDBRIDGE_DATA)");
}

static int find_home(char *out, size_t size)
{
	const char *given = getenv("LANDBRIDGE_HOME"), *data = getenv("XDG_DATA_HOME");
	const char *user = getenv("HOME");
	const struct passwd *pw;

	if (given && *given)
		return path_format(out, size, "%s", given);
	if (data && data[0] == '/')
		return path_format(out, size, "%s/landbridge", data);
	if (!user || !*user) {
		pw = getpwuid(getuid());
		user = pw ? pw->pw_dir : "/";
	}
	return path_format(out, size, "%s/.local/share/landbridge", user);
}

int dirs_find(struct dirs *dirs, struct fault *why)
{
	char home[PATH_MAX];
	int r;

	if (find_data(dirs, why) < 0)
		return fault_set(why, HOST_FAILED,
				 "unable to use LANDBRIDGE_DATA: its name is too long");
	r = find_home(home, sizeof(home));
	if (r == 0)
		r = dir_make(home, 0700);
	if (r == 0 && !realpath(home, dirs->home))
		r = -errno;
	if (r < 0)
		return fault_set(why, HOST_FAILED,
				 "unable to make %s: %s (LANDBRIDGE_HOME names another place)",
				 home, strerror(-r));
	return 0;
}

static int drive_settle(struct drive *drive, struct fault *why)
{
	char path[PATH_MAX];
	struct stat st;

	if (!realpath(drive->dir, path) || stat(path, &st) < 0)
		return fault_set(why, HOST_FAILED, "unable to use %s as drive %c: %s", drive->dir,
				 drive->letter, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fault_set(why, HOST_FAILED, "unable to use %s as drive %c: not a directory",
				 drive->dir, drive->letter);
	memcpy(drive->dir, path, sizeof(path));
	return 0;
}

int drives_decide(struct drives *drives, const struct drives *asked, const struct dirs *dirs,
		  struct fault *why)
{
	char prefix[PATH_MAX], own[PATH_MAX];

	*drives = *asked;
	for (size_t i = 0; i < drives->count; i++)
		if (drive_settle(&drives->at[i], why) < 0)
			return -1;
	if (path_format(prefix, sizeof(prefix), "%s/wine", dirs->home) < 0 ||
	    path_format(own, sizeof(own), "%s/drive_c", prefix) < 0)
		return fault_set(why, HOST_FAILED, "unable to use %s: its name is too long",
				 dirs->home);
	if (!drives_find(drives, 'C'))
		drives_add(drives, 'C', own);
	return drives_check(drives, prefix, why);
}

ssize_t file_load(const char *path, char **text)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd_load(fd < 0 ? -errno : fd, text);
}

ssize_t fd_load(int fd, char **text)
{
	ssize_t len = fd < 0 ? fd : 0;
	struct stat st;
	char *buf = NULL;

	*text = NULL;
	if (len == 0 && fstat(fd, &st) < 0)
		len = -errno;
	if (len == 0 && !S_ISREG(st.st_mode))
		len = -EINVAL;
	if (len == 0 && st.st_size > FILE_LOAD_MAX)
		len = -EFBIG;
	if (len == 0) {
		buf = malloc((size_t)st.st_size + 1);
		len = buf ? fd_read_full(fd, buf, (size_t)st.st_size) : -ENOMEM;
	}
	fd_close(&fd);
	if (!buf || len < 0) {
		free(buf);
		return len;
	}
	buf[len] = '\0';
	*text = buf;
	return len;
}
