/* job.c: one Windows program for one stream. */
#include "interop/host/win32/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "interop/host/request.h"
#include "interop/host/start.h"
#include "interop/host/win32/canonical.h"
#include "interop/host/win32/environment.h"
#include "interop/host/win32/program.h"
#include "interop/host/winname.h"
#include "interop/stream/win32/win32.h"
#include "lib/bytes.h"
#include "lib/fmt.h"
#include "lib/win32/wide.h"

enum {
	TURNS = 4,
	TURN_MS = 1000, /* one that hangs (a dead share) holds the others up no longer */
};

/* The owner of one stream. */
struct serving {
	const struct job_host *host;
	bool in_turn;
	unsigned long id; /* in audit.log */
	uint32_t uid;
	char program[512]; /* for messages */
	char canonical[CANONICAL_MAX];
	struct fault fault; /* what *why's text points into */
};

/* What start.h's request says, in strings of Windows. */
struct request {
	wchar_t *image, *command_line, *cwd, *env;
};

void *turns_create(void)
{
	return CreateSemaphoreW(NULL, TURNS, TURNS, NULL);
}

static void turn_take(struct serving *s)
{
	s->in_turn = WaitForSingleObject(s->host->turns, TURN_MS) == WAIT_OBJECT_0;
}

static void turn_pass(struct serving *s)
{
	if (s->in_turn)
		ReleaseSemaphore(s->host->turns, 1, NULL);
	s->in_turn = false;
}

static int failed_fill(struct failed *why, const struct fault *fault, uint32_t os_error)
{
	why->code = (uint32_t)fault->status;
	why->os_error = os_error;
	why->text.at = fault->text;
	why->text.len = strlen(fault->text);
	return -1;
}

/* --- what the rules say ---------------------------------------------------------- */

static int rules_refuse(struct serving *s, const char *why, const struct policy_rule *by)
{
	return fault_set(&s->fault, WIRE_FAIL_NOT_RUN,
			 "unable to run %s: the host's policy %s%s%s)", s->program, why,
			 by ? by->allow ? "allow " : "deny " : "", by ? by->pattern : "");
}

/* What is judged is what runs: from here on the program has its one name. */
static int path_judge(struct serving *s, struct open *l)
{
	const struct policy_rule *by = NULL;
	uint32_t error = canonical_path(l->program.at, s->canonical);

	if (error) {
		start_error(error, s->program, &s->fault);
		return -1;
	}
	l->program = (struct wire_str){ s->canonical, strlen(s->canonical) };
	if (!rules_program(s->host->rules, s->canonical, &by))
		return rules_refuse(s, by ? "forbids it (" : "forbids it (default deny", by);
	return 0;
}

/* The guest's files are not here yet. */
static int share_judge(struct serving *s, const struct open *l)
{
	static const char text[] =
		"the Windows agent does not show the guest's files yet (copy it under /mnt/c)";

	if (winname_is_shared(l->program.at))
		return fault_set(&s->fault, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", s->program,
				 text);
	if (l->cwd.len == 0 || !winname_is_shared(l->cwd.at))
		return 0;
	fault_set(&s->fault, WIRE_FAIL_NOT_RUN, "unable to run %s in %s: %s", s->program, l->cwd.at,
		  text);
	return -ENOTDIR;
}

static int job_judge(struct serving *s, struct open *l)
{
	const struct rules *rules = s->host->rules;

	if (l->program.len == 0 || winname_refuse(l->program.at))
		return 0; /* request_build says why */
	if (share_judge(s, l) < 0)
		return l->cwd.len > 0 && !winname_is_shared(l->program.at) ? -ENOTDIR : -1;
	if (rules_have_paths(rules) && path_judge(s, l) < 0)
		return -1;
	if (!rules->batch &&
	    (winname_is_batch(l->program.at) || winname_is_powershell(l->program.at)))
		return rules_refuse(s, "runs no scripts (batch off", NULL);
	return 0;
}

/* --- the request ---------------------------------------------------------------------- */

static wchar_t *take_string(struct reader *r, size_t *count)
{
	uint32_t len = read_u32(r);
	const char *text = read_bytes(r, len);

	return text ? wide_new(text, len, count) : NULL;
}

static void request_drop(struct request *q)
{
	free(q->image);
	free(q->command_line);
	free(q->cwd);
	free(q->env);
}

/* After its length and flags, which are for a helper. */
static bool request_read(struct request *q, const struct writer *w)
{
	struct reader r;
	wchar_t *over;
	size_t count = 0;

	reader_init(&r, w->base, w->used);
	read_u32(&r);
	read_u32(&r);
	q->image = take_string(&r, NULL);
	q->command_line = take_string(&r, NULL);
	q->cwd = take_string(&r, NULL);
	over = take_string(&r, &count);
	q->env = over ? environment_over(over, count) : NULL;
	free(over);
	return q->image && q->command_line && q->cwd && q->env;
}

static int no_memory(struct serving *s)
{
	return fault_set(&s->fault, WIRE_FAIL_BRIDGE, "unable to run %s: no memory", s->program);
}

static int request_make(struct serving *s, struct request *q, const struct open *l)
{
	const unsigned flags = s->host->wine ? START_PERCENT_EXPANDS : 0;
	size_t size = l->fields_len * 2 + (1 << 17);
	void *buf = malloc(size);
	struct writer w;
	int r;

	if (!buf)
		return no_memory(s);
	writer_init(&w, buf, size);
	r = request_build(&w, l, flags, s->host->rules, &s->fault);
	if (r == 0 && !request_read(q, &w))
		r = no_memory(s);
	free(buf);
	return r;
}

/* --- the start ------------------------------------------------------------------------- */

/* A program without a directory of its own starts in the user's. */
static const wchar_t *cwd_of(const struct request *q, wchar_t home[MAX_PATH])
{
	DWORD len;

	if (q->cwd && *q->cwd)
		return q->cwd;
	len = GetEnvironmentVariableW(L"USERPROFILE", home, MAX_PATH);
	return len > 0 && len < MAX_PATH ? home : NULL;
}

/* In a job from its first instruction on. */
static DWORD hold(const PROCESS_INFORMATION *process, bool detached, struct started *started)
{
	HANDLE job = CreateJobObjectW(NULL, NULL);

	started->subsystem = program_subsystem(process->hProcess);
	if (!job)
		return GetLastError();
	program_job_set(job, !detached && started->subsystem != WIRE_GUI);
	if (!AssignProcessToJobObject(job, process->hProcess)) {
		CloseHandle(job);
		return GetLastError();
	}
	started->process = process->hProcess;
	started->job = job;
	started->pid = process->dwProcessId;
	return 0;
}

static DWORD request_start(const struct request *q, bool detached, void *const std[3],
			   struct started *started)
{
	wchar_t home[MAX_PATH];
	const struct winprogram program = { .image = q->image,
					    .command_line = q->command_line,
					    .cwd = cwd_of(q, home),
					    .env = q->env,
					    .std = { std[0], std[1], std[2] } };
	PROCESS_INFORMATION process;
	DWORD error = program_check(q->image);

	if (!error)
		error = program_start(&program, &process);
	if (error)
		return error;
	error = hold(&process, detached, started);
	if (error) {
		TerminateProcess(process.hProcess, 1);
		CloseHandle(process.hProcess);
	} else {
		ResumeThread(process.hThread);
	}
	CloseHandle(process.hThread);
	return error;
}

/* The arguments that fit into a line, with a space between them. */
static void job_audit(const struct serving *s, const struct open *l, const char *what)
{
	char args[600] = "";
	size_t pos = 0, len = 0;
	struct wire_str arg;

	if (!s->host->audit->log)
		return;
	while (len < sizeof(args) && open_next(l, OPEN_TAG_ARG, &pos, &arg))
		len += fmt(args + len, sizeof(args) - len, " %s", arg.at);
	audit_say(s->host->audit, "job=%lu uid=%d %s %s:%s", s->id, (int)l->uid, what, s->program,
		  args);
}

static int job_run(struct serving *s, const struct open *l, void *const std[3],
		   struct started *started, uint32_t *os_error)
{
	struct request q = { NULL, NULL, NULL, NULL };
	int r = request_make(s, &q, l);

	if (r == 0) {
		*os_error = request_start(&q, l->flags & PROGRAM_DETACH, std, started);
		if (*os_error)
			r = start_error(*os_error, s->program, &s->fault);
	}
	request_drop(&q);
	return r;
}

static int job_start(void *owner, const struct open *l, void *const std[3], struct started *started,
		     struct failed *why)
{
	struct serving *s = owner;
	struct open judged = *l;
	uint32_t os_error = 0;
	int r;

	fmt(s->program, sizeof(s->program), "%s", l->program.at ? l->program.at : "");
	r = job_judge(s, &judged);
	if (r == 0)
		r = job_run(s, &judged, std, started, &os_error);
	turn_pass(s);
	if (r == -ENOTDIR)
		os_error = WIRE_ERROR_DIRECTORY;
	job_audit(s, &judged, r == 0 ? "run" : "refused");
	return r == 0 ? 0 : failed_fill(why, &s->fault, os_error);
}

/* What the program left behind on purpose (start, a tray icon) stays. */
static void job_ended(void *owner, const struct started *started, uint32_t code)
{
	const struct serving *s = owner;

	program_job_set(started->job, FALSE);
	audit_say(s->host->audit, "job=%lu exit %u", s->id, code);
}

bool job_under_wine(void)
{
	return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL;
}

int job_serve(int endpoint, const struct job_host *host)
{
	static const struct starter starter = { .start = job_start, .ended = job_ended };
	struct serving serving = { .host = host, .id = GetCurrentThreadId() };

	int error;

	turn_take(&serving);
	error = runner_serve(endpoint, &starter, &serving);
	turn_pass(&serving);
	return error;
}
