/* supervisor.c: starts, watches and ends one machine. */
#include "interop/host/posix/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/agent.h"
#include "interop/host/posix/agent_start.h"
#include "interop/host/posix/console.h"
#include "interop/host/posix/drive_desk.h"
#include "interop/host/posix/ration.h"
#include "interop/host/posix/scrollback.h"
#include "interop/host/seen.h"
#include "lib/acceptor.h"
#include "lib/lib.h"
#include "lib/signals.h"

enum {
	POWER_OFF_MS = 35000, /* the guest may take so long to power off, by its own limits ... */
	WRITE_OFF_MS = 60000, /* ... where it has an image to finish */
	AGENT_END_MS = 12000, /* more than the agent's own patience */
	CALLERS_MAX = 16,
};

enum phase {
	BOOTING,
	EMERGENCY, /* the guest's emergency shell waits on the console */
	UP,
	STOPPING, /* the guest is powering off */
};

struct supervisor {
	struct plan *plan;
	struct loop loop;
	struct signals signals;
	struct watch agent_words, agent_said, console;
	struct watch visitor; /* who is at the guest's console */
	struct acceptor control, console_door;
	struct drive_desk drives;
	struct watch callers[CALLERS_MAX]; /* the first: who started us */
	struct watch *told;                /* the caller that is told what is wrong; NULL: none */
	struct timer deadline;             /* of the phase */
	struct console said;
	struct scrollback log;
	enum phase phase;
	bool kept, keep_log;
	pid_t agent;
	char agent_last[256]; /* its last line */
	struct supervisor_event end;
};

/* --- callers ------------------------------------------------------------------------ */

static void tell_one(const struct watch *caller, const struct supervisor_event *event)
{
	(void)!send(caller->fd, event, sizeof(*event), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void tell(struct supervisor *s, const struct supervisor_event *event)
{
	for (size_t i = 0; i < CALLERS_MAX; i++)
		if (s->callers[i].fd >= 0)
			tell_one(&s->callers[i], event);
}

/* Of a boot that goes on; else its end says what was wrong. */
static void tell_wrong(struct supervisor *s)
{
	struct supervisor_event event = { .what = MACHINE_WRONG };

	while (s->told && s->phase >= UP &&
	       console_wrong(&s->said, event.fault.text, sizeof(event.fault.text)))
		tell_one(s->told, &event);
}

/* Who is not there for the whole of it hears where the end is. */
static void tell_wrong_to(struct supervisor *s, struct watch *caller)
{
	const struct supervisor_event up = { .what = MACHINE_UP };

	if (s->told != &s->callers[0])
		s->told = caller;
	tell_wrong(s);
	if (caller == &s->callers[0])
		return;
	tell_one(caller, &up);
	if (s->told == caller)
		s->told = NULL;
}

static void tell_status(const struct supervisor *s)
{
	static const char *const names[] = { "booting", "emergency", "up", "stopping" };
	struct machine_status status = { .supervisor = getpid(),
					 .qemu = s->plan->vm.pid,
					 .agent = s->agent };

	fmt(status.phase, sizeof(status.phase), "%s", names[s->phase]);
	fmt(status.image, sizeof(status.image), "%s", s->plan->image.path);
	machine_tell(&s->plan->machine, &status);
}

static void phase_set(struct supervisor *s, enum phase phase)
{
	s->phase = phase;
	tell_status(s);
}

/* --- ways to the end ------------------------------------------------------------------ */

static void vm_kill(const struct supervisor *s)
{
	if (s->plan->vm.pid > 0)
		kill(s->plan->vm.pid, SIGKILL);
}

/* Nothing more to expect from this guest. */
static void abandon(struct supervisor *s)
{
	phase_set(s, STOPPING);
	vm_kill(s);
	s->loop.stop |= s->plan->vm.pid <= 0;
}

/* Asks the guest to power off; after a while it is ended. */
static void stop(struct supervisor *s)
{
	char word = AGENT_SHUTDOWN;

	if (s->phase == STOPPING)
		return;
	phase_set(s, STOPPING);
	timer_start(&s->loop, &s->deadline, s->plan->options.write ? WRITE_OFF_MS : POWER_OFF_MS);
	if (s->plan->vm.pid <= 0)
		s->loop.stop = true;
	else if (send(s->agent_words.fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		vm_kill(s);
}

/* Why it ends, before it has: who sees a stream break waits for that. */
static void tell_cause(struct supervisor *s)
{
	const struct supervisor_event event = { .what = MACHINE_ENDING, .fault = s->end.fault };

	tell(s, &event);
}

static void fail(struct supervisor *s, int status, const char *text)
{
	fault_set(&s->end.fault, status, "%s", text);
	s->keep_log = true;
	tell_cause(s);
	abandon(s);
}

/* Who started it hears why, where it was somebody else's wish. */
static void stop_for(struct supervisor *s, const char *who)
{
	struct supervisor_event event = { .what = MACHINE_ENDING };

	fault_set(&event.fault, HOST_FAILED, "the machine was stopped by %s", who);
	if (s->callers[0].fd >= 0 && s->phase != STOPPING)
		tell_one(&s->callers[0], &event);
	stop(s);
}

static void caller_ready(struct watch *watch, uint32_t events)
{
	struct supervisor *s = container_of(watch->loop, struct supervisor, loop);
	char word = 0;
	ssize_t n = recv(watch->fd, &word, 1, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(watch->fd);
		watch_remove(watch);
		if (watch == s->told)
			s->told = NULL;
		if (watch == &s->callers[0] && !s->kept)
			abandon(s);
	} else if (word == SUPERVISOR_STOP && watch != &s->callers[0]) {
		stop_for(s, "landbridge stop");
	} else if (word == SUPERVISOR_STOP) {
		stop(s);
	} else if (word == SUPERVISOR_END) {
		abandon(s);
	} else if (word == SUPERVISOR_KEEP) {
		s->kept = true;
	} else if (word == SUPERVISOR_LOG) {
		s->keep_log = true;
	} else if (word == SUPERVISOR_TELL) {
		tell_wrong_to(s, watch);
	}
}

static void caller_add(struct acceptor *acceptor, int fd)
{
	struct supervisor *s = container_of(acceptor, struct supervisor, control);

	for (size_t i = 1; i < CALLERS_MAX; i++)
		if (s->callers[i].fd < 0 && watch_add(&s->loop, &s->callers[i], fd, EPOLLIN) == 0)
			return;
	close(fd);
}

/* --- the guest's console ---------------------------------------------------------------- */

static void emergency(struct supervisor *s)
{
	struct supervisor_event event = { .what = MACHINE_EMERGENCY };

	fault_set(&event.fault, HOST_FAILED, "the guest did not boot: %s", s->said.failed);
	s->end.fault = event.fault;
	s->keep_log = true;
	timer_stop(&s->loop, &s->deadline);
	phase_set(s, EMERGENCY);
	tell(s, &event);
}

/* False: there is nothing more for now, or for ever. */
static bool console_read(struct supervisor *s)
{
	char text[4096];
	ssize_t n = read(s->console.fd, text, sizeof(text));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		watch_remove(&s->console);
		return false;
	}
	console_feed(&s->said, text, (size_t)n);
	tell_wrong(s);
	scrollback_add(&s->log, text, (size_t)n);
	if (s->visitor.fd >= 0)
		(void)!send(s->visitor.fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return true;
}

static void console_ready(struct watch *watch, uint32_t events)
{
	struct supervisor *s = container_of(watch, struct supervisor, console);

	(void)events;
	console_read(s);
	if (s->phase == BOOTING && s->said.emergency)
		emergency(s);
	else if (s->said.halted)
		vm_kill(s);
}

static void visitor_leave(struct supervisor *s)
{
	if (s->visitor.fd < 0)
		return;
	close(s->visitor.fd);
	watch_remove(&s->visitor);
}

static void visitor_ready(struct watch *watch, uint32_t events)
{
	struct supervisor *s = container_of(watch, struct supervisor, visitor);
	char keys[256];
	ssize_t n = recv(watch->fd, keys, sizeof(keys), MSG_DONTWAIT);

	(void)events;
	if (n > 0 && s->console.fd >= 0)
		(void)!send(s->console.fd, keys, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		visitor_leave(s);
}

/* The one who came last has it. */
static void visitor_come(struct acceptor *acceptor, int fd)
{
	struct supervisor *s = container_of(acceptor, struct supervisor, console_door);

	visitor_leave(s);
	if (watch_add(&s->loop, &s->visitor, fd, EPOLLIN) < 0)
		close(fd);
}

/* --- what happens -------------------------------------------------------------------------- */

static void agent_word_ready(struct watch *watch, uint32_t events)
{
	struct supervisor *s = container_of(watch, struct supervisor, agent_words);
	const struct supervisor_event event = { .what = MACHINE_UP };
	struct agent_drive_done said;
	int fd;
	ssize_t n = fd_recv(watch->fd, &fd, &said, sizeof(said));

	(void)events;
	if (n == 0) {
		watch_set(watch,
			  EPOLLET); /* it ended, as SIGCHLD tells; a hang-up is told for ever */
	} else if (n == 1 && said.word == AGENT_UP && s->phase == BOOTING) {
		timer_stop(&s->loop, &s->deadline);
		vm_is_up(&s->plan->vm);
		phase_set(s, UP);
		tell(s, &event);
		tell_wrong(s);
	} else if (n == 1 && said.word == AGENT_SPACE) {
		drive_desk_space(&s->drives, fd);
		fd = -1;
	} else if (n == sizeof(said)) {
		drive_desk_done(&s->drives, said.error);
	}
	fd_close(&fd);
}

/* Its lines are part of the machine's log. */
static void agent_said_ready(struct watch *watch, uint32_t events)
{
	struct supervisor *s = container_of(watch, struct supervisor, agent_said);
	char text[4096];
	ssize_t n = read(watch->fd, text, sizeof(text) - 1);
	int fd = watch->fd;

	(void)events;
	if (n > 0) {
		scrollback_add(&s->log, text, (size_t)n);
		text[n] = '\0';
		text_last_line(text);
		fmt(s->agent_last, sizeof(s->agent_last), "%s", text);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		watch_remove(watch);
		close(fd);
	}
}

/* One that ended by itself has said why, last of all. */
static void agent_gone(struct supervisor *s, int status)
{
	static const char own[] = "landbridge: ";
	char text[512];

	s->agent = 0;
	if (s->agent_said.fd >= 0)
		agent_said_ready(&s->agent_said, 0);
	if (s->phase == STOPPING)
		return;
	if (WIFEXITED(status) && strncmp(s->agent_last, own, strlen(own)) == 0)
		fmt(text, sizeof(text), "the agent ended: %s", s->agent_last + strlen(own));
	else
		fmt(text, sizeof(text), "the agent died");
	fail(s, HOST_FAILED, text);
}

static void deadline_over(struct timer *timer)
{
	struct supervisor *s = container_of(timer, struct supervisor, deadline);
	char text[512];

	if (s->phase == BOOTING) {
		fmt(text, sizeof(text),
		    "the guest did not come up within %u s%s%s (--timeout sets another limit%s)",
		    s->plan->options.timeout, s->said.failed[0] ? ": " : "", s->said.failed,
		    s->plan->options.memory < 256 ? ", --memory more memory" : "");
		fail(s, HOST_TIMEOUT, text);
		return;
	}
	if (s->plan->options.write)
		fault_set(
			&s->end.fault, HOST_FAILED,
			"the guest did not power off within %d s and was ended: the image may lack "
			"what it wrote last",
			WRITE_OFF_MS / 1000);
	vm_kill(s);
}

static void failed_tell(char *text, size_t size, const char *failed)
{
	char seen[400];

	fmt(text, size, "the guest did not boot: %s",
	    seen_tell(seen, sizeof(seen), failed) ? seen : failed);
}

/* Why it is gone, where nobody asked for it. */
static void qemu_cause(struct supervisor *s, int status)
{
	char complaint[400], text[512] = "";

	/* Once it is up, a step that failed is no reason: it went on without. */
	if (s->said.panic[0])
		fmt(text, sizeof(text), "the guest's kernel panicked: %s", s->said.panic);
	else if (s->phase == BOOTING && s->said.failed[0])
		failed_tell(text, sizeof(text), s->said.failed);
	else if (WIFSIGNALED(status) && !s->said.halted)
		fmt(text, sizeof(text), "QEMU was ended by signal %d", WTERMSIG(status));
	else if (vm_complaint(&s->plan->vm, complaint, sizeof(complaint)))
		fmt(text, sizeof(text), "QEMU ended: %s", complaint);
	else if (s->phase == BOOTING || s->plan->options.command)
		fmt(text, sizeof(text), "the guest powered itself off");
	if (text[0]) {
		fail(s, HOST_FAILED, text);
		return;
	}
	s->end.what = MACHINE_POWERED_OFF;
	tell_cause(s);
}

static void qemu_gone(struct supervisor *s, int status)
{
	while (s->console.fd >= 0 && console_read(s))
		;
	s->plan->vm.pid = 0;
	if (s->phase == BOOTING || s->phase == UP)
		qemu_cause(s, status);
	s->phase = STOPPING;
	s->loop.stop = true;
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->plan->vm.pid) {
			qemu_gone(s, status);
		} else if (pid == s->agent) {
			agent_gone(s, status);
		} else if (vsock_ended(&s->plan->vm.vsock, pid) && s->phase != STOPPING) {
			fail(s, HOST_FAILED, "the program that is the guest's vsock device ended");
		} else {
			drive_desk_reaped(&s->drives, pid, status);
		}
	}
}

/* A second TERM means it. */
static void signal_caught(struct signals *signals, const struct signalfd_siginfo *info)
{
	struct supervisor *s = container_of(signals, struct supervisor, signals);

	if (info->ssi_signo == SIGCHLD)
		reap(s);
	else if (s->phase == UP)
		stop_for(s, "a signal");
	else
		abandon(s);
}

/* --- the start ----------------------------------------------------------------------------- */

static int loop_start(struct supervisor *s, int founder)
{
	const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	int error = loop_init(&s->loop);

	signals_init(&s->signals, signal_caught);
	for (size_t i = 0; i < array_len(wanted); i++)
		signals_want(&s->signals, wanted[i]);
	s->agent_words = (struct watch){ .fd = -1, .ready = agent_word_ready };
	s->agent_said = (struct watch){ .fd = -1, .ready = agent_said_ready };
	s->console = (struct watch){ .fd = -1, .ready = console_ready };
	s->visitor = (struct watch){ .fd = -1, .ready = visitor_ready };
	s->control.connected = caller_add;
	s->console_door.connected = visitor_come;
	s->deadline.fire = deadline_over;
	for (size_t i = 0; i < CALLERS_MAX; i++)
		s->callers[i] = (struct watch){ .fd = -1, .ready = caller_ready };
	if (!error)
		error = watch_add(&s->loop, &s->callers[0], founder, EPOLLIN);
	return error ? error : signals_take(&s->signals, &s->loop);
}

static int door_open(struct supervisor *s, struct acceptor *door, const char *name)
{
	char path[MACHINE_DIR];
	int fd, error;

	machine_path(&s->plan->machine, name, path);
	fd = unix_listen(path, 0600, 16);
	error = fd < 0 ? fd : acceptor_start(door, &s->loop, fd);
	return error < 0 ? fault_set(&s->end.fault, HOST_FAILED, "unable to listen on %s: %s", path,
				     strerror(-error))
			 : 0;
}

static int supervisor_begin(struct supervisor *s, int founder)
{
	char path[MACHINE_DIR];
	struct agent_ends agent;
	int error = loop_start(s, founder);

	if (error < 0)
		return fault_set(&s->end.fault, HOST_FAILED, "unable to wait for events: %s",
				 strerror(-error));
	machine_path(&s->plan->machine, "log", path);
	error = scrollback_open(&s->log, path);
	if (error < 0)
		return fault_set(&s->end.fault, HOST_FAILED, "unable to write %s: %s", path,
				 strerror(-error));
	if (door_open(s, &s->control, "control") < 0 ||
	    door_open(s, &s->console_door, "console") < 0 ||
	    vm_listen(&s->plan->vm, &s->end.fault) < 0)
		return -1;
	s->agent = agent_start(s->plan, &agent, &s->end.fault);
	if (s->agent < 0)
		return -1;
	drive_desk_init(&s->drives, &s->loop, s->plan, agent.control);
	if (door_open(s, &s->drives.door, DRIVE_DESK) < 0)
		return -1;
	watch_add(&s->loop, &s->agent_words, agent.control, EPOLLIN);
	watch_add(&s->loop, &s->agent_said, agent.said, EPOLLIN);
	if (vm_start(&s->plan->vm, &s->end.fault) < 0)
		return -1;
	watch_add(&s->loop, &s->console, s->plan->vm.console, EPOLLIN);
	timer_start(&s->loop, &s->deadline, 1000 * (int64_t)s->plan->options.timeout);
	phase_set(s, BOOTING);
	return 0;
}

/* --- the end --------------------------------------------------------------------------------- */

static void supervisor_end(struct supervisor *s)
{
	vm_end(&s->plan->vm, POWER_OFF_MS);
	fd_close(&s->agent_words.fd);
	if (s->agent > 0) {
		kill(s->agent, SIGTERM);
		child_wait(s->agent, AGENT_END_MS);
	}
	if (s->agent_said.fd >= 0)
		agent_said_ready(&s->agent_said, 0);
	if (s->keep_log)
		scrollback_keep(&s->log, s->plan->dirs.home, s->plan->machine.name, s->end.log,
				sizeof(s->end.log));
	ration_remove(&s->plan->machine);
	machine_remove(&s->plan->machine);
	if (s->end.fault.status)
		s->end.what = MACHINE_FAILED;
	tell(s, &s->end);
}

static _Noreturn void supervisor_run(struct plan *plan, int founder)
{
	struct supervisor *s = calloc(1, sizeof(*s));

	if (!s)
		_exit(HOST_FAILED);
	s->plan = plan;
	s->log.fd = -1;
	s->end.what = MACHINE_STOPPED;
	if (supervisor_begin(s, founder) == 0)
		loop_run(&s->loop);
	supervisor_end(s);
	_exit(0);
}

/* Whoever reads our output waits for our end, not for the machine's, and a
 * terminal's signals are the session's. */
int supervisor_start(struct plan *plan, pid_t *pid, struct fault *why)
{
	int pair[2] = { -1, -1 };
	int fds[8] = { -1, -1, -1, -1, plan->machine.lock, plan->wine.lock };
	const struct child_setup setup = { .flags = CHILD_SESSION | CHILD_ALONE,
					   .fds = fds,
					   .fd_count = array_len(fds),
					   .name = "lb-machine" };

	*pid = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
	fds[3] = pair[1];
	fds[6] = plan->vm.ends[VM_NET];
	fds[7] = plan->distribution.lock;
	if (*pid == 0)
		*pid = child_fork(&setup);
	if (*pid == 0) {
		plan->machine.lock = 4;
		plan->wine.lock = 5;
		if (plan->vm.ends[VM_NET] >= 0)
			plan->vm.ends[VM_NET] = 6;
		if (plan->distribution.lock >= 0)
			plan->distribution.lock = 7;
		descriptors_own(3, 7);
		supervisor_run(plan, 3);
	}
	if (*pid < 0) {
		fault_set(why, HOST_FAILED, "unable to start the machine: %s", strerror(-*pid));
		fd_close(&pair[0]);
		machine_remove(&plan->machine);
	}
	fd_close(&pair[1]);
	plan_free(plan);
	return pair[0];
}
