/* job.c: runs one Windows program under Wine for one stream. */
#include "interop/host/job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "interop/host/start.h"
#include "lib/lib.h"

/* The owner of one stream. */
struct serving {
	const struct wine *wine;
	bool told;          /* the helper has said how it went, or cannot any more */
	char program[512];  /* for messages */
	struct fault fault; /* what *why's text points into */
};

static int failed_fill(struct failed *why, const struct fault *fault, uint32_t os_error)
{
	why->code = (uint32_t)fault->status;
	why->os_error = os_error;
	why->text.at = fault->text;
	why->text.len = strlen(fault->text);
	return -1;
}

/* Between fork and exec. */
static void helper_exec(const struct wine *wine, const int stdio[3], bool tty, int channel)
{
	char number[16], program[PATH_MAX], helper[PATH_MAX];
	char *argv[] = { program, helper, number, NULL };

	memcpy(program, wine->loader, sizeof(program));
	memcpy(helper, wine->helper, sizeof(helper));
	fmt(number, sizeof(number), "%d", channel);
	/* Wine complains when it is started outside its drives. */
	if (child_stdio(stdio, tty) == 0 && chdir(wine->c_dir) == 0 &&
	    fd_set_cloexec(channel, 0) == 0)
		execve(wine->loader, argv, wine->env.at);
	_exit(127);
}

/* Starts the helper; its end of the channel stays with it alone. */
static pid_t helper_start(const struct wine *wine, const int stdio[3], bool tty, int *channel)
{
	const struct timeval patience = { .tv_sec = 10 };
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	pid = fork();
	if (pid == 0)
		helper_exec(wine, stdio, tty, pair[1]);
	if (pid < 0)
		pid = -errno;
	close(pair[1]);
	if (pid < 0)
		fd_close(&pair[0]);
	*channel = pair[0];
	return pid;
}

static int job_start(struct serving *s, const struct launch *l, const int stdio[3], struct job *job)
{
	size_t size = l->fields_len * 2 + (1 << 17);
	struct writer w;
	void *buf = malloc(size);
	int r = -1;

	writer_init(&w, buf, size);
	if (!buf)
		fault_set(&s->fault, WIRE_FAIL_BRIDGE, "unable to run %s: no memory", s->program);
	else
		r = request_build(&w, l, &s->fault);
	if (r == 0) {
		job->pid = helper_start(s->wine, stdio, l->flags & LAUNCH_TTY, &job->report);
		if (job->pid < 0)
			r = fault_set(&s->fault, WIRE_FAIL_BRIDGE, "unable to start Wine: %s",
				      strerror(-job->pid));
		else
			/* When it is not taken the helper's end tells why. */
			(void)!send(job->report, w.base, w.used, MSG_NOSIGNAL);
	}
	free(buf);
	return r;
}

static int job_spawn(void *owner, const struct launch *l, const int stdio[3], struct job *job,
		     struct failed *why)
{
	struct serving *s = owner;

	fmt(s->program, sizeof(s->program), "%s", l->program.at ? l->program.at : "");
	if (!s->wine->runs)
		fault_set(&s->fault, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", s->program,
			  s->wine->whynot);
	else if (job_start(s, l, stdio, job) == 0)
		return 0;
	return failed_fill(why, &s->fault, 0);
}

/* The helper ended before it could say anything. */
static int job_silent(struct serving *s, struct failed *why)
{
	if (s->told)
		return 0;
	s->told = true;
	fault_set(&s->fault, WIRE_FAIL_BRIDGE,
		  "unable to run %s: Wine did not start the helper (try: WINEPREFIX=%s %s cmd.exe)",
		  s->program, s->wine->prefix, s->wine->loader);
	failed_fill(why, &s->fault, 0);
	return 3;
}

static int job_report(void *owner, struct job *job, uint32_t *code, struct failed *why)
{
	struct serving *s = owner;
	uint8_t message[START_REPORT];
	struct reader r;
	uint32_t kind, a, b;
	ssize_t n;

	n = recv(job->report, message, sizeof(message), MSG_PEEK | MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return job_silent(s, why);
	if (n < (ssize_t)sizeof(message))
		return 0;
	recv(job->report, message, sizeof(message), MSG_DONTWAIT);
	reader_init(&r, message, sizeof(message));
	kind = read_u32(&r);
	a = read_u32(&r);
	b = read_u32(&r);
	switch (kind) {
	case START_STARTED:
		s->told = true;
		job->pid_shown = a;
		job->subsystem = b;
		return 1;
	case START_EXITED:
		*code = a;
		return 2;
	default:
		s->told = true;
		start_error(a, s->program, &s->fault);
		failed_fill(why, &s->fault, a);
		return 3;
	}
}

/* Ctrl-C for every Windows process of the job: Wine makes it a console event.
 * All are our children (we are their subreaper); a console's own process
 * (conhost.exe) would die of it. */
static void interrupt_all(void)
{
	char path[64], name[32], children[4096], *at, *next;
	long pid;

	fmt(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	if (file_read(path, children, sizeof(children)) < 0)
		return;
	for (at = children; (pid = strtol(at, &next, 10)) > 0; at = next) {
		fmt(path, sizeof(path), "/proc/%ld/comm", pid);
		if (file_read(path, name, sizeof(name)) > 0 && strcmp(name, "conhost.exe\n") != 0)
			kill((pid_t)pid, SIGINT);
	}
}

/* The others end the helper, and with it, by its job object, the program.
 * Wine would take QUIT for a good end. */
static void job_signal(void *owner, const struct job *job, int signal)
{
	(void)owner;
	switch (signal) {
	case SIGINT:
		interrupt_all();
		break;
	case SIGQUIT:
		kill(-job->pid, SIGTERM);
		break;
	case SIGHUP:
	case SIGTERM:
	case SIGKILL:
		kill(-job->pid, signal);
		break;
	default:
		break; /* Windows has no others */
	}
}

int job_serve(int endpoint, const struct wine *wine)
{
	static const struct runner_ops ops = { job_spawn, job_report, job_signal };
	struct serving serving = { .wine = wine };

	return runner_serve(endpoint, &ops, &serving);
}
