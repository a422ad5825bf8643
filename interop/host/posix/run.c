/* run.c: landbridge run: a guest, its agent and one session, from start to end.
 *
 *   run --+-- QEMU        listens on run's console and link sockets
 *         +-- agent       the link's other end; Wine; jobs
 *         +-- session     a caller over the agent's socket, on our terminal
 *
 * This process waits for all of them. All die with it, whatever ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "interop/host/posix/agent.h"
#include "interop/host/posix/console.h"
#include "interop/host/posix/session.h"
#include "interop/host/posix/vm.h"
#include "lib/lib.h"

enum {
	POWER_OFF_MS = 10000, /* the guest may take so long to power off */
	WRITE_OFF_MS = 60000, /* ... where it has an image to finish */
	SIGNALLED_MS = 5000,  /* a command may take so long to end after a signal */
	BREAK_MS = 300,       /* between the end of a stream and of who carried it */
	AGENT_END_MS = 12000, /* more than the agent's own patience */
};

enum phase {
	BOOTING,
	EMERGENCY, /* the person is at the guest's emergency shell */
	RUNNING,   /* the session is open */
	STOPPING,  /* the guest is powering off */
};

struct run {
	struct options options;
	struct dirs dirs;
	struct image image;
	struct wine wine;
	struct vm vm;
	struct loop loop;
	struct watch signals, agent_control, console_out, result, keyboard;
	struct timer deadline; /* of the phase */
	struct console console;
	struct termios terminal;
	bool on_terminal, terminal_known;
	bool keep_log;
	enum phase phase;
	pid_t agent, session;
	int status;
	struct fault fault;
	char socket[PATH_MAX]; /* the agent's */
};

/* --- ways to the end ------------------------------------------------------------- */

static void vm_kill(struct run *r)
{
	if (r->vm.pid > 0)
		kill(r->vm.pid, SIGKILL);
}

static void deadline_set(struct run *r, int64_t ms)
{
	timer_start(&r->loop, &r->deadline, ms);
}

/* Asks the guest to power off; after a while it is ended. */
static void run_stop(struct run *r)
{
	char word = AGENT_SHUTDOWN;

	if (r->phase == STOPPING)
		return;
	r->phase = STOPPING;
	deadline_set(r, r->options.write ? WRITE_OFF_MS : POWER_OFF_MS);
	if (r->vm.pid <= 0)
		r->loop.stop = true;
	else if (send(r->agent_control.fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		vm_kill(r);
}

/* Nothing more to expect from this guest. */
static void run_abandon(struct run *r)
{
	r->phase = STOPPING;
	if (r->session > 0)
		kill(r->session, SIGTERM);
	vm_kill(r);
	r->loop.stop = r->vm.pid <= 0;
}

static void run_fail(struct run *r, int status, const char *text)
{
	fault_set(&r->fault, status, "%s", text);
	r->keep_log = true;
	run_abandon(r);
}

/* --- the session ------------------------------------------------------------------- */

static void session_child(struct run *r, int result, pid_t parent)
{
	struct session session = { r->options.user, r->options.command,
				   !r->options.command && r->on_terminal };
	struct outcome out;
	sigset_t none;

	die_with_parent(parent, SIGTERM);
	prctl(PR_SET_NAME, "lb-session");
	dup2(result, STDERR_FILENO + 1);
	result = STDERR_FILENO + 1;
	close_range((unsigned)result + 1, ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	session_run(r->socket, &session, &out);
	fd_write_all(result, &out, sizeof(out));
	_exit(0);
}

static void session_start(struct run *r)
{
	pid_t parent = getpid();
	int pipe_fds[2];

	timer_stop(&r->loop, &r->deadline);
	vm_is_up(&r->vm);
	r->phase = RUNNING;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		run_fail(r, HOST_FAILED, "unable to open a session: no descriptors left");
		return;
	}
	r->session = fork();
	if (r->session == 0)
		session_child(r, pipe_fds[1], parent);
	close(pipe_fds[1]);
	watch_add(&r->loop, &r->result, pipe_fds[0], EPOLLIN);
	if (r->session < 0)
		run_fail(r, HOST_FAILED, "unable to open a session: no process left");
}

static void children_reap(struct run *r);

/* A stream that broke, because QEMU or the agent ended? That tells more. */
static bool cause_is_known(struct run *r)
{
	if ((r->agent > 0 && child_ends(r->agent, BREAK_MS)) ||
	    (r->vm.pid > 0 && child_ends(r->vm.pid, BREAK_MS)))
		children_reap(r);
	return r->agent == 0 || r->vm.pid == 0;
}

/* The session's end is the run's. */
static void session_over(struct run *r, const struct outcome *out)
{
	bool broken = out->how == OUTCOME_LOST ||
		      (out->how == OUTCOME_FAILED && out->code == HOST_FAILED);

	if (broken && cause_is_known(r))
		return;
	r->status = outcome_status(out);
	if (out->text[0])
		fault_set(&r->fault, r->status, "%s", out->text);
	/* Only where the bridge failed does the guest's log say more. */
	r->keep_log |= broken;
	run_stop(r);
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
	else if (r->phase == RUNNING)
		run_fail(r, HOST_FAILED, "the session ended without a word");
	close(fd);
}

/* --- the guest's console -------------------------------------------------------------- */

static void terminal_raw(struct run *r)
{
	struct termios raw = r->terminal;

	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void terminal_restore(const struct run *r)
{
	sigset_t set;

	if (!r->terminal_known)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &r->terminal);
}

static void keyboard_ready(struct watch *watch, uint32_t events)
{
	struct run *r = container_of(watch, struct run, keyboard);
	char keys[256];
	ssize_t n = read(watch->fd, keys, sizeof(keys));

	(void)events;
	if (n > 0)
		fd_write_all(r->console_out.fd, keys, (size_t)n);
	else if (n == 0)
		run_abandon(r);
}

static void emergency(struct run *r)
{
	char text[512];

	fmt(text, sizeof(text), "the guest did not boot: %s", r->console.failed);
	if (!r->on_terminal) {
		run_fail(r, HOST_FAILED, text);
		return;
	}
	r->phase = EMERGENCY;
	r->keep_log = true;
	timer_stop(&r->loop, &r->deadline);
	note("%s; this is the guest's emergency shell, exit ends it", text);
	fault_set(&r->fault, HOST_FAILED, "%s", text);
	terminal_raw(r);
	watch_add(&r->loop, &r->keyboard, STDIN_FILENO, EPOLLIN);
	fd_write_all(r->console_out.fd, "\r", 1); /* for a prompt: the first one is past */
}

static void console_ready(struct watch *watch, uint32_t events)
{
	struct run *r = container_of(watch, struct run, console_out);
	char text[4096];
	ssize_t n = read(watch->fd, text, sizeof(text));
	int fd = watch->fd;

	(void)events;
	if (n <= 0) {
		watch_remove(watch);
		close(fd);
		return;
	}
	console_feed(&r->console, text, (size_t)n);
	if (r->phase == EMERGENCY)
		fd_write_all(STDERR_FILENO, text, (size_t)n);
	else if (r->phase == BOOTING && r->console.emergency)
		emergency(r);
}

/* --- events ---------------------------------------------------------------------------- */

static void control_ready(struct watch *watch, uint32_t events)
{
	struct run *r = container_of(watch, struct run, agent_control);
	char word;
	ssize_t n = recv(watch->fd, &word, 1, MSG_DONTWAIT);

	(void)events;
	if (n == 0)
		watch_set(watch, 0); /* it ended: SIGCHLD tells the rest */
	else if (n == 1 && word == AGENT_UP && r->phase == BOOTING)
		session_start(r);
}

static void deadline_over(struct timer *timer)
{
	struct run *r = container_of(timer, struct run, deadline);
	char text[512];

	switch (r->phase) {
	case BOOTING:
		fmt(text, sizeof(text),
		    "the guest did not come up within %u s%s%s (--timeout sets another limit)",
		    r->options.timeout, r->console.failed[0] ? ": " : "", r->console.failed);
		run_fail(r, HOST_TIMEOUT, text);
		break;
	case RUNNING: /* a signal came and the session is still there */
		if (r->session > 0)
			kill(r->session, SIGKILL);
		run_stop(r);
		break;
	default:
		if (r->options.write)
			fault_set(
				&r->fault, HOST_FAILED,
				"the guest did not power off within %d s and was ended: the image "
				"may lack what it wrote last",
				WRITE_OFF_MS / 1000);
		vm_kill(r);
		break;
	}
}

/* Somebody typed poweroff at the guest's prompt: a good end. */
static bool powered_off(const struct run *r, int status)
{
	return r->phase == RUNNING && !r->options.command && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static void qemu_gone(struct run *r, int status)
{
	char complaint[400], text[512];

	r->vm.pid = 0;
	if (r->phase == STOPPING || r->phase == EMERGENCY || powered_off(r, status)) {
		r->phase = STOPPING;
		r->loop.stop = true;
		return;
	}
	/* Once it is up, a step that failed is no reason: it went on without. */
	if (r->phase == BOOTING && r->console.failed[0])
		fmt(text, sizeof(text), "the guest did not boot: %s", r->console.failed);
	else if (WIFSIGNALED(status))
		fmt(text, sizeof(text), "QEMU was ended by signal %d", WTERMSIG(status));
	else if (vm_complaint(&r->vm, complaint, sizeof(complaint)))
		fmt(text, sizeof(text), "QEMU ended: %s", complaint);
	else
		fmt(text, sizeof(text), "the guest powered itself off");
	run_fail(r, HOST_FAILED, text);
}

static void child_gone(struct run *r, pid_t pid, int status)
{
	if (pid == r->vm.pid) {
		qemu_gone(r, status);
	} else if (pid == r->agent) {
		r->agent = 0;
		if (r->phase != STOPPING)
			run_fail(r, HOST_FAILED, "the agent died");
	} else if (pid == r->session) {
		r->session = 0;
	}
}

/* A session that was stopped (Ctrl-Z) stops us too, so that the shell that
 * started us goes on; continued, we continue it. */
static void children_reap(struct run *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (!WIFSTOPPED(status)) {
			child_gone(r, pid, status);
		} else if (pid == r->session) {
			raise(SIGSTOP);
			kill(pid, SIGCONT);
		}
	}
}

/* TERM, INT, HUP. The first one that others sent us goes on to the session
 * (a terminal's goes there by itself). */
static void told_to_stop(struct run *r, const struct signalfd_siginfo *info)
{
	r->status = 128 + (int)info->ssi_signo;
	if (r->phase != RUNNING || r->deadline.armed) {
		run_abandon(r);
		return;
	}
	deadline_set(r, SIGNALLED_MS);
	if (info->ssi_code != SI_KERNEL && r->session > 0)
		kill(r->session, (int)info->ssi_signo);
}

static void signals_ready(struct watch *watch, uint32_t events)
{
	struct run *r = container_of(watch, struct run, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(watch->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			children_reap(r);
		else
			told_to_stop(r, &info);
	}
}

/* --- the start --------------------------------------------------------------------------- */

static int signals_take(struct run *r)
{
	const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < array_len(wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r->signals.ready = signals_ready;
	return fd < 0 ? -errno : watch_add(&r->loop, &r->signals, fd, EPOLLIN);
}

static int loop_start(struct run *r)
{
	int error = loop_init(&r->loop);

	r->agent_control.ready = control_ready;
	r->console_out.ready = console_ready;
	r->result.ready = result_ready;
	r->keyboard.ready = keyboard_ready;
	r->deadline.fire = deadline_over;
	r->agent_control.fd = r->console_out.fd = r->result.fd = r->keyboard.fd = r->signals.fd =
		-1;
	return error < 0 ? error : signals_take(r);
}

/* Whoever reads our output waits for the session's end, not for the agent's. */
static void stdio_leave(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	close(fd);
}

static int agent_child(struct run *r, int listener, int control, pid_t parent)
{
	struct address link = { .kind = ADDRESS_UNIX };
	struct agent_config config = { .link = &link,
				       .socket = r->socket,
				       .listener = listener,
				       .control = control,
				       .wine = &r->wine };
	int status;

	die_with_parent(parent, SIGTERM);
	prctl(PR_SET_NAME, "lb-agent"); /* ps(1) tells them apart */
	/* A terminal's signals are the session's; the agent goes last. */
	setsid();
	stdio_leave();
	vm_path(&r->vm, "link", link.name, ADDRESS_UNIX_MAX + 1);
	status = agent_serve(&config);
	/* Who should have cleaned up may be gone. */
	if (getppid() != parent)
		vm_clean(&r->vm, true);
	return status;
}

static int agent_start(struct run *r)
{
	pid_t parent = getpid();
	int listener, pair[2];

	if (r->options.socket)
		fmt(r->socket, sizeof(r->socket), "%s", r->options.socket);
	else
		vm_path(&r->vm, "agent", r->socket, sizeof(r->socket));
	listener = unix_listen(r->socket, 0600, 16);
	if (listener < 0)
		return fault_set(&r->fault, HOST_FAILED, "unable to listen on %s: %s", r->socket,
				 strerror(-listener));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fault_set(&r->fault, HOST_FAILED, "unable to start the agent: %s",
				 strerror(errno));
	r->agent = fork();
	if (r->agent == 0) {
		close(pair[0]);
		_exit(agent_child(r, listener, pair[1], parent));
	}
	close(listener);
	close(pair[1]);
	watch_add(&r->loop, &r->agent_control, pair[0], EPOLLIN);
	return r->agent < 0 ? fault_set(&r->fault, HOST_FAILED, "unable to start the agent: %s",
					strerror(errno))
			    : 0;
}

static int console_connect(struct run *r)
{
	char path[128];
	int fd;

	vm_path(&r->vm, "console", path, sizeof(path));
	fd = unix_connect(path);
	if (fd < 0)
		return fault_set(&r->fault, HOST_FAILED, "unable to reach the guest's console: %s",
				 strerror(-fd));
	return watch_add(&r->loop, &r->console_out, fd, EPOLLIN);
}

/* Everything that can be wrong with the request is found before QEMU starts. */
static int run_prepare(struct run *r)
{
	struct options *o = &r->options;
	struct fault *why = &r->fault;

	if (dirs_find(&r->dirs, why) < 0 || drives_check(&o->drives, why) < 0 ||
	    image_open(&r->image, o, &r->dirs, why) < 0 ||
	    vm_prepare(&r->vm, o, &r->image, &r->dirs, why) < 0 ||
	    wine_find(&r->wine, &r->dirs, &o->drives, why) < 0)
		return -1;
	if (o->dry_run)
		return vm_print(&r->vm, why);
	return wine_prepare(&r->wine, &o->drives, why);
}

static int run_start(struct run *r)
{
	r->on_terminal = session_on_terminal();
	r->terminal_known = tcgetattr(STDIN_FILENO, &r->terminal) == 0;
	if (loop_start(r) < 0)
		return fault_set(&r->fault, HOST_FAILED, "unable to wait for events");
	if (vm_start(&r->vm, &r->fault) < 0 || agent_start(r) < 0 || console_connect(r) < 0)
		return -1;
	deadline_set(r, 1000 * (int64_t)r->options.timeout);
	return 0;
}

static void run_end(struct run *r)
{
	vm_kill(r);
	if (r->vm.pid > 0)
		child_wait(r->vm.pid, POWER_OFF_MS);
	if (r->session > 0)
		child_wait(r->session, 0);
	fd_close(&r->agent_control.fd);
	if (r->agent > 0) {
		kill(r->agent, SIGTERM);
		child_wait(r->agent, AGENT_END_MS);
	}
	terminal_restore(r);
	r->keep_log = r->keep_log && vm_has_log(&r->vm);
	if (r->keep_log) {
		size_t len = strlen(r->fault.text);

		fmt(r->fault.text + len, sizeof(r->fault.text) - len, " (log: %s)", r->vm.log);
	}
	vm_clean(&r->vm, r->keep_log);
}

static int run_guest(struct run *r)
{
	if (run_prepare(r) == 0 && !r->options.dry_run) {
		if (run_start(r) == 0)
			loop_run(&r->loop);
		run_end(r);
	}
	if (!r->fault.status)
		return r->status;
	fault_print(&r->fault);
	return r->fault.status;
}

int run_main(int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r));
	int status = HOST_FAILED;

	(void)argc;
	if (!r)
		return HOST_FAILED;
	r->wine.lock = r->vm.console = r->vm.link = -1;
	if (options_parse(&r->options, COMMAND_RUN, argv, &r->fault) < 0) {
		status = fault_print(&r->fault);
	} else if (r->options.help) {
		fd_write_all(STDOUT_FILENO, options_help(COMMAND_RUN),
			     strlen(options_help(COMMAND_RUN)));
		status = 0;
	} else {
		status = run_guest(r);
	}
	free(r);
	return status;
}
