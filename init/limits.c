/* limits.c: what WSL sets: programs made for it count on as much. */
#include "init/limits.h"

#include <errno.h>
#include <sys/resource.h>

#include "init/machine.h"
#include "lib/fd.h"
#include "lib/lib.h"

static const struct {
	int what;
	struct rlimit limit;
} limits[] = {
	{ RLIMIT_NOFILE, { 10240, 1048576 } },
	{ RLIMIT_MEMLOCK, { 64 << 20, 64 << 20 } },
};

static const char *const sysctls[][2] = {
	{ "/proc/sys/kernel/dmesg_restrict", "0\n" },
	{ "/proc/sys/fs/inotify/max_user_watches", "524288\n" },
	{ "/proc/sys/net/ipv4/ping_group_range", "0 2147483647\n" }, /* ping(8) for all */
};

int step_limits(struct machine *m)
{
	for (size_t i = 0; i < array_len(limits); i++)
		if (prlimit(0, limits[i].what, &limits[i].limit, NULL) < 0)
			return boot_unable(m->boot, -errno, "set resource limit %d",
					   limits[i].what);
	for (size_t i = 0; i < array_len(sysctls); i++)
		file_write(sysctls[i][0], sysctls[i][1]); /* a kernel may lack them */
	return 0;
}
