/* p9drive.c: a directory as a drive, without a border between: the file server and
 * the file system that the agent and a guest have, over a socket pair.
 *
 *   p9drive DIR MOUNTPOINT [nowatch|guest-locks]    serves until it is unmounted or told to stop
 *
 * At its end it says how many requests it made of the server.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "p9d/p9d.h"
#include "p9fs/op.h"

static int connect_pair(void *owner)
{
	const struct p9d_config *config = owner;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], 3); /* nothing of the mount is to stay open in it */
		syscall(SYS_close_range, 4, ~0u, 0);
		pair[1] = 3;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(p9d_serve(config, pair[1], true) < 0);
	}
	close(pair[1]);
	return pid < 0 ? -errno : pair[0];
}

int main(int argc, char **argv)
{
	const char *mode = argc == 4 ? argv[3] : "";
	bool watch = strcmp(mode, "nowatch") != 0;
	struct p9d_config server = { .root = argv[1], .drive = true };
	struct p9fs_config config = { .connect = connect_pair,
				      .owner = &server,
				      .attach = "",
				      .way = geteuid() == 0 ? &p9fs_as_root : &p9fs_as_user,
				      .dir = argv[2],
				      .name = "C:",
				      .type = "fuse.drvfs",
				      .allow_other = true,
				      .watch = watch,
				      .guest_locks = strcmp(mode, "guest-locks") == 0,
				      .patience = 5 };
	const char *step = "";
	struct p9fs *mount;
	int err = -EINVAL;

	if (argc >= 3)
		err = p9fs_open(&mount, &config, &step);
	if (err < 0) {
		fprintf(stderr, "p9drive: unable to %s: %s\n", step, strerror(-err));
		return 1;
	}
	puts("mounted");
	fflush(stdout);
	err = p9fs_serve(mount);
	printf("%llu requests\n", (unsigned long long)mount->remote.serial);
	p9fs_close(mount);
	return err < 0;
}
