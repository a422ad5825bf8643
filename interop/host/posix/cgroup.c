/* cgroup.c: limits on processes together. */
#include "interop/host/posix/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "lib/child.h"
#include "lib/lib.h"

#define ROOT "/sys/fs/cgroup"

enum { TRIAL_MS = 5000, TEXT_MAX = 8192 };

/* A tree of groups, and its files of limits; NULL: it has none of that kind. */
struct hierarchy {
	const char *controller, *root, *memory, *swap, *processes;
};

/* Version 1 has a tree a controller, version 2 (where `controller` is empty) one for all. */
static const struct hierarchy first[] = { { "memory", ROOT "/memory", "memory.limit_in_bytes",
					    "memory.memsw.limit_in_bytes", NULL },
					  { "pids", ROOT "/pids", NULL, NULL, "pids.max" } },
			      second[] = { { "", ROOT, "memory.max", "memory.swap.max",
					     "pids.max" } };

static size_t hierarchies(const struct hierarchy **at)
{
	bool is_second = access(ROOT "/cgroup.controllers", F_OK) == 0;

	*at = is_second ? second : first;
	return is_second ? array_len(second) : array_len(first);
}

/* Whether "cpu,memory:/path" begins with a list that has it; of version 2 it is empty. */
static bool has_controller(const char *list, const char *controller)
{
	size_t wanted = strlen(controller), len;

	for (;; list += len + 1) {
		len = strcspn(list, ",:\n");
		if (len == wanted && strncmp(list, controller, len) == 0)
			return true;
		if (list[len] != ',')
			return false;
	}
}

int cgroup_own(const char *text, const char *controller, char *out, size_t size)
{
	for (const char *line = text; *line; line += line[strcspn(line, "\n")] == '\n') {
		const char *list = line + strcspn(line, ":\n"), *path;

		line += strcspn(line, "\n");
		if (list[0] != ':' || !has_controller(list + 1, controller))
			continue;
		path = list + 1 + strcspn(list + 1, ":\n");
		if (path[0] == ':' && path[1] == '/')
			return path_format(out, size, "%.*s", (int)strcspn(path + 1, "\n"),
					   path + 1);
	}
	return -ENOENT;
}

/* The directory of our own group. */
static int group_own(const struct hierarchy *h, char dir[PATH_MAX])
{
	char text[TEXT_MAX], own[PATH_MAX];
	int r;

	if (file_read("/proc/self/cgroup", text, sizeof(text)) <= 0)
		return -EOPNOTSUPP;
	r = cgroup_own(text, h->controller, own, sizeof(own));
	if (r < 0)
		return r == -ENOENT ? -EOPNOTSUPP : r;
	return path_format(dir, PATH_MAX, "%s%s", h->root, strcmp(own, "/") == 0 ? "" : own);
}

/* That of the group of that name, for who is in the group `own`. */
static int group_find(const struct hierarchy *h, const char *own, const char *name,
		      char dir[PATH_MAX])
{
	const char *end = own + strlen(own);

	if (h == second && strcmp(own, h->root) != 0)
		end = strrchr(own, '/');
	return path_format(dir, PATH_MAX, "%.*s/landbridge-%s", (int)(end - own), own, name);
}

int cgroup_name(char out[CGROUP_NAME], const char *name, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return -errno;
	return fmt(out, CGROUP_NAME, "%s-%llx", name, (unsigned long long)st.st_ino) < CGROUP_NAME
		       ? 0
		       : -ENAMETOOLONG;
}

static int put(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX];

	return path_format(path, sizeof(path), "%s/%s", dir, file) < 0 ? -ENAMETOOLONG
								       : file_write(path, text);
}

static int put_number(const char *dir, const char *file, uint64_t number)
{
	char text[32];

	fmt(text, sizeof(text), "%llu", (unsigned long long)number);
	return put(dir, file, text);
}

/* Swap is counted with memory in version 1 and apart in version 2; a kernel may do neither. */
static int memory_set(const struct hierarchy *h, const char *dir, unsigned mib)
{
	uint64_t bytes = (uint64_t)mib << 20;
	int r = put_number(dir, h->memory, bytes);

	put_number(dir, h->swap, h == second ? 0 : bytes);
	return r;
}

/* The first that was asked for has to be had; with one tree for both the second may fail. */
static int limits_set(const struct hierarchy *h, const char *dir, const struct limits *limits)
{
	bool memory = h->memory && limits->memory;
	int r = memory ? memory_set(h, dir, limits->memory) : 0;

	if (r == 0 && h->processes && limits->processes) {
		r = put_number(dir, h->processes, limits->processes);
		r = memory ? 0 : r;
	}
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

static int group_enter(const struct hierarchy *h, const char *dir, const struct limits *limits)
{
	int r;

	rmdir(dir); /* what is left of one with other limits */
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	r = limits_set(h, dir, limits);
	if (r == 0)
		r = put(dir, "cgroup.procs", "0");
	if (r < 0)
		rmdir(dir);
	return r;
}

/* A descriptor by which one leaves it, or negative errno. */
static int hierarchy_enter(const struct hierarchy *h, const char *name, const struct limits *limits)
{
	char own[PATH_MAX], dir[PATH_MAX], procs[PATH_MAX];
	int r = group_own(h, own), outside;

	if (r == 0)
		r = group_find(h, own, name, dir);
	if (r == 0)
		r = path_format(procs, sizeof(procs), "%s/cgroup.procs", own);
	if (r < 0)
		return r;
	outside = open(procs, O_WRONLY | O_CLOEXEC);
	if (outside < 0)
		return -errno;
	r = group_enter(h, dir, limits);
	if (r < 0)
		close(outside);
	return r < 0 ? r : outside;
}

int cgroup_enter(const char *name, const struct limits *limits)
{
	const struct hierarchy *h;
	size_t count = hierarchies(&h);
	int outside = -EINVAL;

	for (; count > 0; count--, h++) {
		bool memory = h->memory && limits->memory;
		int r;

		if (!memory && !(h->processes && limits->processes))
			continue;
		r = hierarchy_enter(h, name, limits);
		if (memory && r < 0)
			return r;
		if (outside >= 0 && r >= 0)
			close(r);
		else if (outside < 0)
			outside = r;
	}
	return outside;
}

void cgroup_leave(int outside)
{
	(void)!write(outside, "0", 1);
}

int cgroup_remove(const char *name)
{
	const struct hierarchy *h;
	size_t count = hierarchies(&h);
	char own[PATH_MAX], dir[PATH_MAX];
	int result = -ENOENT;

	for (; count > 0; count--, h++) {
		int r = group_own(h, own);

		if (r == 0)
			r = group_find(h, own, name, dir);
		if (r == 0 && rmdir(dir) < 0)
			r = -errno;
		if (result == -ENOENT || (r < 0 && r != -ENOENT))
			result = r;
	}
	return result;
}

int cgroup_foresee(const struct limits *limits)
{
	const int none[] = { -1 };
	const struct child_setup setup = { .fds = none, .fd_count = 1, .name = "lb-trial" };
	char name[32];
	pid_t pid;
	int status;

	fmt(name, sizeof(name), "trial-%d", (int)getpid());
	pid = child_fork(&setup);
	if (pid == 0) {
		int r = cgroup_enter(name, limits);

		_exit(r < 0 ? -r : 0);
	}
	status = pid < 0 ? pid : child_wait(pid, TRIAL_MS);
	cgroup_remove(name);
	return status >= 0 && WIFEXITED(status) ? -WEXITSTATUS(status) : -EAGAIN;
}

size_t cgroup_gap(int error, unsigned each, char *out, size_t size)
{
	return fmt(
		out, size,
		"Windows programs may have %u MiB of memory of their own each, and together what the host "
		"has: no control group for them (%s; systemd-run --user --scope may give one)",
		each, error == -EOPNOTSUPP ? "none has a limit on memory here" : strerror(-error));
}
