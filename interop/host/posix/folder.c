/* folder.c: landbridge mount: the guest's files as a folder of the host.
 *
 *   mount --- agent === broker --- p9d     a stream of bytes to the service `files`
 *
 * The command returns when the folder is there; a process of its own serves it
 * until it is unmounted or the guest goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/guest_service.h"
#include "interop/host/posix/commands.h"
#include "interop/host/posix/session.h"
#include "lib/lib.h"
#include "p9fs/p9fs.h"

struct folder {
	const struct options *options;
	char dir[PATH_MAX], socket[PATH_MAX];
	struct p9fs *mount;
	struct fault fault;
};

/* --- the folder ----------------------------------------------------------------------- */

static int dir_find(struct folder *f)
{
	const char *dir = f->options->dir;
	struct stat st;
	int err = realpath(dir, f->dir) ? 0 : errno;

	if (err == ENOTCONN)
		return fault_set(&f->fault, HOST_FAILED,
				 "unable to mount on %s: what was mounted there is gone; "
				 "fusermount3 -u %s takes it away",
				 dir, dir);
	if (!err && stat(f->dir, &st) < 0)
		err = errno;
	if (!err && !S_ISDIR(st.st_mode))
		err = ENOTDIR;
	return err ? fault_set(&f->fault, HOST_FAILED, "unable to mount on %s: %s", dir,
			       strerror(err))
		   : 0;
}

static int server_open(void *owner)
{
	struct folder *f = owner;
	const struct options *o = f->options;
	int fd;

	if (!o->server)
		return guest_service_open(f->socket, "files", o->user, &f->fault);
	fd = unix_connect(o->server + strlen("unix:"));
	return fd < 0 ? fault_set(&f->fault, HOST_FAILED,
				  "unable to reach the file server at %s: %s", o->server,
				  strerror(-fd))
		      : fd;
}

static int folder_open(struct folder *f)
{
	const struct options *o = f->options;
	const struct p9fs_config config = { .connect = server_open,
					    .owner = f,
					    .user = o->server ? o->user : NULL,
					    .way = &p9fs_as_user,
					    .dir = f->dir,
					    .name = o->server ? o->server : "guest",
					    .type = "fuse.landbridge",
					    .cache = o->cache,
					    .read_only = o->read_only };
	const char *step;
	int err;

	if (dir_find(f) < 0)
		return -1;
	err = p9fs_open(&f->mount, &config, &step);
	if (!err)
		return 0;
	if (f->fault.status) /* server_open knows better */
		return -1;
	return fault_set(&f->fault, HOST_FAILED, "unable to %s for %s: %s", step, o->dir,
			 err == -EPROTONOSUPPORT ? "it does not speak 9P2000.W" : strerror(-err));
}

/* From here on nobody looks at us, and nobody waits for our output's end. */
static void leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	fd_close(&fd);
	if (chdir("/") < 0)
		return; /* then the directory we were started in stays in use */
}

/* `ready` gets the fault once the folder is there or cannot be; -1: nobody
 * waits. */
static int folder_serve(struct folder *f, int ready)
{
	int err = folder_open(f);

	if (ready >= 0) {
		fd_write_all(ready, &f->fault, sizeof(f->fault));
		close(ready);
		leave_terminal();
	}
	if (!err) {
		prctl(PR_SET_NAME, "lb-mount");
		err = p9fs_serve(f->mount);
		p9fs_close(f->mount);
		if (err < 0)
			fault_set(&f->fault, HOST_FAILED,
				  "the folder %s is gone: the guest's file server is not there "
				  "any more",
				  f->options->dir);
	}
	return ready < 0 && f->fault.status ? fault_print(&f->fault) : f->fault.status;
}

static int folder_start(struct folder *f)
{
	int ready[2], status = 0;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return fault_set(&f->fault, HOST_FAILED, "unable to mount: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		setsid();
		_exit(folder_serve(f, ready[1]));
	}
	close(ready[1]);
	if (pid < 0)
		return fault_set(&f->fault, HOST_FAILED, "unable to mount: no process left");
	if (fd_read_full(ready[0], &f->fault, sizeof(f->fault)) == sizeof(f->fault))
		return f->fault.status ? -1 : 0;
	waitpid(pid, &status, 0);
	return fault_set(&f->fault, HOST_FAILED, "unable to mount on %s: its server ended",
			 f->options->dir);
}

int mount_main(const struct options *options)
{
	struct folder f = { .options = options };

	if (!options->server && session_socket(options, f.socket, &f.fault) < 0)
		return fault_print(&f.fault);
	if (options->foreground)
		return folder_serve(&f, -1);
	return folder_start(&f) < 0 ? fault_print(&f.fault) : 0;
}
