/* share_service.c: serves the guest's files to its Windows programs. */
#include "interop/host/posix/share_service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/posix/guard.h"
#include "interop/host/posix/share.h"
#include "interop/host/winname.h"
#include "interop/stream/stream.h"
#include "lib/child.h"
#include "lib/lib.h"
#include "p9fs/p9fs.h"

/* The server's descriptors. */
enum { STREAM = 3, FUSE = 4, READY = 5 };

void share_service_begin(struct share_service *s, const struct wall *wall,
			 const struct wall_state *state, const struct log *log)
{
	*s = (struct share_service){ .log = log, .channel = -1, .ready = -1 };
	if (state->mounter <= 0)
		return;
	s->mounter = state->mounter;
	s->channel = state->share;
	s->name = wall->share.name;
	share_path(&wall->share, s->path, sizeof(s->path));
}

/* --- the server --------------------------------------------------------------------- */

struct files_call {
	char user[16];
	struct outcome why;
};

static int files_open(void *owner)
{
	struct files_call *f = owner;

	return service_call_by(STREAM, "files", f->user, &f->why);
}

/* What the guest says is as hostile as the guest: this process has nothing but it. */
static _Noreturn void serve(const struct share_service *s)
{
	struct files_call f = { .why = { .how = OUTCOME_LOST } };
	const struct p9fs_config config = { .connect = files_open,
					    .owner = &f,
					    .way = &p9fs_as_given,
					    .given = FUSE,
					    .dir = s->path,
					    .name = "guest",
					    .type = "fuse.landbridge",
					    .own = true,
					    .links = s->path,
					    .stays = true };
	const char *step = "give up its rights";
	struct p9fs *mount;
	int err = guard_helpless();

	fmt(f.user, sizeof(f.user), "%u", s->users.user);
	if (!err)
		err = p9fs_open(&mount, &config, &step);
	if (err && !s->quiet)
		log_err(s->log, "unable to %s for \\\\wsl.localhost\\%s: %s", step, s->name,
			f.why.how == OUTCOME_FAILED ? f.why.text : strerror(-err));
	if (err)
		_exit(1);
	(void)!write(READY, "", 1);
	p9fs_serve(mount);
	_exit(0);
}

/* Closes all of fds. */
static int server_start(struct share_service *s, const int fds[3])
{
	const int all[] = { -1, -1, STDERR_FILENO, fds[0], fds[1], fds[2] };

	s->server = child_fork(&(struct child_setup){ .flags = CHILD_ALONE,
						      .death_signal = SIGKILL,
						      .fds = all,
						      .fd_count = array_len(all),
						      .name = "lb-files" });
	if (s->server == 0) {
		descriptors_own(STREAM, READY);
		serve(s);
	}
	for (size_t i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return s->server < 0 ? s->server : 0;
}

/* --- when there is one -------------------------------------------------------------- */

static void leave(struct share_service *s)
{
	s->server = 0;
	fd_close(&s->ready);
	share_unmount(s->channel);
}

static void stop(struct share_service *s)
{
	if (s->server <= 0)
		return;
	kill(s->server, SIGKILL);
	leave(s);
}

/* An endpoint of ours that the server asks for the guest's files by. */
static int endpoint_make(struct share_service *s)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	router_add_endpoint(s->router, pair[0], getuid());
	return pair[1];
}

static int start(struct share_service *s)
{
	int fds[3] = { -1, share_mount(s->channel), -1 }, ready[2], r = fds[1];

	if (r >= 0)
		r = fds[0] = endpoint_make(s);
	if (r >= 0 && pipe2(ready, O_CLOEXEC) < 0)
		r = -errno;
	if (r < 0) {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return r;
	}
	fds[2] = ready[1];
	s->ready = ready[0];
	r = server_start(s, fds);
	if (r < 0)
		fd_close(&s->ready);
	return r;
}

static bool names_it(const char *name, const struct open *o)
{
	static const enum open_tag tags[] = { OPEN_TAG_ARG, OPEN_TAG_ENV };
	struct wire_str text;

	if (winname_is_of(o->program.at, name) || winname_is_of(o->cwd.at, name))
		return true;
	for (size_t i = 0; i < array_len(tags); i++)
		for (size_t pos = 0; open_next(o, tags[i], &pos, &text);)
			if (winname_mentions(text.at, name))
				return true;
	return false;
}

static void start_said(struct share_service *s)
{
	int r = start(s);

	if (r < 0 && !s->quiet)
		log_err(s->log, "unable to mount \\\\wsl.localhost\\%s: %s", s->name, strerror(-r));
	s->quiet |= r < 0;
}

struct job_share share_service_admit(struct share_service *s, const struct open *o)
{
	bool others = users_add(&s->users, o->uid);

	if (!s->name)
		return (struct job_share){ NULL, -1 };
	if (others)
		stop(s);
	if (others && s->users.several)
		log_warn(s->log,
			 "Windows programs have no \\\\wsl.localhost\\%s any more: several users "
			 "of the guest start some, and would have each other's files",
			 s->name);
	if (s->server <= 0 && !s->users.several && names_it(s->name, o))
		start_said(s);
	return (struct job_share){ s->name, s->ready };
}

static bool is_ready(const struct share_service *s)
{
	struct pollfd p = { .fd = s->ready, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

void share_service_reaped(struct share_service *s, pid_t pid)
{
	if (pid <= 0)
		return;
	if (pid == s->mounter) {
		stop(s);
		s->mounter = 0;
		s->name = NULL;
	} else if (pid == s->server) {
		s->quiet = !is_ready(s);
		leave(s);
	}
}

void share_service_end(struct share_service *s)
{
	stop(s);
	s->name = NULL;
	fd_close(&s->channel);
}
