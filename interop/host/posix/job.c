/* job.c: runs one Windows program under Wine for one stream. */
#include "interop/host/posix/job.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/sockios.h>

#include "interop/host/judge.h"
#include "interop/host/posix/canonical.h"
#include "interop/host/posix/header.h"
#include "interop/host/posix/helper.h"
#include "interop/host/request.h"
#include "interop/host/start.h"
#include "interop/host/winname.h"
#include "lib/lib.h"
#include "lib/tree.h"

enum {
	YOUNG_MS = 1000,     /* a program so young may not have come to handle Ctrl-C */
	INTERRUPT_MS = 2000, /* one that ends so soon after Ctrl-C ended of it */
	SHARE_MS = 5000, /* for the guest's files to be there, which it may have to be asked for */
	AGAIN_TIMES = 6, /* a host that is slow, and does not hang, needs longer */
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
	bool share_asked, share_there;
	struct judge judge;
};

_Static_assert(JUDGE_PATH_MAX >= PATH_MAX, "canonical_path fills it");

/* --- what is started ahead --------------------------------------------------------- */

/* Whether both have the same pipes, or terminals of one size. */
static bool has_shape(const struct open *ahead, const struct open *l)
{
	const uint32_t flags = PROGRAM_TTY | PROGRAM_NO_STDIN | PROGRAM_ONE_OUTPUT | PROGRAM_APART;

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

/* --- what decides about it --------------------------------------------------------- */

static int job_canonical(void *owner, const char *path, const char *shown, char *out,
			 struct fault *why)
{
	const struct serving *s = owner;
	int error = canonical_path(s->host->drives, path, out);

	if (error == -ENOENT || error == -ENOTDIR)
		return fault_set(why, WIRE_FAIL_NOT_FOUND, "unable to run %s: no such file", shown);
	if (error)
		return fault_set(why, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", shown,
				 error == -EXDEV ? "it leads out of the drives" : strerror(-error));
	return 0;
}

static bool job_may_run(void *owner, const char *canonical, const struct policy_rule **by)
{
	const struct serving *s = owner;

	return canonical_may_run(s->host->drives, s->host->rules, canonical, by);
}

/* Whether the guest's files are there; it is waited for once. */
static bool share_waits(struct serving *s)
{
	struct pollfd p = { .fd = s->host->share.ready, .events = POLLIN };

	/* Nobody takes the byte that says so. */
	if (!s->share_asked)
		s->share_there = p.fd >= 0 && poll(&p, 1, SHARE_MS) == 1 && p.revents & POLLIN;
	s->share_asked = true;
	return s->share_there;
}

static const char *share_refuse(void *owner, const char *path)
{
	struct serving *s = owner;
	const char *name = s->host->share.name;
	bool there = share_waits(s);

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

static void job_audit(const struct serving *s, const struct open *l, const char *what)
{
	char entry[JUDGE_ENTRY_MAX];

	if (s->host->audit.log < 0)
		return;
	judge_entry(&s->judge, l, what, entry);
	audit_say(&s->host->audit, "job=%d %s", (int)getpid(), entry);
}

/* Scripts have no header: what runs them is started. */
static int header_judge(struct serving *s, const struct open *l)
{
	const char *path = l->program.at, *refusal = NULL;

	if (!winname_is_batch(path) && !winname_is_powershell(path))
		refusal = header_refuse(s->host->drives, path);
	return refusal ? fault_set(&s->judge.fault, WIRE_FAIL_NOT_RUN, "unable to run %s: it %s",
				   s->judge.program, refusal)
		       : 0;
}

static int job_start(struct serving *s, const struct open *l, const struct child_setup *child,
		     struct job *job)
{
	/* Wine's directory is always that. */
	const struct request_host host = {
		.flags = START_PERCENT_EXPANDS | (has_display() ? 0 : START_NO_DISPLAY),
		.system_dir = "C:\\windows\\system32",
		.rules = s->host->rules,
	};
	size_t size = l->fields_len * 2 + (1 << 17);
	struct writer w;
	void *buf = malloc(size);
	int r = -1, error = 0;

	writer_init(&w, buf, size);
	if (!buf)
		fault_set(&s->judge.fault, WIRE_FAIL_BRIDGE, "unable to run %s: no memory",
			  s->judge.program);
	else
		r = request_build(&w, l, &host, &s->judge.fault);
	if (r == 0)
		r = header_judge(s, l);
	if (r == 0 && s->helper.pid <= 0)
		error = job_helper(s, l, child, 0);
	if (error)
		r = fault_set(&s->judge.fault, WIRE_FAIL_BRIDGE, "unable to start Wine: %s",
			      strerror(-error));
	if (r == 0) {
		helper_ask(&s->helper, w.base, w.used);
		job->pid = s->helper.pid;
		job->report = s->helper.reports;
		job->patience = s->host->helper_ms;
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
	int r = judge_open(&s->judge, &judged);

	if (r < 0)
		;
	else if (!s->wine->runs)
		r = fault_set(&s->judge.fault, WIRE_FAIL_NOT_RUN, "unable to run %s: %s",
			      s->judge.program, s->wine->whynot);
	else
		r = job_start(s, &judged, child, job);
	job_audit(s, &judged, r == 0 ? "run" : "refused");
	return r == 0 ? 0 : judge_fail(&s->judge, r, 0, why);
}

static bool job_again(void *owner, struct job *job)
{
	struct serving *s = owner;
	pid_t pid = helper_again(&s->helper, s->wine);

	if (pid > 0)
		job->pid = pid;
	job->patience *= AGAIN_TIMES;
	return pid > 0;
}

/* Where Wine hangs before the helper has read its request nothing was started, and it may
 * be made again. One that has read it is about to say how it went. */
static void job_silent(void *owner, const struct job *job)
{
	int unread;

	(void)owner;
	if (ioctl(job->report, SIOCOUTQ, &unread) == 0 && unread > 0)
		kill(-job->pid, SIGKILL);
}

/* The helper ended before it could say anything. */
static int job_unheard(struct serving *s, struct failed *why)
{
	if (s->told)
		return 0;
	s->told = true;
	fault_set(&s->judge.fault, WIRE_FAIL_BRIDGE,
		  "unable to run %s: Wine did not start the helper (try: WINEPREFIX=%s %s cmd.exe)",
		  s->judge.program, s->wine->prefix, s->wine->loader);
	judge_fail(&s->judge, -1, 0, why);
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
		return job_unheard(s, why);
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
		start_error(a, s->judge.program, &s->judge.fault);
		judge_fail(&s->judge, -1, a, why);
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
		if (!s->told)
			s->ended_by = signal; /* and not as Wine could not start it */
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
					       .silent = job_silent,
					       .signal = job_signal,
					       .force = job_force,
					       .typed_interrupt = job_typed_interrupt };
	static const struct judge_ops judge = { .canonical = job_canonical,
						.may_run = job_may_run,
						.share = share_refuse };
	struct serving serving = { .host = host, .wine = host->wine, .ends = no_ends };
	int r;

	serving.judge = (struct judge){ .ops = &judge, .owner = &serving, .rules = host->rules };
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
