/* script.c: runs the scripts that lie beside the program. */
#include "interop/host/posix/script.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/lib.h"

static int failed(const struct script *s, const char *path, int status, struct fault *why)
{
	size_t len = strlen(s->name);

	if (status > 0 && strncmp(s->said, s->name, len) == 0 && s->said[len] == ':')
		return fault_set(why, HOST_FAILED, "%s", s->said + len + 2);
	return fault_set(why, HOST_FAILED, "unable to run %s: %s", path,
			 status < 0 ? strerror(-status) : s->said);
}

int script_run(struct script *s, const struct dirs *dirs, struct fault *why)
{
	char path[PATH_MAX + 32];
	struct args all = { 0 };
	struct tool tool = { .program = path,
			     .in = -1,
			     .keep = &s->out,
			     .keep_count = s->out >= 0,
			     .death_signal = SIGTERM };
	int status;

	fmt(path, sizeof(path), "%s/%s", dirs->data, s->name);
	args_add(&all, "%s", path);
	for (size_t i = 0; i < s->args.count; i++)
		args_add(&all, "%s", s->args.at[i]);
	s->said[0] = '\0';
	tool.argv = all.at;
	status = all.bad || s->args.bad ? -ENOMEM : tool_finish(&tool, s->said, sizeof(s->said));
	args_free(&all);
	args_free(&s->args);
	return status == 0 ? 0 : failed(s, path, status, why);
}
