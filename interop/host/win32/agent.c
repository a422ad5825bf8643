/* agent.c: joins a guest's link to Windows programs, each in a thread. */
#include "interop/host/win32/agent.h"

#include <errno.h>
#include <process.h>
#include <stdlib.h>
#include <string.h>

#include "interop/host/host.h"
#include "interop/host/policy.h"
#include "interop/host/refused.h"
#include "interop/host/time.h"
#include "interop/host/win32/agents.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/win32/handles.h"
#include "lib/win32/pair.h"
#include "lib/win32/wide.h"

enum {
	JOBS_END_MS = 4000,
	HOST_PATH_MAX = 3 * 32 * 1024, /* Windows has no longer variable */
	JOB_STACK = 256 * 1024,
};

/* One stream's thread. */
struct job {
	const struct job_host *host;
	HANDLE thread, ended; /* ended: the agent's event */
	volatile LONG over;   /* the thread has no more to do */
	int endpoint;
	uint32_t uid; /* of the guest */
};

struct agent {
	const struct agent_config *config;
	struct log log;
	struct loop loop;
	struct router *router;
	int pairs; /* pair_place */
	struct handle_watch stop, ended;
	struct cookie_door door; /* for programs of this host */
	struct timer patience;
	struct job *jobs[POLICY_JOBS];
	size_t job_count;
	char path[HOST_PATH_MAX];
	char text[WIRE_FAILED_MAX]; /* what a refusal points into */
};

/* --- jobs -------------------------------------------------------------------------------- */

static unsigned __stdcall job_thread(void *arg)
{
	struct job *job = arg;

	job_serve(job->endpoint, job->host);
	InterlockedExchange(&job->over, 1);
	SetEvent(job->ended);
	return 0;
}

static void job_forget(struct agent *a, size_t i)
{
	struct job *job = a->jobs[i];

	WaitForSingleObject(job->thread, INFINITE);
	CloseHandle(job->thread);
	free(job);
	a->jobs[i] = a->jobs[--a->job_count];
}

static void jobs_ended(struct handle_watch *watch)
{
	struct agent *a = CONTAINING_RECORD(watch, struct agent, ended);
	size_t i = 0;

	while (i < a->job_count)
		if (a->jobs[i]->over)
			job_forget(a, i);
		else
			i++;
	/* At the end only their ends are waited for. */
	if (!a->router && a->job_count == 0)
		a->loop.stop = true;
}

static int job_begin(struct agent *a, int endpoint, uint32_t uid)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	*job = (struct job){
		.host = &a->config->jobs, .ended = a->ended.handle, .endpoint = endpoint, .uid = uid
	};
	job->thread = (HANDLE)_beginthreadex(NULL, JOB_STACK, job_thread, job,
					     STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
	if (!job->thread) {
		free(job);
		return -EAGAIN;
	}
	a->jobs[a->job_count++] = job;
	return 0;
}

/* --- what the router asks ------------------------------------------------------------------ */

static int refuse(struct agent *a, struct failed *why, const char *what)
{
	why->code = WIRE_FAIL_BRIDGE;
	why->text.len =
		fmt(a->text, sizeof(a->text), "unable to start a program on the host: %s", what);
	why->text.at = a->text;
	return -1;
}

static const char *full(const struct agent *a, uint32_t uid)
{
	uint32_t users[POLICY_JOBS];

	for (size_t i = 0; i < a->job_count; i++)
		users[i] = a->jobs[i]->uid;
	return policy_job_refuse(a->config->jobs.rules, users, a->job_count, uid);
}

/* Which program it is, the job looks at: there a refusal costs nobody else time. */
static int job_accept(struct agent *a, const struct open *o, struct failed *why)
{
	const char *refusal = full(a, o->uid);
	int pair[2], error;

	if (refusal)
		return refuse(a, why, refusal);
	error = pair_make(a->pairs, pair);
	if (!error)
		error = job_begin(a, pair[1], o->uid);
	return error ? refuse(a, why, "Windows is short of sockets or threads") : pair[0];
}

/* A kind that is not served yet; NULL: it is. */
static const char *not_yet(const struct open *o)
{
	switch (o->kind) {
	case OPEN_PROGRAM:
		return o->flags & PROGRAM_TTY
			       ? "the Windows agent serves no terminals yet (give the program a "
				 "pipe: PROGRAM.exe | cat)"
			       : NULL;
	case OPEN_BYTES:
		return "the Windows agent serves no drives and no other services yet";
	case OPEN_LISTEN:
		return "the Windows agent does not take the guest's ports yet";
	case OPEN_CONNECT:
		return "the Windows agent does not connect to addresses yet";
	default:
		return "the Windows agent serves programs only";
	}
}

static int agent_accept(void *owner, const struct open *o, struct failed *why)
{
	struct agent *a = owner;
	const char *refusal = not_yet(o);

	if (refusal) {
		why->code = WIRE_FAIL_NOT_RUN;
		why->text = (struct wire_str){ refusal, strlen(refusal) };
		return -1;
	}
	if (policy_guest_may(o, 0, a->text, sizeof(a->text), why) < 0)
		return -EACCES;
	return job_accept(a, o, why);
}

/* Who asks here has the cookie: sessions, and nothing else yet. */
static int agent_permit(void *owner, const struct open *o, struct failed *why)
{
	static const char text[] = "the Windows agent passes on sessions only";

	(void)owner;
	if (o->kind == OPEN_PROGRAM)
		return 0;
	*why = (struct failed){ WIRE_FAIL_NOT_RUN, 0, { text, sizeof(text) - 1 } };
	return -EPERM;
}

static void agent_state(void *owner, const struct hello *hello)
{
	const struct agent *a = owner;

	log_note(&a->log, hello ? "the guest is there" : "the guest is gone");
}

static void agent_refused(void *owner, const char *who, int error)
{
	refused_say(&((const struct agent *)owner)->log, who, error);
}

/* --- the end -------------------------------------------------------------------------------- */

/* Set by a thread of Windows' own, which has nothing but this to find it by. */
static HANDLE stop_event;

static BOOL WINAPI stop_asked(DWORD event)
{
	(void)event;
	SetEvent(stop_event);
	/* Of some Windows waits only until the handler returns. */
	if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
		Sleep(JOBS_END_MS);
	return TRUE;
}

static void stop_ready(struct handle_watch *watch)
{
	watch->loop->stop = true;
}

static void patience_over(struct timer *timer)
{
	CONTAINING_RECORD(timer, struct agent, patience)->loop.stop = true;
}

/* Without a router every stream's opener is gone, so each ends; wait for that. */
static void agent_end(struct agent *a)
{
	cookie_close(&a->door);
	router_destroy(a->router);
	a->router = NULL;
	a->loop.stop = a->job_count == 0;
	a->patience.fire = patience_over;
	timer_start(&a->loop, &a->patience, JOBS_END_MS);
	loop_run(&a->loop);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void path_read(char *out, size_t size)
{
	static WCHAR path[32 * 1024];
	DWORD len = GetEnvironmentVariableW(L"PATH", path, 32 * 1024);

	if (len == 0 || len >= 32 * 1024 || wide_to_utf8(out, size, path) < 0)
		*out = '\0';
}

static int agent_watch(struct agent *a)
{
	int error;

	a->stop.ready = stop_ready;
	a->ended.ready = jobs_ended;
	stop_event = CreateEventW(NULL, FALSE, FALSE, NULL);
	error = stop_event ? handle_watch_add(&a->loop, &a->stop, stop_event) : -ENOMEM;
	if (!error)
		error = handle_watch_add(&a->loop, &a->ended,
					 CreateEventW(NULL, FALSE, FALSE, NULL));
	SetConsoleCtrlHandler(stop_asked, TRUE);
	return error;
}

/* Programs that call back. Without them the guest is served all the same. */
static void callers_welcome(struct agent *a)
{
	int error;

	if (!a->config->jobs.rules->sessions)
		return;
	memcpy(a->door.cookie.name, a->config->name, COOKIE_NAME);
	error = cookie_listen(&a->door, &a->loop, a->router);
	if (!error)
		error = agents_tell(a->config->home, &a->door.cookie);
	if (error == -EEXIST)
		log_note(&a->log,
			 "another agent is called %s: only programs of this guest find "
			 "this one",
			 a->config->name);
	else if (error)
		log_warn(&a->log, "unable to tell other programs of the agent %s: %s",
			 a->config->name, strerror(-error));
}

static int agent_begin(struct agent *a)
{
	static const struct router_ops ops = { .accept = agent_accept,
					       .permit = agent_permit,
					       .state = agent_state,
					       .now = host_time,
					       .refused = agent_refused };
	struct dialer *dialer;
	int error = loop_init(&a->loop);

	if (!error)
		error = agent_watch(a);
	a->pairs = error ? -1 : pair_place();
	if (a->pairs < 0)
		return error ? error : a->pairs;
	path_read(a->path, sizeof(a->path));
	a->router = router_create(&a->loop, ROUTER_HOST, &ops, a, a->path);
	if (!a->router)
		return -ENOMEM;
	error = dialer_of_socket(&dialer, &a->loop, a->config->door, &a->config->at,
				 a->config->key);
	key_forget(a->config->key);
	if (error)
		return error;
	router_dial(a->router, dialer);
	callers_welcome(a);
	return 0;
}

int agent_serve(const struct agent_config *config)
{
	struct agent *a = calloc(1, sizeof(*a));
	int error = a ? 0 : -ENOMEM;
	const struct log log = { .fd = 2, .who = "landbridge", .max = LOG_LEVEL_NOTE };

	if (a) {
		a->log = log;
		a->config = config;
		error = agent_begin(a);
	}
	if (error) {
		log_err(&log, "unable to serve the link: %s", link_why(error));
		return HOST_FAILED;
	}
	loop_run(&a->loop);
	agent_end(a);
	/* What is still open, jobs too, ends with the process. */
	return 0;
}
