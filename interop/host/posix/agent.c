/* agent.c: joins a guest's link to jobs under Wine and to local callers. */
#include "interop/host/posix/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/policy.h"
#include "interop/host/posix/about.h"
#include "interop/host/posix/clock.h"
#include "interop/host/posix/drive_changes.h"
#include "interop/host/posix/drive_service.h"
#include "interop/host/posix/guest_ports.h"
#include "interop/host/posix/hold.h"
#include "interop/host/posix/jobs.h"
#include "interop/host/posix/ration.h"
#include "interop/host/posix/share_service.h"
#include "interop/host/posix/wall.h"
#include "interop/host/refused.h"
#include "interop/host/time.h"
#include "interop/link/link.h"
#include "lib/acceptor.h"
#include "lib/lib.h"
#include "lib/signals.h"
#include "lib/tree.h"

enum {
	JOBS_END_MS = 4000,        /* a job's own grace is 2 s */
	LOST_MS = 1000,            /* less than the guest waits for an answer */
	HOST_PATH_MAX = 32 * 1024, /* Windows has no longer variable */
};

struct agent {
	const struct agent_config *config;
	struct log log;
	struct loop loop;
	struct router *router;
	struct watch control;
	struct clock clock;
	struct signals signals;
	struct acceptor acceptor;
	struct timer patience;
	int outside; /* of the group of its programs (cgroup.h); or negative errno */
	struct jobs jobs;
	struct drive_service drives;
	struct share_service share;
	struct audit audit;
	struct guest_ports ports;
	struct drive_changes changes;
	bool stopping;
	int link_dir,
		socket_dir; /* where its link and its socket are: after the wall no path leads there */
	struct stat socket; /* the one that is ours to remove */
	char path[HOST_PATH_MAX];
	char text[WIRE_FAILED_MAX]; /* what a refusal points into */
};

static const struct log agent_log = { .fd = STDERR_FILENO,
				      .who = "landbridge",
				      .max = LOG_LEVEL_NOTE };

static void agent_say(struct agent *a, enum agent_word word)
{
	char byte = (char)word;

	if (a->config->control >= 0)
		(void)!send(a->config->control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- what the router asks ------------------------------------------------- */

static int refuse(struct agent *a, struct failed *why, const char *what, int error)
{
	why->code = WIRE_FAIL_BRIDGE;
	why->os_error = (uint32_t)error;
	why->text.len =
		fmt(a->text, sizeof(a->text), "unable to start a program on the host: %s", what);
	why->text.at = a->text;
	return -1;
}

static int drive_accept(struct agent *a, char letter, struct failed *why)
{
	int fd = drive_service_open(&a->drives, letter);

	if (fd >= 0)
		return fd;
	why->code = WIRE_FAIL_BRIDGE;
	why->os_error = (uint32_t)-fd;
	why->text.len = fmt(a->text, sizeof(a->text), "unable to serve drive %c: on the host: %s",
			    letter, strerror(-fd));
	why->text.at = a->text;
	return -1;
}

/* Who reached our socket is who started us: it may ask for all that the guest
 * serves. */
static int agent_permit(void *owner, const struct open *o, struct failed *why)
{
	(void)owner;
	(void)o;
	(void)why;
	return 0;
}

/* Which program it is, the job looks at: there a refusal costs nobody else time. */
static int job_accept(struct agent *a, const struct open *o, struct failed *why)
{
	const char *refusal =
		policy_job_refuse(a->config->rules, a->jobs.users, a->jobs.count, o->uid);
	struct job_share share;
	int end;

	if (a->stopping)
		return refuse(a, why, "the guest is powering off", 0);
	if (refusal)
		return refuse(a, why, refusal, 0);
	if (wine_is_full(a->config->wine))
		return refuse(a, why, "there is no room left for Wine's files", ENOSPC);
	share = share_service_admit(&a->share, o);
	end = jobs_start(&a->jobs, o, &share);
	return end < 0 ? refuse(a, why, strerror(-end), -end) : end;
}

static int port_accept(struct agent *a, const struct open *o, struct failed *why)
{
	uint32_t port = policy_port(o, a->config->rules, a->text, why);
	int fd;

	if (!port)
		return -EACCES;
	fd = guest_port_open(&a->ports, port);
	if (fd >= 0)
		return fd;
	why->code = WIRE_FAIL_BRIDGE;
	why->os_error = (uint32_t)-fd;
	why->text.len = fmt(a->text, sizeof(a->text), "the host is unable to listen there: %s",
			    strerror(-fd));
	why->text.at = a->text;
	return fd;
}

static int agent_accept(void *owner, const struct open *o, struct failed *why)
{
	struct agent *a = owner;

	if (o->kind == OPEN_LISTEN && a->config->ports)
		return port_accept(a, o, why);
	if (policy_guest_may(o, drives_letters(a->config->drives), a->text, sizeof(a->text), why) <
	    0)
		return -EACCES;
	if (policy_is_about(o))
		return about_open(a->config, why);
	return o->kind == OPEN_BYTES ? drive_accept(a, policy_drive(o), why)
				     : job_accept(a, o, why);
}

static void agent_state(void *owner, const struct hello *hello)
{
	struct agent *a = owner;

	if (hello)
		drive_service_compare(&a->log, a->config->drives, hello);
	agent_say(a, hello ? AGENT_UP : AGENT_DOWN);
	if (hello && a->stopping)
		router_send_shutdown(a->router); /* the link was down when it was asked for */
}

static void agent_refused(void *owner, const char *who, int error)
{
	refused_say(&((const struct agent *)owner)->log, who, error);
}

/* --- what else happens ------------------------------------------------------ */

static void agent_client(struct acceptor *acceptor, int fd)
{
	struct agent *a = container_of(acceptor, struct agent, acceptor);
	struct peer peer;

	/* The socket's mode keeps others out already; root may come in anyway. */
	if (unix_peer(fd, &peer) < 0 || (peer.uid != getuid() && peer.uid != 0))
		close(fd);
	else
		router_add_endpoint(a->router, fd, peer.uid);
}

static void agent_crowded(struct acceptor *acceptor, int error)
{
	const struct agent *a = container_of(acceptor, struct agent, acceptor);

	log_err(&a->log, "unable to accept a caller: %s (goes on when there is room)",
		strerror(error));
}

/* No session is left that could want a program: Wine may go meanwhile. */
static void begin_shutdown(struct agent *a)
{
	a->stopping = true;
	router_send_shutdown(a->router);
	jobs_close(&a->jobs);
	share_service_end(&a->share); /* Wine's server could wait for the guest there */
	wine_stop(a->config->wine);
}

static void announce(struct agent *a)
{
	const struct drives *drives = a->config->drives;

	router_announce(a->router,
			&(struct hello){ .drives = drives_letters(drives),
					 .read_only = drives_read_only(drives),
					 .features = a->config->ports ? HELLO_PORTS : 0 });
}

static void drive_said(struct agent *a, const struct agent_drive *said)
{
	drive_changes_take(&a->changes, said);
	jobs_renew(&a->jobs);
	announce(a);
}

static void control_ready(struct watch *watch, uint32_t events)
{
	struct agent *a = container_of(watch, struct agent, control);
	struct agent_drive said;
	ssize_t n = recv(watch->fd, &said, sizeof(said), MSG_DONTWAIT);

	(void)events;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		a->loop.stop = true;
	else if (n == 1 && said.word == AGENT_SHUTDOWN)
		begin_shutdown(a);
	else if (n == sizeof(said) && said.word == AGENT_DRIVE)
		drive_said(a, &said);
}

/* Whether one ends within that time; the signal is held for that. */
static bool child_awaited(int ms)
{
	const struct timespec patience = { .tv_nsec = ms * 1000000L };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return sigtimedwait(&set, NULL, &patience) == SIGCHLD;
}

/* Whether there is a child that has ended, not reaped yet. */
static bool next_ended(siginfo_t *ended)
{
	*ended = (siginfo_t){ 0 };
	return waitid(P_ALL, 0, ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended->si_pid > 0;
}

static void reap_one(struct agent *a, pid_t pid)
{
	wine_reaped(a->config->wine, pid);
	drive_changes_reaped(&a->changes, pid);
	waitpid(pid, NULL, WNOHANG);
	drive_service_reaped(&a->drives, pid);
	guest_ports_reaped(&a->ports, pid);
	share_service_reaped(&a->share, pid);
	jobs_reaped(&a->jobs, pid);
}

/* All of Wine; how many were left of it. */
static int wine_kill(const struct agent *a)
{
	pid_t ours[2 + DRIVE_SERVERS_MAX + GUEST_CALLERS_MAX] = { a->share.mounter,
								  a->share.server };
	size_t drives = a->drives.count, callers = a->ports.caller_count;

	memcpy(ours + 2, a->drives.servers, drives * sizeof(ours[0]));
	memcpy(ours + 2 + drives, a->ports.callers, callers * sizeof(ours[0]));
	return tree_signal_but(getpid(), SIGKILL, ours, 2 + drives + callers);
}

/* Its programs are of no use without it, and some would stay for ever. Another that starts
 * already may escape, without the wineboot.exe that its programs wait for: so again. What
 * does not go in that time is in the kernel, in whose file system of ours we are needed. */
static void server_lost(struct agent *a, siginfo_t *ended)
{
	const int64_t end = loop_now() + LOST_MS;

	log_err(&a->log,
		"Wine's server has ended (%s %d), and all its programs with it (it is started again for the next one)",
		ended->si_code == CLD_EXITED ? "status" : "signal", ended->si_status);
	while (wine_kill(a) > 0 && loop_now() < end) {
		child_awaited(50);
		while (next_ended(ended))
			reap_one(a, ended->si_pid);
	}
}

/* What programs left behind are our children too, as their subreaper's. */
static void reap(struct agent *a)
{
	siginfo_t ended;

	while (next_ended(&ended)) {
		bool lost = wine_is_lost(a->config->wine, &ended);

		reap_one(a, ended.si_pid);
		if (lost && !a->stopping && a->router)
			server_lost(a, &ended);
	}
}

/* Whether a stream's process is left. */
static bool serves_any(const struct agent *a)
{
	return a->jobs.count > 0 || a->drives.count > 0;
}

static void signal_caught(struct signals *signals, const struct signalfd_siginfo *info)
{
	struct agent *a = container_of(signals, struct agent, signals);

	if (info->ssi_signo == SIGCHLD)
		reap(a);
	else
		a->loop.stop = true;
	/* At the end only their ends are waited for. */
	if (!a->router && !serves_any(a))
		a->loop.stop = true;
}

static void patience_over(struct timer *timer)
{
	container_of(timer, struct agent, patience)->loop.stop = true;
}

static int agent_watch(struct agent *a)
{
	const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	int r;

	signals_init(&a->signals, signal_caught);
	for (size_t i = 0; i < array_len(wanted); i++)
		signals_want(&a->signals, wanted[i]);
	a->acceptor.connected = agent_client;
	a->acceptor.failed = agent_crowded;
	a->control.ready = control_ready;
	r = signals_take(&a->signals, &a->loop);
	if (r == 0)
		r = acceptor_start(&a->acceptor, &a->loop, a->config->listener);
	if (r == 0 && a->config->control >= 0)
		r = watch_add(&a->loop, &a->control, a->config->control, EPOLLIN);
	return r == 0 ? clock_begin(&a->clock, &a->loop, a->router) : r;
}

/* What ends with Wine's server becomes ours to reap. What does not end so is
 * made to; `all`: unless another agent uses the server, which is one of them. */
static void end_rest(bool all)
{
	int tries = 20;
	pid_t pid;

	do {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid == 0 && child_awaited(200))
			pid = 1;
		if (pid == 0 && all && tree_signal(getpid(), SIGKILL) > 0 && tries-- > 0)
			pid = 1;
	} while (pid > 0);
}

/* Unless another has taken its place since. */
static void socket_remove(const struct agent *a)
{
	const char *name = path_base(a->config->socket);
	struct stat there;

	if (fstatat(a->socket_dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    there.st_ino == a->socket.st_ino && there.st_dev == a->socket.st_dev)
		unlinkat(a->socket_dir, name, 0);
}

/* Without a router every stream's opener is gone, so each ends; wait for that. */
static void agent_end(struct agent *a)
{
	acceptor_stop(&a->acceptor);
	watch_remove(&a->control);
	clock_end(&a->clock);
	guest_ports_close(&a->ports);
	jobs_close(&a->jobs);
	share_service_end(&a->share);
	router_destroy(a->router);
	a->router = NULL;
	reap(a);
	a->loop.stop = !serves_any(a);
	a->patience.fire = patience_over;
	timer_start(&a->loop, &a->patience, JOBS_END_MS);
	loop_run(&a->loop);
	for (size_t i = 0; i < a->jobs.count; i++)
		kill(a->jobs.pids[i], SIGKILL);
	drive_service_kill(&a->drives);
	end_rest(wine_close(a->config->wine));
	socket_remove(a);
}

/* One who has the namespace may put drives there, where no other machine has them, too. */
static void agent_say_space(const struct agent *a)
{
	const struct wine *wine = a->config->wine;
	const char word = AGENT_SPACE;
	int fd = a->config->control < 0 || (wine->runs && !wine->layer[0])
			 ? -1
			 : open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!fd_send(a->config->control, fd, &word, 1);
	fd_close(&fd);
}

static int agent_enclose(struct agent *a, struct wall_state *state, const char **step)
{
	const struct agent_config *config = a->config;
	const struct wall wall = { .wine = config->wine,
				   .drives = config->drives,
				   .socket_dir = a->socket_dir,
				   .apart = config->apart,
				   .memory = rules_memory_each(config->rules),
				   .share = { config->wine->prefix, config->share } };
	int error;

	/* All of Wine is in it, as this process is; the drives' servers leave it. */
	a->outside = config->wine->runs ? ration_take(config->rules, config->group, config->apart)
					: -ENOENT;
	error = wall_raise(&wall, state);

	*step = "keep Windows programs to their drives";
	if (error)
		return error;
	*step = "keep Windows programs from what is read-only";
	if (!wall_keeps(state) && config->no_sandbox && drives_read_only(config->drives))
		return state->rights;
	share_service_begin(&a->share, &wall, state, &a->log);
	if (state->places == 0)
		agent_say_space(a);
	return 0;
}

/* What is open where the kernel cannot do all of it is said, or nothing runs. */
static void agent_face_gap(struct agent *a, const struct wall_state *state)
{
	const struct agent_config *config = a->config;
	char gap[WALL_GAP_MAX];
	bool open = config->wine->runs && wall_gap(state, gap, sizeof(gap)) > 0;

	if (open && !wall_is_sandbox(state) && !config->no_sandbox)
		wine_refuse(config->wine, gap);
	if (!config->wine->runs)
		return;
	if (open)
		log_warn(&a->log, "%s", gap);
	if (ration_gap(config->rules, a->outside, gap, sizeof(gap)) > 0)
		log_warn(&a->log, "%s", gap);
}

/* A beginning that fails is said; *why: which part of it. */
static int agent_begin(struct agent *a, const char **step)
{
	static const struct router_ops ops = { .accept = agent_accept,
					       .permit = agent_permit,
					       .state = agent_state,
					       .now = host_time,
					       .refused = agent_refused };
	const struct agent_config *config = a->config;
	struct wall_state state;
	struct dialer *dialer;
	struct address link;
	int error;

	a->socket_dir = dir_hold(config->socket);
	lstat(config->socket, &a->socket);
	*step = "write its audit.log";
	error = config->rules->log ? audit_open(&a->audit, config->home) : 0;
	if (error)
		return error;
	*step = "wait for events";
	error = loop_init(&a->loop);
	if (error)
		return error;
	*step = "serve the link";
	error = config->link ? address_parse(&link, config->link) : 0;
	if (!error && config->link)
		error = link_hold(&a->link_dir, &link);
	if (!error)
		error = agent_enclose(a, &state, step);
	if (error)
		return error;
	/* What programs changed is looked at as they see it. */
	if (wine_path(config->wine, config->drives, a->path, sizeof(a->path)) < 0)
		log_note(&a->log,
			 "the Windows PATH is longer than %d bytes: the guest gets the "
			 "directories that fit",
			 (int)sizeof(a->path));
	agent_face_gap(a, &state);
	*step = "serve the link";
	a->router = router_create(&a->loop, ROUTER_HOST, &ops, a, a->path);
	if (!a->router)
		return -ENOMEM;
	jobs_init(&a->jobs, &a->loop, config->wine,
		  &(struct job_host){
			  .drives = config->drives, .rules = config->rules, .audit = a->audit });
	a->ports = (struct guest_ports){ .loop = &a->loop, .router = a->router, .log = &a->log };
	a->share.router = a->router;
	announce(a);
	error = config->link ? dialer_of_host(&dialer, &a->loop, &link, config->key)
			     : dialer_of_socket(&dialer, &a->loop, config->door, &config->at,
						config->key);
	if (config->key)
		key_forget(config->key);
	if (error)
		return error;
	router_dial(a->router, dialer);
	*step = "serve its socket";
	error = agent_watch(a);
	if (error)
		return error;
	drive_service_begin(&a->drives, config->drives, wine_c_is_ours(config->wine) ? 'C' : '\0',
			    a->outside);
	a->changes = (struct drive_changes){ .loop = &a->loop,
					     .drives = config->drives,
					     .service = &a->drives,
					     .wine = config->wine,
					     .control = config->control };
	error = config->wine_ahead ? wine_start(config->wine) : 0;
	if (error)
		log_err(&a->log, "unable to start Wine ahead: %s (its first program does)",
			strerror(-error));
	return 0;
}

int agent_serve(const struct agent_config *config)
{
	struct agent *a = calloc(1, sizeof(*a));
	const char *step = "start";
	int error = a ? 0 : -ENOMEM;

	if (a) {
		a->log = agent_log;
		a->log.polls = config->control >= 0; /* the machine reads it, or nobody does */
		a->config = config;
		a->control.fd = -1;
		a->audit = (struct audit){ -1, -1 };
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		error = agent_begin(a, &step);
	}
	if (error) {
		log_err(&agent_log, "unable to %s: %s", step, link_why(error));
		return HOST_FAILED;
	}
	loop_run(&a->loop);
	agent_end(a);
	loop_fini(&a->loop);
	free(a);
	return 0;
}
