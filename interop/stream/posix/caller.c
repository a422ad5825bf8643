/* caller.c: asks for a program and joins it to our descriptors 0, 1, 2. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "interop/stream/call.h"
#include "interop/stream/channel/channel.h"
#include "interop/stream/posix/inlet.h"
#include "interop/stream/posix/outlet.h"
#include "interop/stream/stream.h"
#include "interop/stream/posix/tty.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/signals.h"

/* How long output may still drain when the other side is gone. */
enum { LINGER_MS = 1000 };

struct caller {
	struct loop loop;
	struct channel ch;
	struct inlet in;
	struct outlet out[2]; /* stdout, stderr */
	struct signals signals;
	struct timer linger;
	struct tty tty;
	struct call call;
	const void *launch;
	size_t open_len;
	bool winsz_due;
};

/* --- what the channel asks ------------------------------------------------------ */

static void put_launch(struct caller *c)
{
	channel_hello(&c->ch);
	channel_launch(&c->ch, c->launch, c->open_len);
	call_asked(&c->call);
}

static void put_winsz(struct caller *c)
{
	struct winsize size = { 0 };
	uint8_t bytes[4];
	struct writer w;

	c->winsz_due = false;
	if (ioctl(c->tty.fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return;
	writer_init(&w, bytes, sizeof(bytes));
	write_u16(&w, size.ws_row);
	write_u16(&w, size.ws_col);
	channel_put(&c->ch, WIRE_WINSZ, 0, bytes, sizeof(bytes));
}

static void caller_fill(void *owner)
{
	struct caller *c = owner;

	if (c->call.state == CALL_NEW)
		put_launch(c);
	else if (c->winsz_due)
		put_winsz(c);
	call_fill(&c->call, &c->ch.port);
}

static void caller_settle(void *owner)
{
	struct caller *c = owner;

	if (c->tty.raw && source_ended(&c->in.source) && !c->call.unwanted)
		call_stop(&c->call, SIGHUP);
	if (call_done(&c->call))
		c->loop.stop = true;
}

static void caller_gone(void *owner, int error)
{
	struct caller *c = owner;

	if (call_lost(&c->call, error))
		timer_start(&c->loop, &c->linger, LINGER_MS);
}

static void linger_over(struct timer *timer)
{
	container_of(timer, struct caller, linger)->loop.stop = true;
}

/* --- frames --------------------------------------------------------------------- */

static bool wants_raw(const struct caller *c)
{
	return c->call.state == CALL_STARTED && c->call.flags & PROGRAM_TTY &&
	       c->call.result->subsystem != WIRE_GUI;
}

static int caller_frame(void *owner, const struct frame *f, const void *payload)
{
	struct caller *c = owner;
	int error = call_frame(&c->call, f, payload);

	if (f->type == WIRE_STARTED && wants_raw(c))
		tty_raw(&c->tty);
	return error;
}

static int caller_data(void *owner, int fd, const void *data, size_t len)
{
	struct caller *c = owner;

	return call_data(&c->call, fd, data, len);
}

static const struct channel_ops caller_channel = {
	.frame = caller_frame,
	.data = caller_data,
	.fill = caller_fill,
	.settle = caller_settle,
	.gone = caller_gone,
};

/* --- signals ---------------------------------------------------------------------- */

static void caller_resume(struct caller *c)
{
	if (wants_raw(c))
		tty_raw(&c->tty);
	c->winsz_due = true;
	source_wake(&c->in.source);
}

/* Stops as the shell expects it, with the terminal as it was. */
static void caller_suspend(struct caller *c)
{
	sigset_t stop;

	tty_restore(&c->tty);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here we stop, and here we go on */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	caller_resume(c); /* without SIGCONT when nobody could have gone on with us */
}

static void caller_caught(struct signals *s, const struct signalfd_siginfo *info)
{
	struct caller *c = container_of(s, struct caller, signals);

	if (info->ssi_signo == SIGWINCH)
		c->winsz_due = true;
	else if (info->ssi_signo == SIGTSTP)
		caller_suspend(c);
	else if (info->ssi_signo == SIGCONT)
		caller_resume(c);
	else if (info->ssi_signo != SIGTTOU)
		c->loop.stop |= call_signal(&c->call, info->ssi_signo);
	channel_pump(&c->ch);
}

/* A blocked SIGTTOU lets tcsetattr(3) work from anywhere. */
static int caller_listen(struct caller *c)
{
	static const int always[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT };
	static const int with_tty[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGTTOU };

	for (size_t i = 0; i < array_len(always); i++)
		signals_want_polite(&c->signals, always[i]);
	for (size_t i = 0; c->call.flags & PROGRAM_TTY && i < array_len(with_tty); i++)
		signals_want_polite(&c->signals, with_tty[i]);
	return signals_take(&c->signals, &c->loop);
}

/* --- the call ----------------------------------------------------------------------- */

static int caller_open(struct caller *c, int endpoint)
{
	struct open l;
	int error = open_decode(&l, c->launch, c->open_len);

	if (error == 0)
		error = loop_init(&c->loop);
	if (error < 0)
		return error;
	c->call.flags = l.flags;
	error = channel_open(&c->ch, &c->loop, endpoint, &caller_channel, c);
	if (error < 0)
		return error;
	error = caller_listen(c);
	if (error == 0 && !(c->call.flags & PROGRAM_NO_STDIN))
		error = inlet_open_shared(&c->in, &c->loop, STDIN_FILENO);
	c->call.in_looks = inlet_looks(&c->in);
	if (error == 0)
		error = outlet_open_shared(&c->out[0], &c->loop, STDOUT_FILENO);
	if (error == 0 && (!(c->call.flags & PROGRAM_TTY) || c->call.flags & PROGRAM_APART))
		error = outlet_open_shared(&c->out[1], &c->loop, STDERR_FILENO);
	return error;
}

static void report_write_error(struct caller *c)
{
	struct outcome *result = c->call.result;

	for (int i = 0; i < 2 && !result->write_error; i++) {
		int error = c->out[i].error;

		result->write_error = error;
		if (error && error != EPIPE && error != EBADF && !result->text[0])
			fmt(result->text, sizeof(result->text), "unable to write to %s: %s",
			    i == 0 ? "standard output" : "standard error", strerror(error));
	}
}

static void caller_close(struct caller *c)
{
	tty_restore(&c->tty);
	report_write_error(c);
	inlet_close(&c->in);
	outlet_close(&c->out[0]);
	outlet_close(&c->out[1]);
	channel_close(&c->ch);
	signals_give_back(&c->signals);
	loop_fini(&c->loop);
}

int caller_run(int endpoint, const void *launch, size_t open_len, struct outcome *out)
{
	/* Large, and mostly never touched: fresh pages cost nothing until then. */
	struct caller *c = calloc(1, sizeof(*c));
	int error;

	*out = (struct outcome){ .how = OUTCOME_LOST };
	if (!c) {
		close(endpoint);
		return -ENOMEM;
	}
	c->loop.epoll = c->ch.watch.fd = -1;
	signals_init(&c->signals, caller_caught);
	c->linger.fire = linger_over;
	c->tty.fd = STDIN_FILENO;
	c->call = (struct call){ .in = &c->in.source,
				 .out = { &c->out[0].sink, &c->out[1].sink },
				 .result = out };
	c->launch = launch;
	c->open_len = open_len;
	inlet_init(&c->in, &c->ch, STDIN_FILENO);
	outlet_init(&c->out[0], &c->ch, STDOUT_FILENO);
	outlet_init(&c->out[1], &c->ch, STDERR_FILENO);
	error = caller_open(c, endpoint);
	if (c->ch.watch.fd < 0)
		close(endpoint);
	if (error == 0) {
		channel_pump(&c->ch);
		error = loop_run(&c->loop);
	}
	caller_close(c);
	free(c);
	return error;
}
