/* agent.c: joins a guest's link to jobs under Wine and to local callers. */
#include "interop/host/posix/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interop/host/posix/job.h"
#include "interop/host/options.h"
#include "interop/link/link.h"
#include "lib/acceptor.h"
#include "lib/lib.h"

enum {
	JOBS_MAX = 256,     /* at once; more are refused */
	JOBS_END_MS = 4000, /* a job's own grace is 2 s */
	HOST_PATH_MAX = 16 * 1024,
};

struct agent {
	const struct agent_config *config;
	struct loop loop;
	struct router *router;
	struct watch control, signals;
	struct acceptor acceptor;
	struct timer patience;
	pid_t jobs[JOBS_MAX];
	size_t job_count;
	bool stopping;
	char path[HOST_PATH_MAX];
	char text[128]; /* what a refusal points into */
};

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

/* The runner's process: nothing of the agent but one endpoint. */
static void job_child(const struct agent *a, int endpoint)
{
	sigset_t none;

	prctl(PR_SET_NAME, "lb-job");
	dup2(endpoint, 3);
	close_range(4, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fd_set_cloexec(3, 1);
	_exit(job_serve(3, a->config->wine) < 0);
}

static int agent_accept(void *owner, const struct open *l, struct failed *why)
{
	struct agent *a = owner;
	int pair[2];
	pid_t pid;

	(void)l; /* the job looks at it: there a refusal costs nobody else time */
	if (a->stopping)
		return refuse(a, why, "the guest is powering off", 0);
	if (a->job_count == JOBS_MAX)
		return refuse(a, why, "256 are running already", 0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return refuse(a, why, strerror(errno), errno);
	pid = fork();
	if (pid == 0)
		job_child(a, pair[1]);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return refuse(a, why, strerror(errno), errno);
	}
	a->jobs[a->job_count++] = pid;
	return pair[0];
}

static void agent_state(void *owner, const struct hello *hello)
{
	struct agent *a = owner;

	agent_say(a, hello ? AGENT_UP : AGENT_DOWN);
	if (hello && a->stopping)
		router_send_shutdown(a->router); /* the link was down when it was asked for */
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

/* No session is left that could want a program: Wine may go meanwhile. */
static void begin_shutdown(struct agent *a)
{
	a->stopping = true;
	router_send_shutdown(a->router);
	wine_stop(a->config->wine);
}

static void control_ready(struct watch *watch, uint32_t events)
{
	struct agent *a = container_of(watch, struct agent, control);
	char byte;
	ssize_t n = recv(watch->fd, &byte, 1, MSG_DONTWAIT);

	(void)events;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		a->loop.stop = true;
	else if (n == 1 && byte == AGENT_SHUTDOWN)
		begin_shutdown(a);
}

/* What programs left behind are our children too, as their subreaper's. */
static void reap(struct agent *a)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (size_t i = 0; i < a->job_count; i++)
			if (a->jobs[i] == pid)
				a->jobs[i--] = a->jobs[--a->job_count];
}

static void signals_ready(struct watch *watch, uint32_t events)
{
	struct agent *a = container_of(watch, struct agent, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(watch->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(a);
		else
			a->loop.stop = true;
	}
	/* At the end only the jobs' ends are waited for. */
	if (!a->router && a->job_count == 0)
		a->loop.stop = true;
}

static void patience_over(struct timer *timer)
{
	container_of(timer, struct agent, patience)->loop.stop = true;
}

static int agent_watch(struct agent *a)
{
	const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t set;
	int fd, r;

	sigemptyset(&set);
	for (size_t i = 0; i < array_len(wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	a->signals.ready = signals_ready;
	a->acceptor.connected = agent_client;
	a->control.ready = control_ready;
	r = watch_add(&a->loop, &a->signals, fd, EPOLLIN);
	if (r == 0)
		r = acceptor_start(&a->acceptor, &a->loop, a->config->listener);
	if (r == 0 && a->config->control >= 0)
		r = watch_add(&a->loop, &a->control, a->config->control, EPOLLIN);
	return r;
}

/* What ends with Wine's server becomes ours to reap; others' server stays. */
static void reap_rest(void)
{
	const struct timespec patience = { .tv_nsec = 200 * 1000000 };
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0 || (pid == 0 && sigtimedwait(&set, NULL, &patience) == SIGCHLD));
}

/* Without a router every job's opener is gone, so each ends; wait for that. */
static void agent_end(struct agent *a)
{
	acceptor_stop(&a->acceptor);
	watch_remove(&a->control);
	router_destroy(a->router);
	a->router = NULL;
	reap(a);
	a->loop.stop = a->job_count == 0;
	a->patience.fire = patience_over;
	timer_start(&a->loop, &a->patience, JOBS_END_MS);
	loop_run(&a->loop);
	for (size_t i = 0; i < a->job_count; i++)
		kill(a->jobs[i], SIGKILL);
	wine_close(a->config->wine);
	reap_rest();
	unlink(a->config->socket);
}

int agent_serve(const struct agent_config *config)
{
	static const struct router_ops ops = { .accept = agent_accept, .state = agent_state };
	struct agent *a = calloc(1, sizeof(*a));
	struct dialer *dialer;

	if (!a || loop_init(&a->loop) < 0)
		return HOST_FAILED;
	a->config = config;
	a->control.fd = a->signals.fd = -1;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	wine_path(config->wine, a->path, sizeof(a->path));
	a->router = router_create(&a->loop, ROUTER_HOST, &ops, a, a->path);
	if (!a->router || agent_watch(a) < 0 ||
	    dialer_create(&dialer, &a->loop, ROUTER_HOST, config->link) < 0)
		return HOST_FAILED;
	router_dial(a->router, dialer);
	/* Wine's server must not be some job's child: jobs end with theirs. */
	wine_start(config->wine);
	loop_run(&a->loop);
	agent_end(a);
	loop_fini(&a->loop);
	free(a);
	return 0;
}

static int agent_command(const struct options *o, struct drives *drives, struct fault *why)
{
	struct agent_config config = { .link = &o->link, .socket = o->socket, .control = -1 };
	struct dirs dirs;
	struct wine wine;

	if (dirs_find(&dirs, why) < 0 || drives_check(drives, why) < 0 ||
	    wine_find(&wine, &dirs, drives, why) < 0 || wine_prepare(&wine, drives, why) < 0)
		return -1;
	config.wine = &wine;
	config.listener = unix_listen(o->socket, 0600, 16);
	if (config.listener < 0)
		return fault_set(why, HOST_FAILED, "unable to listen on %s: %s", o->socket,
				 strerror(-config.listener));
	return agent_serve(&config);
}

int agent_main(int argc, char **argv)
{
	struct fault why = { 0 };
	struct options o;
	int status;

	(void)argc;
	if (options_parse(&o, COMMAND_AGENT, argv, &why) < 0)
		return fault_print(&why);
	if (o.help) {
		fd_write_all(STDOUT_FILENO, options_help(COMMAND_AGENT),
			     strlen(options_help(COMMAND_AGENT)));
		return 0;
	}
	status = agent_command(&o, &o.drives, &why);
	return status < 0 ? fault_print(&why) : status;
}
