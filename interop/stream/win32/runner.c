/* runner.c: serves one stream: starts the program and joins it to the endpoint. */
#include <errno.h>
#include <stdlib.h>

#include "interop/stream/serve.h"
#include "interop/stream/win32/inlet.h"
#include "interop/stream/win32/outlet.h"
#include "interop/stream/win32/pipes.h"
#include "interop/stream/win32/win32.h"
#include "lib/fd.h"
#include "lib/macros.h"

/* Linux's numbers of the signals that end a program. */
enum {
	LINUX_HUP = 1,
	LINUX_INT = 2,
	LINUX_QUIT = 3,
	LINUX_KILL = 9,
	LINUX_TERM = 15,
};

struct runner {
	struct loop loop;
	struct channel ch;
	struct serve serve;
	const struct starter *starter;
	void *owner;
	struct started started;
	bool ended;          /* the process has */
	int signal;          /* by which it was told to; 0: it was not */
	struct outlet in;    /* the program's stdin */
	struct inlet out[2]; /* its stdout and stderr */
	struct handle_watch process;
	struct timer timer;
};

/* --- what the machine does to the program --------------------------------------------- */

static int runner_open(struct runner *r, struct pipes *p)
{
	int error = 0;

	if (p->ours[0])
		error = outlet_open(&r->in, &r->loop, pipes_give(&p->ours[0]),
				    pipes_give(&p->theirs[0]));
	if (!error)
		error = inlet_open(&r->out[0], &r->loop, pipes_give(&p->ours[1]));
	if (!error)
		error = inlet_open(&r->out[1], &r->loop, pipes_give(&p->ours[2]));
	return error ? error : handle_watch_add(&r->loop, &r->process, r->started.process);
}

static int runner_start(void *owner, const struct open *l, struct failed *why)
{
	static const char text[] = "unable to make pipes for the program";
	struct runner *r = owner;
	struct pipes pipes;
	int error = pipes_open(&pipes, l);

	why->text = (struct wire_str){ text, sizeof(text) - 1 };
	if (!error)
		error = r->starter->start(r->owner, l, pipes.theirs, &r->started, why);
	if (!error) {
		error = runner_open(r, &pipes);
		if (error)
			TerminateJobObject(r->started.job, 1);
	}
	pipes_close(&pipes);
	if (error)
		return error;
	r->serve.pid = r->started.pid;
	r->serve.subsystem = r->started.subsystem;
	serve_started(&r->serve);
	return 0;
}

/* Its end comes as an event. */
static void runner_signal(void *owner, int signal)
{
	struct runner *r = owner;

	switch (signal) {
	case LINUX_HUP:
	case LINUX_INT:
	case LINUX_QUIT:
	case LINUX_KILL:
	case LINUX_TERM:
		r->signal = signal;
		TerminateJobObject(r->started.job, STATUS_CONTROL_C_EXIT);
		break;
	default:
		break; /* Windows has no others */
	}
}

static void runner_resize(void *owner, uint16_t rows, uint16_t cols)
{
	(void)owner;
	(void)rows;
	(void)cols;
}

/* Nothing of a job outlives this. */
static void runner_stop(void *owner, bool kill)
{
	struct runner *r = owner;

	(void)kill;
	TerminateJobObject(r->started.job, STATUS_CONTROL_C_EXIT);
	serve_reaped(&r->serve, true);
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

static void process_ended(struct handle_watch *watch)
{
	struct runner *r = container_of(watch, struct runner, process);
	DWORD code = 0;

	handle_watch_remove(watch);
	GetExitCodeProcess(r->started.process, &code);
	r->ended = true;
	if (r->signal && r->signal != LINUX_INT)
		serve_exited(&r->serve, WIRE_SIGNALLED, (uint32_t)r->signal);
	else
		serve_exited(&r->serve, WIRE_EXITED, code);
	r->starter->ended(r->owner, &r->started, code);
	channel_pump(&r->ch);
}

/* --- what the channel asks ------------------------------------------------------------ */

static int runner_frame(void *owner, const struct frame *f, const void *payload)
{
	struct runner *r = owner;

	return serve_frame(&r->serve, f, payload);
}

static int runner_data(void *owner, int fd, const void *data, size_t len)
{
	struct runner *r = owner;

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

/* --- serving ---------------------------------------------------------------------------- */

static void runner_init(struct runner *r, const struct starter *starter, void *owner)
{
	r->starter = starter;
	r->owner = owner;
	r->ch.watch.fd = -1;
	r->process.ready = process_ended;
	r->timer.fire = timer_fires;
	outlet_init(&r->in, &r->ch, 0, &r->ended);
	inlet_init(&r->out[0], &r->ch, 1);
	inlet_init(&r->out[1], &r->ch, 2);
	r->serve = (struct serve){ .ops = &runner_process,
				   .owner = r,
				   .in = &r->in.sink,
				   .out = { &r->out[0].source, &r->out[1].source } };
}

static void runner_close(struct runner *r)
{
	handle_watch_remove(&r->process);
	inlet_close(&r->out[0]);
	inlet_close(&r->out[1]);
	outlet_close(&r->in);
	channel_close(&r->ch);
	loop_fini(&r->loop);
	if (r->started.process)
		CloseHandle(r->started.process);
	if (r->started.job)
		CloseHandle(r->started.job);
}

int runner_serve(int endpoint, const struct starter *starter, void *owner)
{
	struct runner *r = calloc(1, sizeof(*r));
	int error = r ? 0 : -ENOMEM;

	if (r)
		runner_init(r, starter, owner);
	if (!error)
		error = loop_init(&r->loop);
	if (!error)
		error = channel_open(&r->ch, &r->loop, endpoint, &runner_channel, r);
	if (error)
		fd_close(&endpoint);
	else
		error = loop_run(&r->loop);
	if (r)
		runner_close(r);
	free(r);
	return error;
}
