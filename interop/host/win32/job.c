/* job.c: one Windows program for one stream. */
#include "interop/host/win32/job.h"

#include <stdlib.h>

#include <windows.h>

#include "interop/host/judge.h"
#include "interop/host/request.h"
#include "interop/host/start.h"
#include "interop/host/win32/canonical.h"
#include "interop/host/win32/environment.h"
#include "interop/host/win32/program.h"
#include "interop/host/winname.h"
#include "interop/stream/win32/win32.h"
#include "lib/bytes.h"
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
	struct judge judge;
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

_Static_assert((int)JUDGE_PATH_MAX >= (int)CANONICAL_MAX, "canonical_path fills it");

/* --- what decides about it ---------------------------------------------------------- */

/* The guest's files are not here yet. */
static const char *share_refuse(void *owner, const char *path)
{
	(void)owner;
	return winname_is_shared(path) ? "the Windows agent does not show the guest's files yet "
					 "(copy it under /mnt/c)"
				       : NULL;
}

/* To Windows a guest's files would be those of its own WSL, which it would start to look. */
static int job_canonical(void *owner, const char *path, const char *shown, char *out,
			 struct fault *why)
{
	const char *elsewhere = share_refuse(owner, path);
	uint32_t error;

	if (elsewhere)
		return fault_set(why, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", shown, elsewhere);
	error = canonical_path(path, out);
	return error ? start_error(error, shown, why) : 0;
}

static bool job_may_run(void *owner, const char *canonical, const struct policy_rule **by)
{
	const struct serving *s = owner;

	return rules_program(s->host->rules, canonical, by);
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
	return fault_set(&s->judge.fault, WIRE_FAIL_BRIDGE, "unable to run %s: no memory",
			 s->judge.program);
}

static int request_make(struct serving *s, struct request *q, const struct open *l)
{
	const struct request_host host = { .flags = s->host->wine ? START_PERCENT_EXPANDS : 0,
					   .system_dir = s->host->system_dir,
					   .rules = s->host->rules };
	size_t size = l->fields_len * 2 + (1 << 17);
	void *buf = malloc(size);
	struct writer w;
	int r;

	if (!buf)
		return no_memory(s);
	writer_init(&w, buf, size);
	r = request_build(&w, l, &host, &s->judge.fault);
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
	DWORD error = program_start(&program, &process);

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

static void job_audit(const struct serving *s, const struct open *l, const char *what)
{
	char entry[JUDGE_ENTRY_MAX];

	if (!s->host->audit->log)
		return;
	judge_entry(&s->judge, l, what, entry);
	audit_say(s->host->audit, "job=%lu %s", s->id, entry);
}

static int job_run(struct serving *s, const struct open *l, void *const std[3],
		   struct started *started, uint32_t *os_error)
{
	struct request q = { NULL, NULL, NULL, NULL };
	int r = request_make(s, &q, l);

	if (r == 0) {
		*os_error = request_start(&q, l->flags & PROGRAM_DETACH, std, started);
		if (*os_error)
			r = start_error(*os_error, s->judge.program, &s->judge.fault);
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
	int r = judge_open(&s->judge, &judged);

	if (r == 0)
		r = job_run(s, &judged, std, started, &os_error);
	turn_pass(s);
	job_audit(s, &judged, r == 0 ? "run" : "refused");
	return r == 0 ? 0 : judge_fail(&s->judge, r, os_error, why);
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
	static const struct judge_ops judge = { .canonical = job_canonical,
						.may_run = job_may_run,
						.share = share_refuse };
	struct serving serving = { .host = host, .id = GetCurrentThreadId() };
	int error;

	serving.judge = (struct judge){ .ops = &judge, .owner = &serving, .rules = host->rules };
	turn_take(&serving);
	error = runner_serve(endpoint, &starter, &serving);
	turn_pass(&serving);
	return error;
}
