/* pair.c: a caller and a runner, each a process, joined by a socket pair. */
#include "interop/stream/test/pair.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/loop.h"
#include "lib/test/cmocka_all.h"

enum { WAIT_MS = 20000, ARGS_MAX = 32 };

static int exec_in_path(void *arg)
{
	char **argv = arg;

	execvp(argv[0], argv);
	return -errno;
}

int exec_spawn(void *owner, const struct open *l, const struct child_setup *child, struct job *job,
	       struct failed *why)
{
	static const char text[] = "exec failed";
	char *argv[ARGS_MAX + 1] = { NULL };
	struct wire_str arg;
	size_t pos = 0;

	(void)owner;
	for (int i = 0; i < ARGS_MAX && open_next(l, OPEN_TAG_ARG, &pos, &arg); i++)
		argv[i] = (char *)(uintptr_t)arg.at;
	*job = (struct job){ .pid = child_exec(child, exec_in_path, argv), .report = -1 };
	if (job->pid > 0)
		return 0;
	*why = (struct failed){ 127, (uint32_t)-job->pid, { text, sizeof(text) - 1 } };
	return job->pid;
}

static int fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static size_t open_make(uint8_t *buf, size_t size, const struct call *call)
{
	struct writer w;

	writer_init(&w, buf, size);
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(&w, OPEN_TAG_FLAGS, call->flags);
	open_put_str(&w, OPEN_TAG_PROGRAM, call->argv[0], strlen(call->argv[0]));
	for (int i = 0; call->argv[i]; i++)
		open_put_str(&w, OPEN_TAG_ARG, call->argv[i], strlen(call->argv[i]));
	if (call->flags & PROGRAM_TTY)
		open_put_winsz(&w, call->rows, call->cols);
	assert_false(w.bad);
	return w.used;
}

/* Leaves 0, 1, 2 as given, the endpoint as 3, and nothing else. */
static void only_these(const int stdio[3], int endpoint)
{
	int fds[4] = { -1, -1, -1, fcntl(endpoint, F_DUPFD, 100) };

	for (int i = 0; i < 3; i++)
		fds[i] = stdio[i] < 0 ? -1 : fcntl(stdio[i], F_DUPFD, 100);
	for (int i = 0; i < 4; i++) {
		if (fds[i] < 0)
			close(i);
		else
			dup2(fds[i], i);
	}
	close_range(4, ~0u, 0);
}

static void caller_process(const struct call *call, int endpoint, struct caller_report *report)
{
	static uint8_t launch[65536];
	size_t len = open_make(launch, sizeof(launch), call);
	int before;

	only_these(call->stdio, endpoint);
	stdio_hold();
	before = fds_open();
	report->error = caller_run(3, launch, len, &report->out);
	report->fds_more = fds_open() - (before - 1); /* it closed the endpoint */
	_exit(call->end_like_main ? outcome_end(&report->out) : outcome_status(&report->out));
}

/* A shell with one job: it gives it the terminal, takes it back when the job
 * stops, and waits to be told to go on. Ends as the job ends. */
static void shell_process(const struct call *call, int endpoint, struct reports *reports)
{
	int tty = fcntl(call->stdio[0], F_DUPFD_CLOEXEC, 200), status;
	pid_t job;

	setsid();
	ioctl(tty, TIOCSCTTY, 0);
	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		if (!call->background)
			tcsetpgrp(tty, getpid());
		signal(SIGTTOU, SIG_DFL);
		caller_process(call, endpoint, &reports->caller);
	}
	close_range(3, 199, 0);
	reports->job = job;
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
		tcsetpgrp(tty, getpid());
		reports->stopped = WSTOPSIG(status);
		while (!reports->may_go_on)
			usleep(1000);
		reports->stopped = 0;
		reports->may_go_on = false;
		tcsetpgrp(tty, job);
		kill(-job, SIGCONT);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void runner_process(const struct call *call, int endpoint, struct runner_report *report)
{
	static const struct runner_ops plain = { .spawn = exec_spawn };
	static const int stdio[3] = { 0, 1, 2 };
	int before;

	only_these(stdio, endpoint);
	signal(SIGCHLD, SIG_IGN); /* as an agent that does not wait would have it */
	before = fds_open();
	report->error = runner_serve(3, call->ops ? call->ops : &plain, NULL);
	report->fds_more = fds_open() - (before - 1);
	_exit(0);
}

void pair_start(struct pair *p, const struct call *call)
{
	int ends[2];

	p->reports = mmap(NULL, sizeof(*p->reports), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(p->reports, MAP_FAILED);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	p->runner = fork();
	if (p->runner == 0)
		runner_process(call, ends[1], &p->reports->runner);
	p->caller = fork();
	if (p->caller == 0 && call->terminal)
		shell_process(call, ends[0], p->reports);
	if (p->caller == 0)
		caller_process(call, ends[0], &p->reports->caller);
	close(ends[0]);
	close(ends[1]);
	for (int i = 0; i < 3; i++)
		if (call->stdio[i] > 2)
			close(call->stdio[i]);
}

static bool ended(void *with)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t) * (pid_t *)with, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

int process_wait(pid_t pid, int ms)
{
	int status = 0;

	if (!retry(ended, &pid, ms)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		fail_msg("process %d did not end in %d ms", (int)pid, ms);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

struct outcome pair_wait(struct pair *p)
{
	struct outcome out;

	process_wait(p->caller, WAIT_MS);
	process_wait(p->runner, WAIT_MS);
	assert_int_equal(p->reports->caller.error, 0);
	assert_int_equal(p->reports->caller.fds_more, 0);
	assert_int_equal(p->reports->runner.error, 0);
	assert_int_equal(p->reports->runner.fds_more, 0);
	out = p->reports->caller.out;
	pair_free(p);
	return out;
}

void pair_free(struct pair *p)
{
	munmap(p->reports, sizeof(*p->reports));
}

ssize_t read_all(int fd, char *buf, size_t size)
{
	ssize_t n = fd_read_full(fd, buf, size - 1);

	assert_true(n >= 0);
	buf[n] = '\0';
	return n;
}

void shell(struct talk *talk, const char *script, int stdin_fd)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct call call = { .argv = argv, .stdio = { stdin_fd } };
	struct pair pair;
	int out[2], err[2];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	call.stdio[1] = out[1];
	call.stdio[2] = err[1];
	pair_start(&pair, &call);
	read_all(out[0], talk->text[0], sizeof(talk->text[0]));
	read_all(err[0], talk->text[1], sizeof(talk->text[1]));
	talk->out = pair_wait(&pair);
	close(out[0]);
	close(err[0]);
}

bool retry(bool (*done)(void *), void *with, int ms)
{
	const struct timespec pause = { 0, 2000000 };

	for (int64_t end = loop_now() + ms; loop_now() < end; nanosleep(&pause, NULL))
		if (done(with))
			return true;
	return done(with);
}

int marked_kill(const char *mark, int signal)
{
	char path[300], line[4096];
	struct dirent *entry;
	int found = 0;
	DIR *dir = opendir("/proc");

	while ((entry = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		n = file_read(path, line, sizeof(line));
		if (n > 0 && memmem(line, (size_t)n, mark, strlen(mark)))
			found += kill((pid_t)strtol(entry->d_name, NULL, 10), signal) == 0;
	}
	closedir(dir);
	return found;
}

bool nobody_is(void *mark)
{
	return marked_kill(mark, 0) == 0;
}

int pipe_with(const char *text)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(fds[1], text, strlen(text)), 0);
	close(fds[1]);
	return fds[0];
}

int file_with(const char *text)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);

	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}
