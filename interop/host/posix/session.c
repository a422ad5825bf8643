/* session.c: opens sessions in the guest: landbridge exec, shell, and run's own. */
#include "interop/host/posix/session.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "interop/host/posix/commands.h"
#include "interop/host/posix/machine.h"
#include "interop/host/posix/supervisor.h"
#include "lib/lib.h"

bool session_on_terminal(void)
{
	return isatty(STDIN_FILENO);
}

/* A distribution that does not run is started; another command may just have done so. */
static int machine_ready(struct machine *m, const struct options *o, struct fault *why)
{
	struct fault first = { 0 }, second = { 0 };

	if (machine_find(m, o->machine, &first) == 0)
		return 0;
	if (start_distribution(o->machine, &second) < 0 && machine_find(m, o->machine, &first) < 0)
		first = second;
	if (machine_find(m, o->machine, &first) == 0)
		return 0;
	*why = first;
	return -1;
}

int session_socket(const struct options *o, char *out, struct fault *why)
{
	struct machine m;

	if (o->socket) {
		fmt(out, PATH_MAX, "%s", o->socket);
		return 0;
	}
	if (machine_ready(&m, o, why) < 0)
		return -1;
	machine_path(&m, "agent", out);
	return 0;
}

/* What only this host's own descriptors say. */
static struct session session_shape(const struct session *wish)
{
	struct session s = *wish;
	struct winsize size = { 0 };

	if (s.tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
		s.rows = size.ws_row;
		s.cols = size.ws_col;
	}
	s.one_output = !s.tty && fd_is_same(STDOUT_FILENO, STDERR_FILENO);
	return s;
}

static void lost(struct outcome *out, const char *what, int error)
{
	out->how = OUTCOME_LOST;
	out->code = HOST_FAILED;
	fmt(out->text, sizeof(out->text), "%s: %s", what, strerror(-error));
}

void session_run(const char *socket, const struct session *session, struct outcome *out)
{
	const struct session shape = session_shape(session);
	int endpoint = unix_connect(socket), error;
	struct writer w;
	void *payload;

	*out = (struct outcome){ .how = OUTCOME_LOST, .code = HOST_FAILED };
	if (endpoint < 0) {
		lost(out, "unable to reach the agent (is it still there?)", endpoint);
		return;
	}
	payload = malloc(WIRE_OPEN_MAX);
	writer_init(&w, payload, payload ? WIRE_OPEN_MAX : 0);
	session_open(&w, &shape);
	if (w.bad) {
		close(endpoint);
		lost(out, "unable to ask for the command", payload ? -E2BIG : -ENOMEM);
	} else {
		error = caller_run(endpoint, payload, w.used, out);
		if (error < 0)
			lost(out, "unable to talk to the agent", error);
	}
	free(payload);
}

/* Nobody was named. */
static int default_find(struct options *o, char *name, struct fault *why)
{
	struct dirs dirs;

	if (o->machine || o->socket)
		return 0;
	if (dirs_find(&dirs, why) < 0)
		return -1;
	if (distribution_default(&dirs, name) < 0)
		return fault_set(
			why, HOST_FAILED,
			"give a machine's name or its agent's socket: --socket PATH "
			"(landbridge list has the names, set-default makes one the default)");
	o->machine = name;
	return 0;
}

/* exec and shell: one session, and its status is ours. */
static int session_main(const struct options *options, bool tty)
{
	const struct session session = { .user = options->user,
					 .command = options->command,
					 .tty = tty };
	struct options asked = *options, *o = &asked;
	char name[MACHINE_NAME];
	struct fault why = { 0 };
	struct outcome out = { .how = OUTCOME_LOST };
	char socket[PATH_MAX];
	struct machine machine;

	if (tty && !isatty(STDIN_FILENO))
		fault_set(&why, HOST_FAILED,
			  "unable to open a terminal in the guest: stdin is none");
	else if (default_find(o, name, &why) == 0 && session_socket(o, socket, &why) == 0) {
		if (!o->socket && machine_find(&machine, o->machine, &why) == 0)
			supervisor_print_wrong(&machine);
		session_run(socket, &session, &out);
	}
	if (why.status)
		return fault_print(&why);
	if (out.text[0]) {
		fault_set(&why, HOST_FAILED, "%s", out.text);
		fault_print(&why);
	}
	return outcome_end(&out);
}

int exec_main(const struct options *options)
{
	return session_main(options, options->tty);
}

int shell_main(const struct options *options)
{
	return session_main(options, session_on_terminal());
}
