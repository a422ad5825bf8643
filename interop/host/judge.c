/* judge.c: whether a program that a guest asks for may run, by the host's policy. */
#include "interop/host/judge.h"

#include <errno.h>
#include <string.h>

#include "interop/host/winname.h"
#include "lib/fmt.h"

enum { ARGS_MAX = 600 };

static int refuse(struct judge *j, const char *why, const struct policy_rule *by)
{
	return fault_set(&j->fault, WIRE_FAIL_NOT_RUN,
			 "unable to run %s: the host's policy %s%s%s)", j->program, why,
			 by ? by->allow ? "allow " : "deny " : "", by ? by->pattern : "");
}

/* Windows would follow links, and take PROGRA~1 for another name. */
static int path_judge(struct judge *j, struct open *l)
{
	const struct policy_rule *by = NULL;

	if (j->ops->canonical(j->owner, l->program.at, j->program, j->canonical, &j->fault) < 0)
		return -1;
	l->program = (struct wire_str){ j->canonical, strlen(j->canonical) };
	if (j->ops->may_run(j->owner, j->canonical, &by))
		return 0;
	return refuse(j, by ? "forbids it (" : "forbids it (default deny", by);
}

static int rules_judge(struct judge *j, struct open *l)
{
	if (rules_have_paths(j->rules) && path_judge(j, l) < 0)
		return -1;
	if (!j->rules->batch &&
	    (winname_is_batch(l->program.at) || winname_is_powershell(l->program.at)))
		return refuse(j, "runs no scripts (batch off", NULL);
	return 0;
}

/* What names a guest's files only in passing runs without them, too. */
static int share_judge(struct judge *j, const struct open *l)
{
	const char *why = j->ops->share(j->owner, l->program.at);

	if (why)
		return fault_set(&j->fault, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", j->program,
				 why);
	why = j->ops->share(j->owner, l->cwd.at);
	if (!why)
		return 0;
	fault_set(&j->fault, WIRE_FAIL_NOT_RUN, "unable to run %s in %s: %s", j->program, l->cwd.at,
		  why);
	return -ENOTDIR;
}

int judge_open(struct judge *j, struct open *l)
{
	fmt(j->program, sizeof(j->program), "%s", l->program.at);
	if (l->program.len == 0 || winname_refuse(l->program.at))
		return 0;
	return rules_judge(j, l) < 0 ? -1 : share_judge(j, l);
}

int judge_fail(const struct judge *j, int r, uint32_t os_error, struct failed *why)
{
	why->code = (uint32_t)j->fault.status;
	why->os_error = r == -ENOTDIR ? WIRE_ERROR_DIRECTORY : os_error;
	why->text.at = j->fault.text;
	why->text.len = strlen(j->fault.text);
	return -1;
}

void judge_entry(const struct judge *j, const struct open *l, const char *what,
		 char out[JUDGE_ENTRY_MAX])
{
	char args[ARGS_MAX] = "";
	size_t pos = 0, len = 0;
	struct wire_str arg;

	while (len < sizeof(args) && open_next(l, OPEN_TAG_ARG, &pos, &arg))
		len += fmt(args + len, sizeof(args) - len, " %s", arg.at);
	fmt(out, JUDGE_ENTRY_MAX, "uid=%d %s %s:%s", (int)l->uid, what, j->program, args);
}
