/* doctor.c: landbridge doctor: what works here, and what to do. */
#include "interop/host/win32/doctor.h"

#include <string.h>

#include <windows.h>

#include "interop/host/win32/agents.h"
#include "interop/host/win32/home.h"
#include "interop/host/win32/job.h"
#include "interop/host/win32/session.h"
#include "lib/report.h"
#include "lib/win32/wide.h"

struct visit {
	struct checkup report;
	WCHAR home[MAX_PATH];
	char shown[3 * MAX_PATH]; /* home, for people */
	struct fault why;
};

/* A fault of something that was tried is what there is to say. */
static void say_fault(struct visit *v, const char *check)
{
	report_line(&v->report, REPORT_FAIL, check, "%s", v->why.text);
	v->why = (struct fault){ 0 };
}

static void look_policy(struct visit *v)
{
	struct rules rules;

	if (home_rules(&rules, v->home, &v->why) < 0) {
		say_fault(v, "policy");
		return;
	}
	if (rules.log)
		report_line(&v->report, REPORT_OK, "policy", "default %s, %u patterns",
			    rules.allow ? "allow" : "deny", (unsigned)rules.count);
	else
		report_line(&v->report, REPORT_OK, "policy",
			    "none, or without a log: what guests may run is in %s\\policy",
			    v->shown);
	report_line(&v->report, REPORT_OK, "sessions", "%s",
		    rules.sessions ? "programs here may open them in guests"
				   : "programs here may open none (the policy's sessions off)");
}

static void look_agent(struct visit *v, const struct cookie *c)
{
	switch (cookie_ask(c, COOKIE_LOOK)) {
	case 1:
		report_line(&v->report, REPORT_OK, "agent", "%s: the guest is there", c->name);
		break;
	case 0:
		report_line(&v->report, REPORT_NOTE, "agent",
			    "%s: the guest is not there (does it call this agent's address?)",
			    c->name);
		break;
	default:
		report_line(&v->report, REPORT_FAIL, "agent",
			    "%s: it does not answer (start it again)", c->name);
	}
}

static void look_agents(struct visit *v)
{
	struct cookie all[AGENTS_MAX];
	size_t count = agents_all(v->home, all);

	if (count == 0)
		report_line(&v->report, REPORT_NOTE, "agent",
			    "none runs for this user, or lets programs in (landbridge agent)");
	for (size_t i = 0; i < count; i++)
		look_agent(v, &all[i]);
}

/* What the guest's own doctor says goes out as it is. */
static void look_guest(struct visit *v, const char *name)
{
	char doctor[] = LANDBRIDGE_BIN "/landbridge-doctor", json[] = "--json";
	char *command[] = { doctor, v->report.json ? json : NULL, NULL };
	const struct session session = { .user = "root", .command = command };
	struct cookie agent;

	if (agents_find(v->home, name, &agent, &v->why) < 0)
		say_fault(v, "session");
	else
		v->report.failed |= session_run(&agent, &session, true) != 0;
}

int doctor_main(const struct options *o, struct fault *why)
{
	struct visit v = { .report = { .fd = 1, .json = o->json } };

	if (home_find(v.home, why) < 0)
		return -1;
	if (wide_to_utf8(v.shown, sizeof(v.shown), v.home) < 0)
		v.shown[0] = '\0';
	report_line(&v.report, REPORT_OK, "host", "Landbridge " LANDBRIDGE_VERSION " under %s",
		    job_under_wine() ? "Wine" : "Windows");
	look_policy(&v);
	look_agents(&v);
	if (o->machine)
		look_guest(&v, o->machine);
	return v.report.failed;
}
