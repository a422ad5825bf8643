/* folder.c: landbridge mount: the guest's files as a folder of the host; or as one that
 * has no place there.
 *
 *   mount --- agent === broker --- p9d     a stream of bytes to the service `files`
 *
 * The command returns when the folder is there; a process of its own serves it
 * until it is unmounted or the guest goes.
 */
#include "interop/host/posix/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/guest_service.h"
#include "interop/host/posix/session.h"
#include "interop/host/posix/tool.h"
#include "lib/lib.h"
#include "p9fs/p9fs.h"

/* The serving process's descriptor to say so on. */
enum { READY = 3, END_MS = 10000 };

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

/* Returns the pid of who serves it. `death_signal`: which it gets when we end. */
static pid_t folder_start(struct folder *f, int death_signal)
{
	int ready[2], fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, -1 };
	const struct child_setup setup = { .flags = CHILD_SESSION | CHILD_ALONE,
					   .death_signal = death_signal,
					   .fds = fds,
					   .fd_count = array_len(fds) };
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return fault_set(&f->fault, HOST_FAILED, "unable to mount: %s", strerror(errno));
	fds[READY] = ready[1];
	pid = child_fork(&setup);
	if (pid == 0) {
		descriptors_own(READY, READY);
		_exit(folder_serve(f, READY));
	}
	close(ready[1]);
	if (pid < 0)
		fault_set(&f->fault, HOST_FAILED, "unable to mount: %s", strerror(-pid));
	else if (fd_read_full(ready[0], &f->fault, sizeof(f->fault)) != sizeof(f->fault))
		fault_set(&f->fault, HOST_FAILED, "unable to mount on %s: its server ended",
			  f->options->dir);
	close(ready[0]);
	if (pid > 0 && f->fault.status)
		waitpid(pid, NULL, 0);
	return f->fault.status ? -1 : pid;
}

int mount_main(const struct options *options)
{
	struct folder f = { .options = options };

	if (!options->server && session_socket(options, f.socket, &f.fault) < 0)
		return fault_print(&f.fault);
	if (options->foreground)
		return folder_serve(&f, -1);
	return folder_start(&f, 0) < 0 ? fault_print(&f.fault) : 0;
}

/* --- one that has no place ---------------------------------------------------------------- */

/* From here on it is found by descriptors only, and gone with the last of them. */
static int folder_detach(struct folder *f)
{
	char *dir = f->options->dir;
	char *const argv[] = { (char[]){ "fusermount3" },
			       (char[]){ "-u" },
			       (char[]){ "-z" },
			       (char[]){ "--" },
			       dir,
			       NULL };
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), r = fd < 0 ? -errno : 0;
	char said[256] = "";

	if (r == 0)
		r = tool_run(argv, said, sizeof(said));
	if (r == 0)
		return fd;
	fd_close(&fd);
	return fault_set(&f->fault, HOST_FAILED, "unable to take the mount off %s: %s", dir,
			 r < 0 ? strerror(-r) : said);
}

static int unseen_open(struct folder *f, pid_t *server)
{
	int root;

	*server = folder_start(f, SIGTERM);
	if (*server < 0)
		return -1;
	root = folder_detach(f);
	if (root < 0) {
		kill(*server, SIGTERM);
		folder_end(*server);
	}
	return root;
}

int folder_open_unseen(const struct folder_wish *wish, pid_t *server, struct fault *why)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	char dir[PATH_MAX];
	const struct options options = { .user = wish->user,
					 .dir = dir,
					 .read_only = wish->read_only };
	struct folder f = { .options = &options };
	int root;

	if (path_format(dir, sizeof(dir), "%s/landbridge-cp-XXXXXX",
			run && *run == '/' ? run : "/tmp") < 0 ||
	    path_format(f.socket, sizeof(f.socket), "%s", wish->socket) < 0)
		return fault_set(why, HOST_FAILED, "unable to mount: %s", strerror(ENAMETOOLONG));
	if (!mkdtemp(dir))
		return fault_set(why, HOST_FAILED, "unable to make the directory %s: %s", dir,
				 strerror(errno));
	root = unseen_open(&f, server);
	rmdir(dir);
	return root < 0 ? fault_set(why, f.fault.status, "%s", f.fault.text) : root;
}

void folder_end(pid_t server)
{
	child_wait(server, END_MS);
}
