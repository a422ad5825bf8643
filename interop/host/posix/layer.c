/* layer.c: a machine's own layer over the Wine prefix that all machines start from. */
#include "interop/host/posix/layer.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "interop/host/posix/view.h"
#include "lib/child.h"
#include "lib/lib.h"

enum { TRIAL_MS = 5000 };

/* The options are one text, in which these have a meaning. */
static bool is_plain(const char *path)
{
	return !path[strcspn(path, ",:\\")];
}

static int part_make(const char *dir, const char *name)
{
	char path[PATH_MAX];

	if (path_format(path, sizeof(path), "%s/%s", dir, name) < 0)
		return -ENAMETOOLONG;
	return dir_make(path, 0700);
}

int layer_mount(const char *lower, const char *dir)
{
	char options[3 * PATH_MAX];
	int r = is_plain(lower) && is_plain(dir) ? 0 : -EINVAL;

	if (r == 0)
		r = part_make(dir, "upper");
	if (r == 0)
		r = part_make(dir, "work");
	if (r == 0)
		r = view_leave(0);
	if (r < 0)
		return r;
	fmt(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work,userxattr",
	    lower, dir, dir);
	return mount("overlay", lower, "overlay", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
}

int layer_try(const char *lower, const char *dir)
{
	const struct child_setup setup = { .name = "lb-layer" };
	pid_t pid = child_fork(&setup);
	int status;

	if (pid == 0)
		_exit(-layer_mount(lower, dir));
	status = pid < 0 ? pid : child_wait(pid, TRIAL_MS);
	if (status < 0)
		return status;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EAGAIN;
}
