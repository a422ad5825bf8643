/* runner.c: serves one stream: starts the program and joins it to the endpoint. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "interop/stream/channel/channel.h"
#include "interop/stream/posix/inlet.h"
#include "interop/stream/posix/outlet.h"
#include "lib/tree.h"
#include "interop/stream/posix/tty.h"
#include "interop/stream/serve.h"
#include "interop/stream/stream.h"
#include "lib/fd.h"
#include "lib/lib.h"
#include "lib/signals.h"

struct runner {
	struct loop loop;
	struct channel ch;
	struct serve serve;
	const struct runner_ops *ops;
	void *owner;
	struct job job;
	struct outlet in;    /* the program's stdin */
	struct inlet out[2]; /* its stdout and stderr; with a terminal that may be one */
	struct signals signals;
	struct watch report;
	struct timer timer, patience, silence;
};

/* --- what the machine does to the program --------------------------------------------- */

/* Whoever gets it closes it. */
static int ends_give(struct ends *ends, int which)
{
	int fd = ends->ours[which];

	ends->ours[which] = -1;
	return fd;
}

static int runner_open(struct runner *r, struct ends *ends)
{
	int error = 0;

	if (ends->ours[0] >= 0)
		error = outlet_open_own(&r->in, &r->loop, ends_give(ends, 0));
	if (error == 0)
		error = inlet_open_own(&r->out[0], &r->loop, ends_give(ends, 1));
	if (error == 0 && ends->ours[2] >= 0)
		error = inlet_open_own(&r->out[1], &r->loop, ends_give(ends, 2));
	if (error == 0 && r->job.report >= 0) {
		fd_set_nonblock(r->job.report);
		error = watch_add(&r->loop, &r->report, r->job.report, EPOLLIN | EPOLLET);
	}
	return error;
}

static void runner_started(struct runner *r)
{
	timer_stop(&r->loop, &r->silence);
	r->serve.pid = r->job.pid_shown ? r->job.pid_shown : (uint32_t)r->job.pid;
	r->serve.subsystem = r->job.subsystem;
	r->serve.stderr_is_loose = r->job.stderr_is_loose;
	serve_started(&r->serve);
}

static void silence_begins(struct runner *r)
{
	if (r->job.patience > 0)
		timer_start(&r->loop, &r->silence, r->job.patience);
}

static int runner_start(void *owner, const struct open *l, struct failed *why)
{
	static const char text[] = "unable to make pipes for the program";
	struct runner *r = owner;
	struct ends ends;
	struct child_setup child = { .flags = CHILD_SESSION, .fds = ends.theirs, .fd_count = 3 };
	int error = r->ops->ends && r->ops->ends(r->owner, l, &ends) ? 0 : ends_open(&ends, l);

	r->serve.childless = false;
	if (r->serve.shows)
		child.flags |= CHILD_TTY;
	why->os_error = (uint32_t)-error;
	why->text = (struct wire_str){ text, sizeof(text) - 1 };
	if (error == 0)
		error = r->ops->spawn(r->owner, l, &child, &r->job, why);
	if (error < 0)
		r->job = (struct job){ .pid = -1, .report = -1 };
	else if ((error = runner_open(r, &ends)) < 0)
		kill(r->job.pid, SIGKILL);
	ends_close(&ends);
	if (error == 0 && r->job.report < 0)
		runner_started(r);
	else if (error == 0)
		silence_begins(r);
	return error;
}

static void runner_signal(void *owner, int signal)
{
	struct runner *r = owner;
	pid_t group = r->job.pid;
	int patience = r->ops->signal ? r->ops->signal(r->owner, &r->job, signal) : 0;

	if (patience > 0 && !r->patience.armed)
		timer_start(&r->loop, &r->patience, patience);
	if (r->ops->signal)
		return;
	if (r->serve.shows && tcgetpgrp(r->in.fd) > 0)
		group = tcgetpgrp(r->in.fd);
	/* A child that was just started leads no group yet. */
	if (kill(-group, signal) < 0)
		kill(r->job.pid, signal);
}

static void runner_resize(void *owner, uint16_t rows, uint16_t cols)
{
	struct runner *r = owner;

	pty_resize(r->in.fd, rows, cols);
}

/* All that the program started; how many there were. */
static int rest_signal(const struct runner *r, int signal)
{
	enum { SPARED_MAX = 32 };
	pid_t spared[SPARED_MAX];
	size_t count = r->ops->spared ? r->ops->spared(spared, SPARED_MAX) : 0;

	return tree_signal_but(getpid(), signal, spared, count);
}

static void runner_stop(void *owner, bool with_kill)
{
	rest_signal(owner, with_kill ? SIGKILL : SIGHUP);
	if (!with_kill)
		rest_signal(owner, SIGCONT);
}

static void runner_timer(void *owner, int ms)
{
	struct runner *r = owner;

	if (ms < 0)
		timer_stop(&r->loop, &r->timer);
	else
		timer_start(&r->loop, &r->timer, ms);
}

static const struct process_ops runner_process = {
	.start = runner_start,
	.signal = runner_signal,
	.resize = runner_resize,
	.stop = runner_stop,
	.timer = runner_timer,
};

static void timer_fires(struct timer *timer)
{
	struct runner *r = container_of(timer, struct runner, timer);

	serve_timer(&r->serve);
	channel_pump(&r->ch);
}

static void patience_over(struct timer *timer)
{
	struct runner *r = container_of(timer, struct runner, patience);

	if (r->serve.said != SAID_LAST)
		r->ops->force(r->owner);
}

static void silence_over(struct timer *timer)
{
	struct runner *r = container_of(timer, struct runner, silence);

	if (r->serve.process == PROCESS_STARTING)
		r->ops->silent(r->owner, &r->job);
}

/* --- what the channel asks ------------------------------------------------------------ */

static int runner_frame(void *owner, const struct frame *f, const void *payload)
{
	struct runner *r = owner;

	return serve_frame(&r->serve, f, payload);
}

/* Whether the terminal whose master this is will make SIGINT of it. */
static bool is_interrupt(int master, const void *data, size_t len)
{
	struct termios t;

	return tcgetattr(master, &t) == 0 && (t.c_lflag & ISIG) && memchr(data, t.c_cc[VINTR], len);
}

static int runner_data(void *owner, int fd, const void *data, size_t len)
{
	struct runner *r = owner;

	if (r->ops->typed_interrupt && r->in.fd >= 0 && is_interrupt(r->in.fd, data, len))
		r->ops->typed_interrupt(r->owner);
	return serve_data(&r->serve, fd, data, len);
}

static void runner_fill(void *owner)
{
	struct runner *r = owner;

	serve_fill(&r->serve, &r->ch.port);
}

static void runner_settle(void *owner)
{
	struct runner *r = owner;

	if (r->serve.opener != OPENER_WAITS) {
		inlet_discards(&r->out[0]);
		inlet_discards(&r->out[1]);
	}
	if (serve_settle(&r->serve, channel_flushed(&r->ch)))
		r->loop.stop = true;
}

static void runner_gone(void *owner, int error)
{
	struct runner *r = owner;

	(void)error;
	serve_gone(&r->serve);
}

static const struct channel_ops runner_channel = {
	.frame = runner_frame,
	.data = runner_data,
	.fill = runner_fill,
	.settle = runner_settle,
	.gone = runner_gone,
};

/* --- what the program and its helper say ------------------------------------------------ */

static void runner_report(struct runner *r)
{
	struct failed why = { .code = WIRE_FAIL_NOT_RUN, .text = { "", 0 } };
	uint32_t code = 0;
	int what;

	while (r->job.report >= 0 && r->ops->report &&
	       (what = r->ops->report(r->owner, &r->job, &code, &why)) > 0) {
		if (what == 1)
			runner_started(r);
		else if (what == 2)
			serve_exited(&r->serve, WIRE_EXITED, code);
		else
			serve_failed(&r->serve, &why);
	}
}

static void report_ready(struct watch *watch, uint32_t events)
{
	struct runner *r = container_of(watch, struct runner, report);

	(void)events;
	runner_report(r);
	channel_pump(&r->ch);
}

static void job_ended(struct runner *r, int status)
{
	static const char text[] = "its starter ended before it could start";
	const struct failed why = { WIRE_FAIL_NOT_RUN, 0, { text, sizeof(text) - 1 } };

	runner_report(r);
	if (r->serve.process == PROCESS_STARTING && r->serve.opener == OPENER_WAITS &&
	    r->ops->again && r->ops->again(r->owner, &r->job)) {
		silence_begins(r);
		return;
	}
	runner_report(r);
	if (r->serve.process == PROCESS_STARTING)
		serve_failed(&r->serve, &why);
	else if (WIFSIGNALED(status))
		serve_exited(&r->serve, WIRE_SIGNALLED, (uint32_t)WTERMSIG(status));
	else
		serve_exited(&r->serve, WIRE_EXITED, (uint32_t)WEXITSTATUS(status));
}

static void runner_reap(struct runner *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == r->job.pid)
			job_ended(r, status);
	/* Who is spared may outlive us. */
	serve_reaped(&r->serve, pid < 0 || (r->ops->spared && r->serve.process == PROCESS_EXITED &&
					    rest_signal(r, 0) == 0));
}

static void runner_caught(struct signals *s, const struct signalfd_siginfo *info)
{
	struct runner *r = container_of(s, struct runner, signals);

	if (info->ssi_signo == SIGCHLD)
		runner_reap(r);
	else
		serve_told_to_end(&r->serve);
	channel_pump(&r->ch);
}

/* --- serving ---------------------------------------------------------------------------------- */

static void runner_init(struct runner *r, const struct runner_ops *ops, void *owner)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT };

	r->ops = ops;
	r->owner = owner;
	r->job.report = -1;
	r->loop.epoll = r->ch.watch.fd = -1;
	signals_init(&r->signals, runner_caught);
	for (size_t i = 0; i < array_len(signals); i++)
		signals_want(&r->signals, signals[i]);
	r->report = (struct watch){ .fd = -1, .ready = report_ready };
	r->timer.fire = timer_fires;
	r->patience.fire = patience_over;
	r->silence.fire = silence_over;
	outlet_init(&r->in, &r->ch, STDIN_FILENO);
	inlet_init(&r->out[0], &r->ch, STDOUT_FILENO);
	inlet_init(&r->out[1], &r->ch, STDERR_FILENO);
	r->serve = (struct serve){ .ops = &runner_process,
				   .owner = r,
				   .in = &r->in.sink,
				   .out = { &r->out[0].source, &r->out[1].source } };
}

static void runner_close(struct runner *r)
{
	inlet_close(&r->out[0]);
	inlet_close(&r->out[1]);
	outlet_close(&r->in);
	watch_remove(&r->report);
	fd_close(&r->job.report);
	channel_close(&r->ch);
	signals_give_back(&r->signals);
	loop_fini(&r->loop);
}

int runner_serve(int endpoint, const struct runner_ops *ops, void *owner)
{
	struct runner *r = calloc(1, sizeof(*r));
	int error;

	if (!r) {
		close(endpoint);
		return -ENOMEM;
	}
	runner_init(r, ops, owner);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fd_set_cloexec(endpoint, 1); /* one inherited over exec(2) is not */
	error = loop_init(&r->loop);
	if (error == 0)
		error = signals_take(&r->signals, &r->loop);
	if (error == 0)
		error = channel_open(&r->ch, &r->loop, endpoint, &runner_channel, r);
	if (error < 0)
		close(endpoint);
	else
		error = loop_run(&r->loop);
	runner_close(r);
	free(r);
	return error;
}
