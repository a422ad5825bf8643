/* runner.c: serves one stream: starts the program and joins it to the endpoint. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/stream/channel.h"
#include "interop/stream/ends.h"
#include "interop/stream/inlet.h"
#include "interop/stream/outlet.h"
#include "interop/stream/stream.h"
#include "interop/stream/tree.h"
#include "interop/stream/tty.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/signals.h"

enum {
	IDLE_MS = 250,   /* output without a byte for so long is over */
	GRACE_MS = 2000, /* between HUP and KILL */
	BULK_PIPE = 256 * 1024,
	TEXT_MAX = 512,
};

struct runner {
	struct loop loop;
	struct channel ch;
	const struct runner_ops *ops;
	void *owner;
	struct job job;
	struct outlet in;    /* the program's stdin */
	struct inlet out[2]; /* its stdout and stderr */
	bool tty;            /* all three are one terminal; stderr is not used */
	bool detached;       /* the job outlives its stream */
	bool hello_due, pong_due, started_due, failed_due, exit_sent, failed_sent;
	bool started; /* STARTED was put */
	bool exited;  /* how and code are final */
	bool gone;    /* the opener went away ... */
	bool doomed;  /* ... and so will the job */
	bool killing; /* the grace is over */
	bool childless;
	bool bulk; /* stdin: CONSUMED is said only at the end */
	enum wire_exit how;
	uint32_t code;
	uint64_t consumed; /* what CONSUMED said last */
	struct hello peer;
	uint32_t fail_code, fail_error;
	char fail_text[TEXT_MAX];
	struct signals signals;
	struct watch report;
	struct timer idle, grace;
};

/* --- the end, the good one and the other -------------------------------------------- */

static void runner_fail(struct runner *r, const struct failed *why)
{
	r->failed_due = true;
	r->fail_code = why->code;
	r->fail_error = why->os_error;
	fmt(r->fail_text, sizeof(r->fail_text), "%.*s", (int)why->text.len, why->text.at);
}

static void fail_text(struct runner *r, uint32_t code, int error, const char *text)
{
	struct failed why = { .code = code,
			      .os_error = (uint32_t)-error,
			      .text = { text, strlen(text) } };

	runner_fail(r, &why);
}

static void runner_doom(struct runner *r)
{
	if (r->doomed)
		return;
	r->doomed = true;
	inlet_end(&r->out[0]); /* closing a terminal's master hangs it up, too */
	inlet_end(&r->out[1]);
	outlet_close(&r->in);
	tree_signal(getpid(), SIGHUP);
	tree_signal(getpid(), SIGCONT);
	timer_start(&r->loop, &r->grace, GRACE_MS);
}

/* The opener is gone: so must the job, unless it was to stay. */
static void runner_abort(struct runner *r, bool even_so)
{
	r->gone = r->ch.deaf = true;
	if (r->job.pid <= 0 || r->exit_sent || r->failed_sent)
		r->loop.stop = true;
	else if (even_so || !(r->detached || r->job.subsystem == WIRE_GUI))
		runner_doom(r);
	else if (!r->tty)
		outlet_finish(&r->in);
}

static void grace_over(struct timer *timer)
{
	struct runner *r = container_of(timer, struct runner, grace);

	r->killing = true;
	tree_signal(getpid(), SIGKILL);
}

/* Whether an output, drained and still held by descendants, may be cut off. */
static bool has_limit(const struct runner *r, int i)
{
	if (r->out[i].ended || r->out[i].ready)
		return false;
	if (r->tty || r->detached || r->job.subsystem == WIRE_GUI)
		return true;
	return i == 1 && r->job.stderr_is_loose && r->out[0].ended;
}

static void idle_over(struct timer *timer)
{
	struct runner *r = container_of(timer, struct runner, idle);

	for (int i = 0; i < 2; i++)
		if (has_limit(r, i))
			inlet_end(&r->out[i]);
	channel_pump(&r->ch);
}

/* After the program's own end: an output that is drained is over when nobody
 * is left who could write, and some are after a while without a byte. */
static void runner_wind_up(struct runner *r)
{
	for (int i = 0; i < 2; i++) {
		if (r->childless && !r->out[i].ready)
			inlet_end(&r->out[i]);
		else if (has_limit(r, i) && !r->idle.armed)
			timer_start(&r->loop, &r->idle, IDLE_MS);
	}
}

static void runner_exited(struct runner *r, enum wire_exit how, uint32_t code)
{
	if (r->exited)
		return;
	r->exited = true;
	r->how = how;
	r->code = code;
	/* What the program wrote may not have reached us as an event yet. */
	for (int i = 0; i < 2; i++)
		r->out[i].ready = !r->out[i].ended;
}

/* --- what the channel asks ------------------------------------------------------------ */

static void put_hello(struct runner *r)
{
	uint8_t bytes[256];
	struct writer w;
	struct hello hello = {
		.version_min = WIRE_VERSION,
		.version_max = WIRE_VERSION,
		.host_path = { "", 0 },
	};

	memcpy(hello.echo, r->peer.epoch, WIRE_EPOCH);
	if (getrandom(hello.epoch, WIRE_EPOCH, GRND_NONBLOCK) < 0)
		hello.epoch[0] = 1;
	writer_init(&w, bytes, sizeof(bytes));
	hello_encode(&w, &hello);
	r->hello_due = !channel_put(&r->ch, WIRE_HELLO, 0, bytes, w.used);
}

static void put_started(struct runner *r)
{
	uint8_t bytes[8];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	write_u32(&w, r->job.pid_shown ? r->job.pid_shown : (uint32_t)r->job.pid);
	write_u32(&w, r->job.subsystem);
	r->started = channel_put(&r->ch, WIRE_STARTED, 0, bytes, sizeof(bytes));
	r->started_due = !r->started;
}

static void put_failed(struct runner *r)
{
	uint8_t bytes[TEXT_MAX + 64];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	failed_encode(&w, r->fail_code, r->fail_error, r->fail_text);
	r->failed_sent = channel_put(&r->ch, WIRE_FAILED, 0, bytes, w.used);
	r->failed_due = !r->failed_sent;
}

/* The small pipe wakes us whenever the program has emptied it, so this is
 * exact while it matters; a program that took much gets a large pipe. */
static void put_consumed(struct runner *r)
{
	uint64_t taken;
	uint8_t bytes[8];
	struct writer w;

	if (r->tty || r->consumed == r->in.written || (r->bulk && !r->exited))
		return;
	taken = outlet_taken(&r->in);
	if (taken == r->consumed)
		return;
	writer_init(&w, bytes, sizeof(bytes));
	write_u64(&w, taken);
	if (channel_put(&r->ch, WIRE_CONSUMED, 0, bytes, sizeof(bytes)))
		r->consumed = taken;
	if (r->consumed >= INLET_DESTRUCTIVE && !r->bulk) {
		r->bulk = true;
		if (r->in.fd >= 0)
			fcntl(r->in.fd, F_SETPIPE_SZ, BULK_PIPE);
	}
}

static void put_exit(struct runner *r)
{
	if (!r->exited || r->exit_sent || !r->out[0].eof_sent || !r->out[1].eof_sent)
		return;
	put_consumed(r);
	r->exit_sent = channel_put_u32(&r->ch, WIRE_EXIT, (int)r->how, r->code);
}

static void runner_fill(void *owner)
{
	struct runner *r = owner;

	if (r->hello_due)
		put_hello(r);
	if (r->pong_due)
		r->pong_due = !channel_put(&r->ch, WIRE_PONG, 0, NULL, 0);
	if (r->failed_due)
		put_failed(r);
	if (r->started_due)
		put_started(r);
	if (!r->started || r->failed_sent || r->exit_sent)
		return;
	put_consumed(r);
	outlet_fill(&r->in);
	if (inlet_fill(&r->out[1]) || inlet_fill(&r->out[0])) {
		timer_stop(&r->loop, &r->idle);
		return;
	}
	if (r->exited)
		runner_wind_up(r);
	inlet_fill(&r->out[1]);
	inlet_fill(&r->out[0]);
	put_exit(r);
}

static bool runner_done(const struct runner *r)
{
	if (!r->gone)
		return (r->exit_sent || r->failed_sent) && channel_flushed(&r->ch);
	if (r->doomed || r->childless)
		return r->childless;
	return r->exited && r->out[0].ended && r->out[1].ended;
}

static void runner_settle(void *owner)
{
	struct runner *r = owner;

	if (r->in.ended && outlet_drained(&r->in) && !r->tty)
		outlet_finish(&r->in);
	if (r->gone) {
		inlet_discard(&r->out[0]);
		inlet_discard(&r->out[1]);
	}
	if (runner_done(r))
		r->loop.stop = true;
}

static void runner_gone(void *owner, int error)
{
	(void)error;
	runner_abort(owner, false);
}

/* --- starting the program --------------------------------------------------------------- */

static int runner_open(struct runner *r, struct ends *ends)
{
	int error = 0;

	if (ends->ours[0] >= 0)
		error = outlet_open_own(&r->in, &r->loop, ends_give(ends, 0));
	if (error == 0)
		error = inlet_open_own(&r->out[0], &r->loop, ends_give(ends, 1));
	if (error == 0 && !r->tty)
		error = inlet_open_own(&r->out[1], &r->loop, ends_give(ends, 2));
	if (error == 0 && r->job.report >= 0) {
		fd_set_nonblock(r->job.report);
		error = watch_add(&r->loop, &r->report, r->job.report, EPOLLIN | EPOLLET);
	}
	return error;
}

static void runner_launch(struct runner *r, const struct open *l)
{
	static const char text[] = "unable to make pipes for the program";
	struct failed why = { .code = WIRE_FAIL_BRIDGE, .text = { text, sizeof(text) - 1 } };
	struct ends ends;
	struct child_setup child = { .flags = CHILD_SESSION, .fds = ends.theirs, .fd_count = 3 };
	int error = ends_open(&ends, l);

	r->tty = l->flags & PROGRAM_TTY;
	if (r->tty)
		child.flags |= CHILD_TTY;
	r->detached = l->flags & PROGRAM_DETACH;
	why.os_error = (uint32_t)-error;
	if (error == 0)
		error = r->ops->spawn(r->owner, l, &child, &r->job, &why);
	if (error < 0)
		r->job = (struct job){ .pid = -1, .report = -1 };
	else if ((error = runner_open(r, &ends)) < 0)
		kill(r->job.pid, SIGKILL);
	ends_close(&ends);
	if (error < 0)
		runner_fail(r, &why);
	else
		r->started_due = r->job.report < 0;
}

static void runner_report(struct runner *r)
{
	struct failed why = { .code = WIRE_FAIL_NOT_RUN, .text = { "", 0 } };
	uint32_t code = 0;
	int what;

	while (r->job.report >= 0 && r->ops->report &&
	       (what = r->ops->report(r->owner, &r->job, &code, &why)) > 0) {
		if (what == 1)
			r->started_due = !r->started;
		else if (what == 2)
			runner_exited(r, WIRE_EXITED, code);
		else
			runner_fail(r, &why);
	}
}

static void report_ready(struct watch *watch, uint32_t events)
{
	struct runner *r = container_of(watch, struct runner, report);

	(void)events;
	runner_report(r);
	channel_pump(&r->ch);
}

/* --- frames ------------------------------------------------------------------------------- */

static int on_hello(struct runner *r, const void *payload, size_t len)
{
	if (hello_decode(&r->peer, payload, len) < 0)
		return -EPROTO;
	r->peer.host_path = (struct wire_str){ "", 0 }; /* it does not outlive the frame */
	r->hello_due = true;
	if (r->peer.version_min > WIRE_VERSION || r->peer.version_max < WIRE_VERSION)
		fail_text(r, WIRE_FAIL_BRIDGE, 0,
			  "the two sides have no version of the protocol in common");
	return 0;
}

static int on_launch(struct runner *r, const void *payload, size_t len)
{
	struct open l;

	if (r->job.pid != 0 || open_decode(&l, payload, len) < 0)
		return -EPROTO;
	if (!r->failed_due)
		runner_launch(r, &l);
	return 0;
}

static int on_signal(struct runner *r, struct reader *reader)
{
	uint32_t signal = read_u32(reader);
	pid_t group = r->job.pid;

	if (reader->bad || signal < 1 || signal > 31)
		return -EPROTO;
	if (r->job.pid <= 0 || r->exited)
		return 0;
	if (r->ops->signal) {
		r->ops->signal(r->owner, &r->job, (int)signal);
		return 0;
	}
	if (r->tty && tcgetpgrp(r->in.fd) > 0)
		group = tcgetpgrp(r->in.fd);
	/* A child that was just forked leads no group yet. */
	if (kill(-group, (int)signal) < 0)
		kill(r->job.pid, (int)signal);
	return 0;
}

static int on_winsz(struct runner *r, struct reader *reader)
{
	uint16_t rows = read_u16(reader);
	uint16_t cols = read_u16(reader);

	if (reader->bad)
		return -EPROTO;
	if (r->tty && r->in.fd >= 0)
		pty_resize(r->in.fd, rows, cols);
	return 0;
}

static int on_output(struct runner *r, const struct frame *f, struct reader *reader)
{
	struct inlet *out = &r->out[f->flags - 1];
	uint32_t bytes;

	if (f->type == WIRE_CLOSED) {
		if (r->tty) /* nobody sees the terminal any more */
			runner_abort(r, false);
		else
			inlet_end(out);
		return 0;
	}
	bytes = read_u32(reader);
	return reader->bad ? -EPROTO : inlet_grant(out, bytes);
}

static int runner_frame(void *owner, const struct frame *f, const void *payload)
{
	struct runner *r = owner;
	struct reader reader;

	reader_init(&reader, payload, f->length);
	switch (f->type) {
	case WIRE_HELLO:
		return on_hello(r, payload, f->length);
	case WIRE_PING:
		r->pong_due = true;
		return 0;
	case WIRE_PONG:
		return 0;
	case WIRE_OPEN:
		return on_launch(r, payload, f->length);
	case WIRE_EOF:
		return f->flags == 0 ? outlet_end(&r->in) : -EPROTO;
	case WIRE_CLOSED:
	case WIRE_CREDIT_ADD:
		return f->flags == 1 || f->flags == 2 ? on_output(r, f, &reader) : -EPROTO;
	case WIRE_WINSZ:
		return on_winsz(r, &reader);
	case WIRE_SIGNAL:
		return on_signal(r, &reader);
	case WIRE_ABORT:
		runner_abort(r, false);
		return 0;
	default:
		return -EPROTO;
	}
}

static int runner_data(void *owner, int fd, const void *data, size_t len)
{
	struct runner *r = owner;

	return fd == STDIN_FILENO ? outlet_put(&r->in, data, len) : -EPROTO;
}

static const struct channel_ops runner_channel = {
	.frame = runner_frame,
	.data = runner_data,
	.fill = runner_fill,
	.settle = runner_settle,
	.gone = runner_gone,
};

/* --- children ------------------------------------------------------------------------------- */

static void job_ended(struct runner *r, int status)
{
	runner_report(r);
	if (r->job.report >= 0 && !r->started && !r->started_due && !r->failed_due)
		fail_text(r, WIRE_FAIL_NOT_RUN, 0, "its starter ended before it could start");
	else if (WIFSIGNALED(status))
		runner_exited(r, WIRE_SIGNALLED, (uint32_t)WTERMSIG(status));
	else
		runner_exited(r, WIRE_EXITED, (uint32_t)WEXITSTATUS(status));
}

static void runner_reap(struct runner *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == r->job.pid)
			job_ended(r, status);
	r->childless = pid < 0;
	/* Again, for those who were being made when we looked. */
	if (r->doomed && !r->childless)
		tree_signal(getpid(), r->killing ? SIGKILL : SIGHUP);
}

static void runner_caught(struct signals *s, const struct signalfd_siginfo *info)
{
	struct runner *r = container_of(s, struct runner, signals);

	if (info->ssi_signo == SIGCHLD)
		runner_reap(r);
	else
		runner_abort(r, true);
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
	r->idle.fire = idle_over;
	r->grace.fire = grace_over;
	outlet_init(&r->in, &r->ch, STDIN_FILENO);
	inlet_init(&r->out[0], &r->ch, STDOUT_FILENO);
	inlet_init(&r->out[1], &r->ch, STDERR_FILENO);
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
