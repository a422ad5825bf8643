/* caller.c: asks for a program and joins it to our descriptors 0, 1, 2. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "interop/stream/posix/channel.h"
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
	struct outcome *result;
	const void *launch;
	size_t open_len;
	uint32_t flags; /* enum program_flag */
	bool launched;  /* OPEN has been put */
	bool started;   /* STARTED came */
	bool unwanted;  /* nobody reads our stdin any more */
	bool finished;  /* *result is final but for the output still to leave */
	bool pong_due;
	bool winsz_due;
	uint32_t signals_due; /* bit n: signal n */
	bool asked;           /* a signal to end was forwarded before */
};

static void caller_finish(struct caller *c, enum outcome_how how, uint32_t code, const char *text)
{
	if (c->finished)
		return;
	c->finished = true;
	c->result->how = how;
	c->result->code = code;
	fmt(c->result->text, sizeof(c->result->text), "%s", text);
}

/* --- what the channel asks ------------------------------------------------------ */

static void put_launch(struct caller *c)
{
	uint8_t bytes[256];
	struct writer w;
	struct hello hello = {
		.version_min = WIRE_VERSION,
		.version_max = WIRE_VERSION,
		.host_path = { "", 0 },
	};

	if (getrandom(hello.epoch, sizeof(hello.epoch), GRND_NONBLOCK) < 0)
		hello.epoch[0] = 1; /* nobody resyncs on this connection; not zero will do */
	writer_init(&w, bytes, sizeof(bytes));
	hello_encode(&w, &hello);
	channel_put(&c->ch, WIRE_HELLO, 0, bytes, w.used);
	channel_launch(&c->ch, c->launch, c->open_len);
	c->launched = true;
}

static void put_signals(struct caller *c)
{
	for (uint32_t i = 1; c->signals_due; i++) {
		if (!(c->signals_due & (1u << i)))
			continue;
		port_put_u32(&c->ch.port, WIRE_SIGNAL, 0, i);
		c->signals_due &= ~(1u << i);
	}
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

	if (!c->launched) {
		put_launch(c);
	} else {
		if (c->pong_due)
			c->pong_due = !channel_put(&c->ch, WIRE_PONG, 0, NULL, 0);
		put_signals(c);
		if (c->winsz_due)
			put_winsz(c);
		sink_fill(&c->out[1].sink, &c->ch.port);
		sink_fill(&c->out[0].sink, &c->ch.port);
	}
	/* What cannot be put back is not read for a program that may not start. */
	if (c->started || inlet_looks(&c->in))
		source_fill(&c->in.source, &c->ch.port);
}

static void caller_settle(void *owner)
{
	struct caller *c = owner;

	if (c->tty.raw && source_ended(&c->in.source) && !c->unwanted)
		caller_finish(c, OUTCOME_STOPPED, SIGHUP, "");
	if (c->finished && sink_drained(&c->out[0].sink) && sink_drained(&c->out[1].sink))
		c->loop.stop = true;
}

static void caller_gone(void *owner, int error)
{
	struct caller *c = owner;

	if (c->finished)
		return;
	caller_finish(c, OUTCOME_LOST, 0,
		      error == -EPROTO ? "the other side does not speak the protocol"
				       : "the connection was lost before the program ended");
	timer_start(&c->loop, &c->linger, LINGER_MS);
}

static void linger_over(struct timer *timer)
{
	container_of(timer, struct caller, linger)->loop.stop = true;
}

/* --- frames --------------------------------------------------------------------- */

static int on_started(struct caller *c, struct reader *r)
{
	c->result->pid = read_u32(r);
	c->result->subsystem = read_u32(r);
	if (r->bad || c->started)
		return -EPROTO;
	c->started = true;
	if (c->flags & PROGRAM_DETACH)
		caller_finish(c, OUTCOME_EXITED, 0, "");
	else if (c->flags & PROGRAM_TTY && c->result->subsystem != WIRE_GUI)
		tty_raw(&c->tty);
	return 0;
}

static int on_failed(struct caller *c, const void *payload, size_t len)
{
	struct failed why;

	if (failed_decode(&why, payload, len) < 0)
		return -EPROTO;
	caller_finish(c, OUTCOME_FAILED, why.code, why.text.at);
	return 0;
}

static int on_exit_frame(struct caller *c, uint8_t flags, struct reader *r)
{
	uint32_t code = read_u32(r);

	if (r->bad)
		return -EPROTO;
	caller_finish(c, flags == WIRE_SIGNALLED ? OUTCOME_SIGNALLED : OUTCOME_EXITED, code, "");
	return 0;
}

static int on_number(struct caller *c, const struct frame *f, struct reader *r)
{
	bool wide = f->type == WIRE_CONSUMED;
	uint64_t value = wide ? read_u64(r) : read_u32(r);

	if (r->bad || f->flags != 0)
		return -EPROTO;
	return wide ? source_consumed(&c->in.source, value)
		    : source_grant(&c->in.source, (uint32_t)value);
}

static struct sink *sink_of(struct caller *c, int fd)
{
	return fd == STDOUT_FILENO || fd == STDERR_FILENO ? &c->out[fd - 1].sink : NULL;
}

static int caller_frame(void *owner, const struct frame *f, const void *payload)
{
	struct caller *c = owner;
	struct sink *out = sink_of(c, f->flags);
	struct reader r;

	reader_init(&r, payload, f->length);
	switch (f->type) {
	case WIRE_HELLO:
	case WIRE_PONG:
		return 0;
	case WIRE_PING:
		c->pong_due = true;
		return 0;
	case WIRE_STARTED:
		return on_started(c, &r);
	case WIRE_FAILED:
		return on_failed(c, payload, f->length);
	case WIRE_EXIT:
		return on_exit_frame(c, f->flags, &r);
	case WIRE_EOF:
		return out ? sink_end(out) : -EPROTO;
	case WIRE_CLOSED:
		c->unwanted = true;
		source_end(&c->in.source);
		return 0;
	case WIRE_CREDIT_ADD:
	case WIRE_CONSUMED:
		return on_number(c, f, &r);
	default:
		return -EPROTO;
	}
}

static int caller_data(void *owner, int fd, const void *data, size_t len)
{
	struct sink *out = sink_of(owner, fd);

	return out ? sink_put(out, data, len) : -EPROTO;
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
	if (c->started && !c->finished)
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

/* The first is for the program; a second one, or one that the program is not
 * to see (a terminal's come as bytes, a GUI program lives on), ends the call. */
static void caller_interrupt(struct caller *c, uint32_t signal)
{
	bool ours = c->flags & PROGRAM_TTY || c->result->subsystem == WIRE_GUI || signal == SIGABRT;

	if (ours || c->asked || c->finished) {
		c->finished = false;
		caller_finish(c, OUTCOME_STOPPED, signal, "");
		c->loop.stop = true;
		return;
	}
	c->asked = true;
	c->signals_due |= 1u << signal;
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
		caller_interrupt(c, info->ssi_signo);
	channel_pump(&c->ch);
}

/* A blocked SIGTTOU lets tcsetattr(3) work from anywhere. */
static int caller_listen(struct caller *c)
{
	static const int always[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT };
	static const int with_tty[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGTTOU };

	for (size_t i = 0; i < array_len(always); i++)
		signals_want_polite(&c->signals, always[i]);
	for (size_t i = 0; c->flags & PROGRAM_TTY && i < array_len(with_tty); i++)
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
	c->flags = l.flags;
	error = channel_open(&c->ch, &c->loop, endpoint, &caller_channel, c);
	if (error < 0)
		return error;
	error = caller_listen(c);
	if (error == 0 && !(c->flags & PROGRAM_NO_STDIN))
		error = inlet_open_shared(&c->in, &c->loop, STDIN_FILENO);
	if (error == 0)
		error = outlet_open_shared(&c->out[0], &c->loop, STDOUT_FILENO);
	if (error == 0 && !(c->flags & PROGRAM_TTY))
		error = outlet_open_shared(&c->out[1], &c->loop, STDERR_FILENO);
	return error;
}

static void report_write_error(struct caller *c)
{
	for (int i = 0; i < 2 && !c->result->write_error; i++) {
		int error = c->out[i].error;

		c->result->write_error = error;
		if (error && error != EPIPE && error != EBADF && !c->result->text[0])
			fmt(c->result->text, sizeof(c->result->text), "unable to write to %s: %s",
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
	c->result = out;
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
