/* drives.c: which of the host's drives this guest has. */
#include "interop/guest/drives.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "interop/wire/wire.h"
#include "lib/child.h"
#include "lib/lib.h"
#include "lib/places.h"

enum {
	REFRESH_MS = 2000,
};

static uint32_t letter_bit(const char *name)
{
	const char letter = (char)(name[0] & ~0x20);

	return letter >= 'A' && letter <= 'Z' && name[1] == ':' && !name[2]
		       ? (uint32_t)1 << (letter - 'A')
		       : 0;
}

static uint32_t drives_mounted(void)
{
	struct mounts mounts = { 0 };
	uint32_t drives = 0;

	if (mounts_load(&mounts) < 0)
		return 0;
	for (size_t i = 0; i < mounts.count; i++)
		if (mounts.at[i].drive)
			drives |= letter_bit(mounts.at[i].drive);
	mounts_unload(&mounts);
	return drives;
}

uint32_t drives_here(void)
{
	return drives_offered() | drives_mounted();
}

void drives_compare(const struct log *log, uint32_t here, uint32_t host)
{
	char text[HELLO_DRIVES_TEXT];

	if (host & ~here) {
		hello_drives_text(text, host & ~here);
		log_err(log, "warning drives: the host's %s is not here", text);
	}
	if (here & ~host) {
		hello_drives_text(text, here & ~host);
		log_warn(log, "the drive %s is here, and the host's programs do not have it", text);
	}
}

/* --- to mount them: a process of its own does, which may wait -------------------- */

struct order {
	char letters[HELLO_DRIVES + 1];
	char what[2]; /* for somebody of the host, who hears of it: m or u; "": for the log */
};

static int automount_exec(void *arg)
{
	char name[] = "landbridge-automount";
	struct order *o = arg;
	char *const argv[] = { name, o->letters, *o->what ? o->what : NULL, NULL },
		    *const envp[] = { NULL };

	execve("/proc/self/exe", argv, envp);
	return -errno;
}

pid_t drives_mount(uint32_t drives)
{
	const struct child_setup setup = { .flags = CHILD_SESSION };
	struct order o = { .what = "" };
	char *at = o.letters;

	for (unsigned i = 0; i < HELLO_DRIVES; i++)
		if (drives >> i & 1)
			*at++ = (char)('A' + i);
	return drives ? child_exec(&setup, automount_exec, &o) : 0;
}

static bool order_parse(struct order *o, const char *service)
{
	const bool un = strncmp(service, "un", 2) == 0;
	const char *mount = service + (un ? 2 : 0);

	if (strncmp(mount, "mount:", 6) != 0 || mount[6] < 'A' || mount[6] > 'Z' || mount[7])
		return false;
	*o = (struct order){ .letters = { mount[6] }, .what = { un ? 'u' : 'm' } };
	return true;
}

int drives_serve(const char *service)
{
	int pair[2], fds[3] = { -1, -1, -1 };
	const struct child_setup setup = { CHILD_SESSION, .fds = fds, .fd_count = 3 };
	struct order o;
	pid_t pid;

	if (!order_parse(&o, service))
		return -ENOENT;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fds[1] = fds[2] = pair[1];
	pid = child_exec(&setup, automount_exec, &o);
	close(pair[1]);
	if (pid > 0)
		return pair[0];
	close(pair[0]);
	return pid;
}

/* The first that shows something of a file system that keeps what it has read of a
 * drive, from `at` on; NULL: none. */
static const struct mount *keeper_next(const struct mounts *mounts, const struct mount *at)
{
	for (; at < mounts->at + mounts->count; at++)
		if (at->fuse && at->drive && mounts_find(mounts, at->point) == at)
			return at;
	return NULL;
}

/* Those that have answered. */
struct keepers {
	const char *fuse[32];
	size_t count;
};

/* Once, by the first of its mounts that lets this user ask. */
static void keeper_ask(struct keepers *k, const struct mount *m)
{
	char byte;

	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->fuse[i], m->fuse) == 0)
			return;
	if (getxattr(m->point, LANDBRIDGE_FENCE, &byte, sizeof(byte)) < 0 && errno != EACCES &&
	    errno != ENOENT && k->count < array_len(k->fuse))
		k->fuse[k->count++] = m->fuse;
}

/* By a child with nothing of ours: it may never come back from the kernel, where
 * not even KILL ends who waits for a process that is stopped. */
void drives_refresh(const struct mounts *mounts)
{
	const struct child_setup setup = { .flags = CHILD_ALONE, .name = "refresh" };
	const struct mount *m = keeper_next(mounts, mounts->at);
	struct keepers k = { .count = 0 };
	pid_t pid;

	if (!m)
		return;
	signal(SIGCHLD, SIG_DFL); /* whoever started us may have ignored it */
	pid = child_fork(&setup);
	if (pid == 0) {
		for (; m; m = keeper_next(mounts, m + 1))
			keeper_ask(&k, m);
		_exit(0);
	}
	if (pid > 0)
		child_wait(pid, REFRESH_MS);
}
