/* job.c: runs one Windows program under Wine for one stream. */
#include "interop/host/posix/job.h"
#include "interop/host/request.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/posix/canonical.h"
#include "interop/host/posix/helper.h"
#include "interop/host/start.h"
#include "interop/host/winname.h"
#include "lib/lib.h"
#include "lib/tree.h"

enum {
	YOUNG_MS = 1000,     /* a program so young may not have come to handle Ctrl-C */
	INTERRUPT_MS = 2000, /* one that ends so soon after Ctrl-C ended of it */
	SHARE_MS = 5000, /* for the guest's files to be there, which it may have to be asked for */
	END_MS = 1500,   /* between a signal that ends a program and the end of patience */
	CONTROL_C_EXIT = (int)0xc000013a,
};

static const struct ends no_ends = { { -1, -1, -1 }, { -1, -1, -1 } };

/* The owner of one stream. */
struct serving {
	const struct job_host *host;
	const struct wine *wine;
	struct helper helper;
	struct ends ends;             /* of a helper that was started ahead and was not asked yet */
	bool told;                    /* the helper has said how it went, or cannot any more */
	int64_t started_at, asked_at; /* asked_at: the last Ctrl-C; 0: none */
	int ended_by;                 /* all of it was ended for that signal; not reported yet */
	int last_signal;
	char program[512]; /* for messages */
	char canonical[PATH_MAX];
	struct fault fault; /* what *why's text points into */
};

static int failed_fill(struct failed *why, const struct fault *fault, uint32_t os_error)
{
	why->code = (uint32_t)fault->status;
	why->os_error = os_error;
	why->text.at = fault->text;
	why->text.len = strlen(fault->text);
	return -1;
}

/* --- what is started ahead --------------------------------------------------------- */

/* Whether both have the same pipes, or terminals of one size. */
static bool has_shape(const struct open *ahead, const struct open *l)
{
	const uint32_t flags = PROGRAM_TTY | PROGRAM_NO_STDIN | PROGRAM_ONE_OUTPUT;

	if ((ahead->flags & flags) != (l->flags & flags))
		return false;
	return !(l->flags & PROGRAM_TTY) || (ahead->rows == l->rows && ahead->cols == l->cols);
}

/* Wine gives a process descriptors 0 and 1 as its handles say, but descriptor 2 always
 * as its parent's is: with one output the helper has none. */
static int job_helper(struct serving *s, const struct open *l, const struct child_setup *child,
		      unsigned flags)
{
	const int alone[] = { child->fds[0], child->fds[1], -1 };
	struct child_setup setup = *child;

	if (l->flags & PROGRAM_ONE_OUTPUT)
		setup.fds = alone;
	return helper_start(&s->helper, s->wine, &setup,
			    flags | (l->flags & PROGRAM_TTY ? START_TTY : 0));
}

/* What fails here is tried again when it is asked for. */
static void job_prepare(struct serving *s, const struct open *ahead)
{
	const struct child_setup child = { .flags = CHILD_SESSION |
						    (ahead->flags & PROGRAM_TTY ? CHILD_TTY : 0),
					   .fds = s->ends.theirs,
					   .fd_count = 3 };

	prctl(PR_SET_CHILD_SUBREAPER, 1); /* a console's process is nobody's child */
	if (ends_open(&s->ends, ahead) == 0)
		job_helper(s, ahead, &child, START_AHEAD);
}

static bool job_ends(void *owner, const struct open *l, struct ends *ends)
{
	struct serving *s = owner;

	if (helper_waits(&s->helper) && has_shape(s->host->ahead, l)) {
		*ends = s->ends;
		s->ends = no_ends;
		return true;
	}
	helper_end(&s->helper);
	ends_close(&s->ends);
	return false;
}

static bool has_display(void)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	return (x && *x) || (wayland && *wayland);
}

/* --- what the rules say ---------------------------------------------------------- */

static int rules_refuse(struct serving *s, const char *why, const struct policy_rule *by)
{
	return fault_set(&s->fault, WIRE_FAIL_NOT_RUN,
			 "unable to run %s: the host's policy %s%s%s)", s->program, why,
			 by ? by->allow ? "allow " : "deny " : "", by ? by->pattern : "");
}

/* What is judged is what runs: from here on the program has its one name. Windows
 * would follow links, and take PROGRA~1 for another name. */
static int path_judge(struct serving *s, struct open *l)
{
	int error = canonical_path(s->host->drives, l->program.at, s->canonical);
	const struct policy_rule *by = NULL;

	if (error == -ENOENT || error == -ENOTDIR)
		return fault_set(&s->fault, WIRE_FAIL_NOT_FOUND, "unable to run %s: no such file",
				 s->program);
	if (error)
		return fault_set(&s->fault, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", s->program,
				 error == -EXDEV ? "it leads out of the drives" : strerror(-error));
	l->program = (struct wire_str){ s->canonical, strlen(s->canonical) };
	if (!canonical_may_run(s->host->drives, s->host->rules, s->canonical, &by))
		return rules_refuse(s, by ? "forbids it (" : "forbids it (default deny", by);
	return 0;
}

/* --- the guest's files -------------------------------------------------------------- */

static bool share_waits(const struct serving *s)
{
	struct pollfd p = { .fd = s->host->share.ready, .events = POLLIN };

	/* Nobody takes the byte that says so. */
	return p.fd >= 0 && poll(&p, 1, SHARE_MS) == 1 && p.revents & POLLIN;
}

/* Why a path of some guest's leads nowhere; NULL: it does, or is no such path. */
static const char *share_refuse(const struct serving *s, bool there, const char *path)
{
	const char *name = s->host->share.name;

	if (!winname_is_shared(path))
		return NULL;
	if (!name)
		return "the host's programs do not have the guest's files here (copy it under /mnt/c)";
	if (!winname_is_of(path, name))
		return "the host's programs have only the files of this machine by such a name";
	return there ? NULL
		     : "the host's programs do not have the guest's files now (landbridge log "
		       "says why)";
}

/* What names them only in passing runs without them, too. */
static int share_judge(struct serving *s, const struct open *l)
{
	bool there = share_waits(s);
	const char *why = share_refuse(s, there, l->program.at);

	if (why)
		return fault_set(&s->fault, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", s->program,
				 why);
	why = share_refuse(s, there, l->cwd.at);
	if (!why)
		return 0;
	fault_set(&s->fault, WIRE_FAIL_NOT_RUN, "unable to run %s in %s: %s", s->program, l->cwd.at,
		  why);
	return -ENOTDIR;
}

static int job_judge(struct serving *s, struct open *l)
{
	const struct rules *rules = s->host->rules;

	if (l->program.len == 0 || winname_refuse(l->program.at))
		return 0; /* request_build says why */
	if (rules_have_paths(rules) && path_judge(s, l) < 0)
		return -1;
	if (!rules->batch &&
	    (winname_is_batch(l->program.at) || winname_is_powershell(l->program.at)))
		return rules_refuse(s, "runs no scripts (batch off", NULL);
	return 0;
}

/* The arguments that fit into a line, with a space between them. */
static void job_audit(const struct serving *s, const struct open *l, const char *what)
{
	char args[600] = "";
	size_t pos = 0, len = 0;
	struct wire_str arg;

	if (s->host->audit.log < 0)
		return;
	while (len < sizeof(args) && open_next(l, OPEN_TAG_ARG, &pos, &arg))
		len += fmt(args + len, sizeof(args) - len, " %s", arg.at);
	audit_say(&s->host->audit, "job=%d uid=%d %s %s:%s", (int)getpid(), (int)l->uid, what,
		  s->program, args);
}

static int job_start(struct serving *s, const struct open *l, const struct child_setup *child,
		     struct job *job)
{
	size_t size = l->fields_len * 2 + (1 << 17);
	struct writer w;
	void *buf = malloc(size);
	int r = -1, error = 0;

	writer_init(&w, buf, size);
	if (!buf)
		fault_set(&s->fault, WIRE_FAIL_BRIDGE, "unable to run %s: no memory", s->program);
	else
		r = request_build(&w, l,
				  START_PERCENT_EXPANDS | (has_display() ? 0 : START_NO_DISPLAY),
				  s->host->rules, &s->fault);
	if (r == 0 && s->helper.pid <= 0)
		error = job_helper(s, l, child, 0);
	if (error)
		r = fault_set(&s->fault, WIRE_FAIL_BRIDGE, "unable to start Wine: %s",
			      strerror(-error));
	if (r == 0) {
		helper_ask(&s->helper, w.base, w.used);
		job->pid = s->helper.pid;
		job->report = s->helper.reports;
		job->stderr_is_loose = !(l->flags & PROGRAM_ONE_OUTPUT);
		s->helper.reports = -1;
	}
	free(buf);
	return r;
}

static int job_spawn(void *owner, const struct open *l, const struct child_setup *child,
		     struct job *job, struct failed *why)
{
	struct serving *s = owner;
	struct open judged = *l;
	int r;

	fmt(s->program, sizeof(s->program), "%s", l->program.at ? l->program.at : "");
	r = job_judge(s, &judged);
	if (r == 0)
		r = share_judge(s, &judged);
	if (r < 0)
		;
	else if (!s->wine->runs)
		r = fault_set(&s->fault, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", s->program,
			      s->wine->whynot);
	else
		r = job_start(s, &judged, child, job);
	job_audit(s, &judged, r == 0 ? "run" : "refused");
	if (r == 0)
		return 0;
	return failed_fill(why, &s->fault, r == -ENOTDIR ? WIRE_ERROR_DIRECTORY : 0);
}

static bool job_again(void *owner, struct job *job)
{
	struct serving *s = owner;
	pid_t pid = helper_again(&s->helper, s->wine);

	if (pid > 0)
		job->pid = pid;
	return pid > 0;
}

/* The helper ended before it could say anything. */
static int job_silent(struct serving *s, struct failed *why)
{
	if (s->told)
		return 0;
	s->told = true;
	fault_set(&s->fault, WIRE_FAIL_BRIDGE,
		  "unable to run %s: Wine did not start the helper (try: WINEPREFIX=%s %s cmd.exe)",
		  s->program, s->wine->prefix, s->wine->loader);
	failed_fill(why, &s->fault, 0);
	return 3;
}

/* STARTED first, if it was not said yet, then the code Windows would give. */
static int job_ended_by(struct serving *s, struct job *job, uint32_t *code)
{
	if (!s->told) {
		s->told = true;
		job->subsystem = WIRE_CONSOLE;
		return 1;
	}
	*code = s->ended_by == SIGINT ? (uint32_t)CONTROL_C_EXIT : 128 + (uint32_t)s->ended_by;
	s->ended_by = 0;
	return 2;
}

/* Wine's exit code of a program that Ctrl-C ended is 0. The helper corrects
 * that when it gets to see the event before the program is gone. */
static bool ended_of_it(const struct serving *s, uint32_t code)
{
	return code == 0 && s->asked_at && loop_now() - s->asked_at < INTERRUPT_MS;
}

static int job_report(void *owner, struct job *job, uint32_t *code, struct failed *why)
{
	struct serving *s = owner;
	uint8_t message[START_REPORT];
	struct reader r;
	uint32_t kind, a, b;
	ssize_t n;

	if (s->ended_by)
		return job_ended_by(s, job, code);
	n = recv(job->report, message, sizeof(message), MSG_PEEK | MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return job_silent(s, why);
	if (n < (ssize_t)sizeof(message))
		return 0;
	recv(job->report, message, sizeof(message), MSG_DONTWAIT);
	helper_settled(&s->helper);
	reader_init(&r, message, sizeof(message));
	kind = read_u32(&r);
	a = read_u32(&r);
	b = read_u32(&r);
	switch (kind) {
	case START_STARTED:
		s->told = true;
		s->started_at = loop_now();
		job->pid_shown = a;
		job->subsystem = b;
		return 1;
	case START_EXITED:
		*code = ended_of_it(s, a) ? (uint32_t)CONTROL_C_EXIT : a;
		audit_say(&s->host->audit, "job=%d exit %u", (int)getpid(), *code);
		return 2;
	default:
		s->told = true;
		start_error(a, s->program, &s->fault);
		failed_fill(why, &s->fault, a);
		return 3;
	}
}

/* Every Windows process of the job is our child: we are their subreaper. */
static void signal_all(int signal)
{
	char path[64], name[32], children[4096], *at, *next;
	long pid;

	fmt(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
	if (file_read(path, children, sizeof(children)) < 0)
		return;
	for (at = children; (pid = strtol(at, &next, 10)) > 0; at = next) {
		fmt(path, sizeof(path), "/proc/%ld/comm", pid);
		if (file_read(path, name, sizeof(name)) <= 0)
			continue;
		/* A console's own process would die of Ctrl-C. */
		if (signal == SIGKILL || strcmp(name, "conhost.exe\n") != 0)
			kill((pid_t)pid, signal);
	}
}

/* Wine makes SIGINT a console event, but loses it while a program starts. */
static void job_interrupt(struct serving *s)
{
	if (s->told && loop_now() - s->started_at >= YOUNG_MS) {
		s->asked_at = loop_now();
		signal_all(SIGINT);
		return;
	}
	s->ended_by = SIGINT;
	signal_all(SIGKILL);
}

/* Wine's server has to help with the end of a program, and does not answer. */
static void job_force(void *owner)
{
	struct serving *s = owner;

	s->ended_by = s->last_signal;
	tree_signal(getpid(), SIGKILL);
}

static void job_typed_interrupt(void *owner)
{
	struct serving *s = owner;

	s->asked_at = loop_now();
}

/* The others end the helper, and with it, by its job object, the program.
 * Wine would take QUIT for a good end. */
static int job_signal(void *owner, const struct job *job, int signal)
{
	struct serving *s = owner;

	helper_settled(&s->helper);
	switch (signal) {
	case SIGINT:
		job_interrupt(s);
		return 0;
	case SIGQUIT:
	case SIGHUP:
	case SIGTERM:
	case SIGKILL:
		s->last_signal = signal;
		kill(-job->pid, signal == SIGQUIT ? SIGTERM : signal);
		return END_MS;
	default:
		return 0; /* Windows has no others */
	}
}

int job_serve(int endpoint, const struct job_host *host)
{
	static const struct runner_ops ops = { .spawn = job_spawn,
					       .ends = job_ends,
					       .report = job_report,
					       .again = job_again,
					       .signal = job_signal,
					       .force = job_force,
					       .typed_interrupt = job_typed_interrupt };
	struct serving serving = { .host = host, .wine = host->wine, .ends = no_ends };
	int r;

	helper_init(&serving.helper);
	if (host->ahead)
		job_prepare(&serving, host->ahead);
	r = runner_serve(endpoint, &ops, &serving);
	ends_close(&serving.ends);
	if (serving.helper.reports >= 0)
		helper_end(&serving.helper);
	helper_settled(&serving.helper);
	return r;
}
