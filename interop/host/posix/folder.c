/* folder.c: landbridge mount: the guest's files as a folder of the host.
 *
 *   mount --- session     a caller over the agent's socket: landbridge-files in
 *                         the guest, with a socket of ours as its stdin and stdout
 *
 * The command returns when the folder is there; a process of its own serves it
 * until it is unmounted or the guest goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/child.h"
#include "p9fs/p9fs.h"
#include "interop/host/posix/commands.h"
#include "interop/host/posix/session.h"
#include "lib/lib.h"

#define FILES_PROGRAM "/run/landbridge/bin/landbridge-files"

enum { SESSION_END_MS = 2000 };

struct folder {
	const struct options *options;
	char dir[PATH_MAX], socket[PATH_MAX];
	pid_t session;
	int complaints; /* what the session and its program say to people */
	struct p9fs *mount;
	struct fault fault;
};

/* --- the way to the server --------------------------------------------------------- */

static _Noreturn void session_child(const struct folder *f, int stream, int complaints,
				    pid_t parent)
{
	char *const command[] = { (char[]){ FILES_PROGRAM }, NULL };
	const struct session session = { .user = f->options->user, .command = command };
	struct outcome out;

	die_with_parent(parent, SIGTERM);
	setsid(); /* Ctrl-C is for the mount, which then ends this */
	prctl(PR_SET_NAME, "lb-session");
	dup2(stream, STDIN_FILENO);
	dup2(stream, STDOUT_FILENO);
	dup2(complaints, STDERR_FILENO); /* and not whoever waits for our end there */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	session_run(f->socket, &session, &out);
	fd_write_all(STDERR_FILENO, out.text, strlen(out.text));
	_exit(0);
}

/* A socket at whose other end is the guest's file server. */
static int session_open(struct folder *f)
{
	pid_t parent = getpid();
	int stream[2], complaints[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) < 0)
		return -errno;
	if (pipe2(complaints, O_CLOEXEC | O_NONBLOCK) < 0) {
		close(stream[0]);
		close(stream[1]);
		return -errno;
	}
	f->session = fork();
	if (f->session == 0)
		session_child(f, stream[1], complaints[1], parent);
	close(stream[1]);
	close(complaints[1]);
	f->complaints = complaints[0];
	if (f->session > 0)
		return stream[0];
	close(stream[0]);
	return -EAGAIN;
}

static int server_open(struct folder *f)
{
	return f->options->server ? unix_connect(f->options->server + strlen("unix:"))
				  : session_open(f);
}

/* The first thing that was said, where the session's end is why we failed. */
static const char *session_text(struct folder *f, char *text, size_t size)
{
	ssize_t n;

	if (f->session <= 0 || !child_ends(f->session, SESSION_END_MS))
		return NULL;
	n = read(f->complaints, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return n > 0 ? text : "its program there ended at once";
}

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

static int folder_open(struct folder *f)
{
	const struct options *o = f->options;
	const struct p9fs_config config = { .dir = f->dir,
					    .name = o->server ? o->server : "guest",
					    .user = o->server ? o->user : NULL,
					    .cache = o->cache,
					    .read_only = o->read_only };
	const char *step = "reach the guest's file server", *text;
	char said[400];
	int fd, err;

	if (dir_find(f) < 0)
		return -1;
	fd = server_open(f);
	err = fd < 0 ? fd : p9fs_open(&f->mount, &config, fd, &step);
	if (!err)
		return 0;
	text = err == -ENOTCONN ? session_text(f, said, sizeof(said)) : NULL;
	return fault_set(&f->fault, HOST_FAILED, "unable to %s for %s: %s", step, o->dir,
			 text                      ? text
			 : err == -EPROTONOSUPPORT ? "it does not speak 9P2000.W"
						   : strerror(-err));
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
	if (f->session > 0)
		child_wait(f->session, SESSION_END_MS);
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
	struct folder f = { .complaints = -1, .options = options };

	if (!options->server && session_socket(options, f.socket, &f.fault) < 0)
		return fault_print(&f.fault);
	if (options->foreground)
		return folder_serve(&f, -1);
	return folder_start(&f) < 0 ? fault_print(&f.fault) : 0;
}
