/* ns.c: does this process share a namespace with the machine's first process? */
#include "init/ns.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "init/machine.h"

static const struct {
	const char *path, *first;
} kinds[] = {
	[NS_PID] = { "/proc/self/ns/pid", "pid:[4026531836]" },
	[NS_USER] = { "/proc/self/ns/user", "user:[4026531837]" },
	[NS_UTS] = { "/proc/self/ns/uts", "uts:[4026531838]" },
};

static bool link_read(enum ns_kind kind, char link[64])
{
	ssize_t len = readlink(kinds[kind].path, link, 63);

	link[len < 0 ? 0 : len] = '\0';
	return len > 0;
}

bool ns_is_first(enum ns_kind kind)
{
	char link[64];

	return link_read(kind, link) && strcmp(link, kinds[kind].first) == 0;
}

bool in_container(void)
{
	char link[64];

	return link_read(NS_PID, link) && strcmp(link, kinds[NS_PID].first) != 0;
}

/* What is mounted from here on must not reach whoever started us. */
int step_namespace(struct machine *m)
{
	if (unshare(CLONE_NEWNS) < 0)
		return boot_unable(m->boot, -errno, "make a mount namespace");
	/* EINVAL: a chroot, whose / is no mount; whoever made it did this. */
	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 && errno != EINVAL)
		return boot_unable(m->boot, -errno, "make the mounts private");
	return 0;
}
