/* run.c: landbridge run: a machine and one session in it, from start to end.
 *
 *   run --+-- supervisor   the machine (supervisor.h); it ends when we do
 *         +-- session      a caller over the agent's socket, on our terminal
 *
 * This process waits for both.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/emergency.h"
#include "interop/host/posix/session.h"
#include "interop/host/posix/supervisor.h"
#include "lib/lib.h"
#include "lib/signals.h"

enum {
	SIGNALLED_MS = 5000, /* a command may take so long to end after a signal */
	BREAK_MS = 600,      /* between the end of a stream and of who carried it */
	OPEN_TRIES = 20,     /* of a new session, while the guest's end of the link comes back */
};

enum state {
	WAITING, /* or at the guest's emergency shell */
	RUNNING, /* the session is open */
	BROKEN,  /* its stream broke: the machine's end may tell why */
	ENDING,  /* the machine is to end */
};

struct run {
	const struct options *options;
	struct loop loop;
	struct signals signals;
	struct watch machine, result;
	struct timer deadline; /* of the state */
	struct emergency emergency;
	struct terminal terminal;
	bool on_terminal;
	unsigned tries; /* left, to open a new session instead of one that broke */
	enum state state;
	pid_t supervisor, session;
	int status;
	struct fault fault;
	char socket[PATH_MAX];     /* the agent's */
	char console[MACHINE_DIR]; /* the guest's */
};

/* --- ways to the end ------------------------------------------------------------- */

static void say(const struct run *r, enum supervisor_word word)
{
	if (r->machine.fd >= 0)
		supervisor_say(r->machine.fd, word);
}

static void run_stop(struct run *r)
{
	if (r->state != ENDING)
		say(r, SUPERVISOR_STOP);
	r->state = ENDING;
	timer_stop(&r->loop, &r->deadline);
}

/* Nothing more to expect from this guest. */
static void run_abandon(struct run *r)
{
	r->state = ENDING;
	timer_stop(&r->loop, &r->deadline);
	if (r->session > 0)
		kill(r->session, SIGTERM);
	say(r, SUPERVISOR_END);
}

static void run_fail(struct run *r, const char *text)
{
	fault_set(&r->fault, HOST_FAILED, "%s", text);
	say(r, SUPERVISOR_LOG);
	run_abandon(r);
}

/* --- the session ------------------------------------------------------------------- */

static _Noreturn void session_child(const struct run *r, int result)
{
	const struct session session = { .user = r->options->user,
					 .command = r->options->command,
					 .tty = !r->options->command && r->on_terminal };
	struct outcome out;

	session_run(r->socket, &session, &out);
	fd_write_all(result, &out, sizeof(out));
	_exit(0);
}

static void session_start(struct run *r)
{
	int pipe_fds[2], fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, -1 };
	const struct child_setup setup = { .flags = CHILD_ALONE,
					   .death_signal = SIGTERM,
					   .fds = fds,
					   .fd_count = array_len(fds),
					   .name = "lb-session" };

	r->state = RUNNING;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		run_fail(r, "unable to open a session: no descriptors left");
		return;
	}
	fds[3] = pipe_fds[1];
	r->session = child_fork(&setup);
	if (r->session == 0)
		session_child(r, 3);
	close(pipe_fds[1]);
	watch_add(&r->loop, &r->result, pipe_fds[0], EPOLLIN);
	if (r->session < 0)
		run_fail(r, "unable to open a session: no process left");
}

/* Nothing but a shell can be had again. One that never began was not to be had
 * in the first place, unless it stands for one that did. */
static unsigned tries_left(const struct run *r, const struct outcome *out)
{
	if (r->options->command || !r->on_terminal)
		return 0;
	return out->pid ? OPEN_TRIES : r->tries ? r->tries - 1 : 0;
}

static void session_again(struct run *r)
{
	if (r->tries == OPEN_TRIES)
		note("%s; this is a new session", r->fault.text);
	r->fault = (struct fault){ 0 };
	session_start(r);
}

/* The session's end is the run's. */
static void session_over(struct run *r, const struct outcome *out)
{
	bool broken = out->how == OUTCOME_LOST ||
		      (out->how == OUTCOME_FAILED && out->code == HOST_FAILED);

	if (r->state == ENDING)
		return;
	r->status = outcome_status(out);
	if (out->text[0])
		fault_set(&r->fault, r->status, "%s", out->text);
	if (!broken) {
		run_stop(r);
		return;
	}
	/* Only where the bridge failed does the guest's log say more; and where it
	 * failed because QEMU or the agent ended, that says more than the stream. */
	r->tries = tries_left(r, out);
	if (!r->tries)
		say(r, SUPERVISOR_LOG);
	r->state = BROKEN;
	timer_start(&r->loop, &r->deadline, BREAK_MS);
}

static void result_ready(struct watch *watch, uint32_t events)
{
	struct run *r = container_of(watch, struct run, result);
	struct outcome out;
	int fd = watch->fd;

	(void)events;
	watch_remove(watch);
	if (fd_read_full(fd, &out, sizeof(out)) == sizeof(out))
		session_over(r, &out);
	else if (r->state == RUNNING)
		run_fail(r, "the session ended without a word");
	close(fd);
}

/* --- the machine ---------------------------------------------------------------------- */

static void keyboard_over(struct emergency *e)
{
	run_abandon(container_of(e, struct run, emergency));
}

static void machine_in_emergency(struct run *r, const struct fault *fault)
{
	if (!r->on_terminal || !isatty(STDERR_FILENO)) {
		run_fail(r, fault->text);
		return;
	}
	note("%s; this is the guest's emergency shell, exit ends it", fault->text);
	if (emergency_start(&r->emergency, &r->loop, &r->terminal, r->console) < 0)
		run_fail(r, fault->text);
}

/* Its reason explains a stream that broke. Somebody who types poweroff at the
 * guest's prompt ends it well. */
static void machine_ending(struct run *r, const struct fault *fault)
{
	if (r->state == ENDING)
		return;
	r->state = ENDING;
	timer_stop(&r->loop, &r->deadline);
	r->fault = *fault;
	r->status = 0;
}

/* A session has made its terminal raw by then, or not yet. */
static void something_wrong(const struct run *r, const char *text)
{
	bool raw = r->on_terminal && !r->options->command && isatty(STDERR_FILENO);
	struct fault line = { 0 };

	fault_set(&line, HOST_FAILED, "%s%s", text, raw ? "\r" : "");
	fault_print(&line);
}

static void machine_over(struct run *r, const struct supervisor_event *event)
{
	if (event->what == MACHINE_FAILED)
		fault_set(&r->fault, event->fault.status, "%s", event->fault.text);
	supervisor_add_log(&r->fault, event->log);
	r->loop.stop = true;
}

static void machine_ready(struct watch *watch, uint32_t events)
{
	struct run *r = container_of(watch, struct run, machine);
	struct supervisor_event event;

	(void)events;
	if (!supervisor_hear(watch->fd, &event)) {
		event = (struct supervisor_event){ .what = MACHINE_FAILED };
		fault_set(&event.fault, HOST_FAILED, "the machine's supervisor was killed");
		machine_ending(r, &event.fault);
		machine_over(r, &event);
	} else if (event.what == MACHINE_UP && r->state == WAITING) {
		session_start(r);
	} else if (event.what == MACHINE_EMERGENCY) {
		machine_in_emergency(r, &event.fault);
	} else if (event.what == MACHINE_WRONG) {
		something_wrong(r, event.fault.text);
	} else if (event.what == MACHINE_ENDING) {
		machine_ending(r, &event.fault);
	} else if (event.what >= MACHINE_STOPPED) {
		machine_over(r, &event);
	}
}

/* --- events ---------------------------------------------------------------------------- */

static void deadline_over(struct timer *timer)
{
	struct run *r = container_of(timer, struct run, deadline);

	if (r->state == BROKEN && r->tries) {
		session_again(r);
		return;
	}
	/* A signal came and the session is still there. */
	if (r->state == RUNNING && r->session > 0)
		kill(r->session, SIGKILL);
	run_stop(r);
}

/* A session that was stopped (Ctrl-Z) stops us too, so that the shell that
 * started us goes on; continued, we continue it. */
static void children_reap(struct run *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == r->session && WIFSTOPPED(status)) {
			raise(SIGSTOP);
			kill(pid, SIGCONT);
		} else if (pid == r->session) {
			r->session = 0;
		} else if (pid == r->supervisor && !WIFSTOPPED(status)) {
			r->supervisor = 0;
		}
	}
}

/* TERM, INT, HUP. The first one that others sent us goes on to the session
 * (a terminal's goes there by itself). */
static void told_to_stop(struct run *r, const struct signalfd_siginfo *info)
{
	r->status = 128 + (int)info->ssi_signo;
	if (r->state != RUNNING || r->deadline.armed) {
		run_abandon(r);
		return;
	}
	timer_start(&r->loop, &r->deadline, SIGNALLED_MS);
	if (info->ssi_code != SI_KERNEL && r->session > 0)
		kill(r->session, (int)info->ssi_signo);
}

static void signal_caught(struct signals *signals, const struct signalfd_siginfo *info)
{
	struct run *r = container_of(signals, struct run, signals);

	if (info->ssi_signo == SIGCHLD)
		children_reap(r);
	else
		told_to_stop(r, info);
}

/* --- the start --------------------------------------------------------------------------- */

static int loop_start(struct run *r)
{
	const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	int error = loop_init(&r->loop);

	signals_init(&r->signals, signal_caught);
	for (size_t i = 0; i < array_len(wanted); i++)
		signals_want(&r->signals, wanted[i]);
	r->machine = (struct watch){ .fd = -1, .ready = machine_ready };
	r->result = (struct watch){ .fd = -1, .ready = result_ready };
	r->emergency =
		(struct emergency){ .keyboard.fd = -1, .console.fd = -1, .over = keyboard_over };
	r->deadline.fire = deadline_over;
	return error < 0 ? error : signals_take(&r->signals, &r->loop);
}

static int run_start(struct run *r, struct plan *plan)
{
	int fd;

	r->on_terminal = session_on_terminal();
	terminal_save(&r->terminal);
	memcpy(r->socket, plan->socket, sizeof(r->socket));
	machine_path(&plan->machine, "console", r->console);
	fd = supervisor_start(plan, &r->supervisor, &r->fault);
	if (fd < 0)
		return -1;
	supervisor_say(fd, SUPERVISOR_TELL);
	if (loop_start(r) < 0 || watch_add(&r->loop, &r->machine, fd, EPOLLIN) < 0)
		return fault_set(&r->fault, HOST_FAILED, "unable to wait for events");
	return 0;
}

static void run_end(struct run *r)
{
	if (r->session > 0)
		child_wait(r->session, 0);
	fd_close(&r->machine.fd);
	if (r->supervisor > 0)
		child_wait(r->supervisor, SIGNALLED_MS);
	terminal_restore(&r->terminal);
}

int run_main(const struct options *options)
{
	struct run r = { .options = options, .machine.fd = -1 };
	struct plan *plan = plan_make(options, !options->name, &r.fault);

	if (plan && options->dry_run) {
		vm_print(&plan->vm, &r.fault);
		plan_free(plan);
	} else if (plan) {
		if (run_start(&r, plan) == 0)
			loop_run(&r.loop);
		run_end(&r);
	}
	return r.fault.status ? fault_print(&r.fault) : r.status;
}
