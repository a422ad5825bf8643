/* caller.c: asks for a program and joins it to our standard handles. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interop/stream/call.h"
#include "interop/stream/stream.h"
#include "interop/stream/win32/inlet.h"
#include "interop/stream/win32/outlet.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/macros.h"

/* How long output may still drain when the other side is gone. */
enum { LINGER_MS = 1000, READ_MS = 5000 };

/* Linux's numbers. */
enum { LINUX_HUP = 1, LINUX_INT = 2, LINUX_QUIT = 3 };

struct caller {
	struct loop loop;
	struct channel ch;
	struct inlet in;
	struct outlet out[2]; /* stdout, stderr */
	struct handle_watch control;
	struct timer linger;
	struct call call;
	const void *launch;
	size_t open_len;
	bool ended;         /* for the outlets: no program of ours has */
	HANDLE in_handle;   /* NULL: none */
	LONGLONG in_begins; /* of a file: where it was */
	bool in_is_file;
	DWORD modes[2]; /* of the console, before it was raw */
	bool raw;
};

/* --- the console --------------------------------------------------------------- */

static HANDLE handle_of(int fd)
{
	static const DWORD names[] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };
	HANDLE handle = GetStdHandle(names[fd]);

	return handle == INVALID_HANDLE_VALUE ? NULL : handle;
}

/* Every key is the program's, and what it writes is a terminal's. */
static void console_raw(struct caller *c)
{
	if (c->raw || !GetConsoleMode(handle_of(0), &c->modes[0]) ||
	    !GetConsoleMode(handle_of(1), &c->modes[1]))
		return;
	c->raw = true;
	SetConsoleMode(handle_of(0), ENABLE_VIRTUAL_TERMINAL_INPUT);
	SetConsoleMode(handle_of(1), ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT |
					     ENABLE_VIRTUAL_TERMINAL_PROCESSING |
					     DISABLE_NEWLINE_AUTO_RETURN);
}

static void console_restore(struct caller *c)
{
	if (c->raw) {
		SetConsoleMode(handle_of(0), c->modes[0]);
		SetConsoleMode(handle_of(1), c->modes[1]);
	}
	c->raw = false;
}

/* Set by a thread of Windows' own, which has nothing but these to find them by. */
static HANDLE control_event;
static volatile LONG control_signals;

static BOOL WINAPI control_comes(DWORD event)
{
	int signal = event == CTRL_C_EVENT       ? LINUX_INT
		     : event == CTRL_BREAK_EVENT ? LINUX_QUIT
						 : LINUX_HUP;

	InterlockedOr(&control_signals, 1 << signal);
	SetEvent(control_event);
	return TRUE;
}

/* With a terminal Ctrl-C is the guest's to understand, though Wine gives no byte for it. */
static void control_ready(struct handle_watch *watch)
{
	struct caller *c = container_of(watch, struct caller, control);
	LONG signals = InterlockedExchange(&control_signals, 0);

	for (uint32_t i = LINUX_HUP; i <= LINUX_QUIT; i++) {
		if (!(signals & 1 << i))
			continue;
		if (i == LINUX_INT && c->call.flags & PROGRAM_TTY)
			c->call.signals_due |= 1u << i;
		else
			c->loop.stop |= call_signal(&c->call, i);
	}
	channel_pump(&c->ch);
}

static int control_listen(struct caller *c)
{
	c->control.ready = control_ready;
	control_event = CreateEventW(NULL, FALSE, FALSE, NULL);
	if (!control_event)
		return -ENOMEM;
	SetConsoleCtrlHandler(control_comes, TRUE);
	return handle_watch_add(&c->loop, &c->control, control_event);
}

/* --- what the channel asks ------------------------------------------------------ */

static void caller_fill(void *owner)
{
	struct caller *c = owner;

	if (c->call.state == CALL_NEW) {
		channel_hello(&c->ch);
		channel_launch(&c->ch, c->launch, c->open_len);
		call_asked(&c->call);
	}
	call_fill(&c->call, &c->ch.port);
}

static void caller_settle(void *owner)
{
	struct caller *c = owner;

	if (c->raw && source_ended(&c->in.source) && !c->call.unwanted)
		call_stop(&c->call, LINUX_HUP);
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

static int caller_frame(void *owner, const struct frame *f, const void *payload)
{
	struct caller *c = owner;
	int error = call_frame(&c->call, f, payload);

	if (f->type == WIRE_STARTED && c->call.state == CALL_STARTED && c->call.flags & PROGRAM_TTY)
		console_raw(c);
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

/* --- the call ------------------------------------------------------------------- */

/* Of a file, which others may go on with, we know where it was. */
static void stdin_look(struct caller *c)
{
	LARGE_INTEGER none = { .QuadPart = 0 }, at;

	c->in_handle = c->call.flags & PROGRAM_NO_STDIN ? NULL : handle_of(0);
	c->in_is_file = c->in_handle && GetFileType(c->in_handle) == FILE_TYPE_DISK &&
			SetFilePointerEx(c->in_handle, none, &at, FILE_CURRENT);
	if (c->in_is_file)
		c->in_begins = at.QuadPart;
}

/* What the program did not take is still there. */
static void stdin_put_back(const struct caller *c)
{
	LARGE_INTEGER at = { .QuadPart = c->in_begins + (LONGLONG)c->in.source.taken };

	if (!c->in_is_file)
		return;
	/* What the thread has begun to read moves it on. */
	if (c->in.transfer.busy)
		WaitForSingleObject(c->in.transfer.event, READ_MS);
	SetFilePointerEx(c->in_handle, at, NULL, FILE_BEGIN);
}

static int caller_open(struct caller *c, int endpoint)
{
	struct open l;
	int error = open_decode(&l, c->launch, c->open_len);

	if (!error)
		error = loop_init(&c->loop);
	if (error)
		return error;
	c->call.flags = l.flags;
	stdin_look(c);
	c->call.in_looks = c->in_is_file;
	error = channel_open(&c->ch, &c->loop, endpoint, &caller_channel, c);
	if (!error)
		error = control_listen(c);
	if (!error)
		error = inlet_open_plain(&c->in, &c->loop, c->in_handle);
	if (!error)
		error = outlet_open_plain(&c->out[0], &c->loop, handle_of(1));
	if (!error && !(c->call.flags & PROGRAM_TTY))
		error = outlet_open_plain(&c->out[1], &c->loop, handle_of(2));
	return error;
}

static bool is_gone(DWORD error)
{
	return error == ERROR_BROKEN_PIPE || error == ERROR_NO_DATA ||
	       error == ERROR_PIPE_NOT_CONNECTED;
}

static void report_write_error(struct caller *c)
{
	struct outcome *result = c->call.result;

	for (int i = 0; i < 2 && !result->write_error; i++) {
		DWORD error = c->out[i].transfer.busy ? 0 : c->out[i].transfer.error;

		result->write_error = !error ? 0 : is_gone(error) ? EPIPE : EIO;
		if (result->write_error == EIO && !result->text[0])
			fmt(result->text, sizeof(result->text),
			    "unable to write to %s: Windows error %lu",
			    i == 0 ? "standard output" : "standard error", error);
	}
}

static void caller_close(struct caller *c)
{
	SetConsoleCtrlHandler(control_comes, FALSE);
	console_restore(c);
	stdin_put_back(c);
	report_write_error(c);
	handle_watch_remove(&c->control);
	inlet_close(&c->in);
	outlet_close(&c->out[0]);
	outlet_close(&c->out[1]);
	channel_close(&c->ch);
	loop_fini(&c->loop);
}

static void caller_init(struct caller *c, const void *launch, size_t open_len, struct outcome *out)
{
	c->ch.watch.fd = -1;
	c->linger.fire = linger_over;
	c->call = (struct call){ .in = &c->in.source,
				 .out = { &c->out[0].sink, &c->out[1].sink },
				 .result = out };
	c->launch = launch;
	c->open_len = open_len;
	inlet_init(&c->in, &c->ch, 0);
	outlet_init(&c->out[0], &c->ch, 1, &c->ended);
	outlet_init(&c->out[1], &c->ch, 2, &c->ended);
}

/* The memory stays: a thread may still wait for a key. */
int caller_run(int endpoint, const void *launch, size_t open_len, struct outcome *out)
{
	struct caller *c = calloc(1, sizeof(*c));
	int error;

	*out = (struct outcome){ .how = OUTCOME_LOST };
	if (!c) {
		fd_close(&endpoint);
		return -ENOMEM;
	}
	caller_init(c, launch, open_len, out);
	error = caller_open(c, endpoint);
	if (c->ch.watch.fd < 0)
		fd_close(&endpoint);
	if (!error) {
		channel_pump(&c->ch);
		error = loop_run(&c->loop);
	}
	caller_close(c);
	return error;
}
