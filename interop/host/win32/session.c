/* session.c: opens sessions in a guest: landbridge exec and shell, and wsl. */
#include "interop/host/win32/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "interop/host/win32/agents.h"
#include "interop/host/win32/console.h"
#include "interop/host/win32/home.h"
#include "interop/stream/stream.h"
#include "lib/fmt.h"
#include "lib/win32/wide.h"

typedef BOOL(__stdcall *compare_handles)(HANDLE one, HANDLE other);

bool session_on_terminal(void)
{
	DWORD mode;

	return GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode) &&
	       GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode);
}

const char *session_here(char out[SESSION_DIR_MAX])
{
	static WCHAR dir[32 * 1024];
	DWORD len = GetCurrentDirectoryW(32 * 1024, dir);

	return len > 0 && len < 32 * 1024 && wide_to_utf8(out, SESSION_DIR_MAX, dir) >= 0 ? out
											  : NULL;
}

/* Old Windows has no word for it. */
static bool is_one_output(void)
{
	compare_handles same = (compare_handles)(void (*)(void))GetProcAddress(
		GetModuleHandleA("kernelbase.dll"), "CompareObjectHandles");
	HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE), err = GetStdHandle(STD_ERROR_HANDLE);

	return out && (out == err || (same && same(out, err)));
}

/* What only our own handles say. */
static struct session shape(const struct session *wish)
{
	CONSOLE_SCREEN_BUFFER_INFO info;
	struct session s = *wish;

	if (s.tty && GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info)) {
		s.rows = (uint16_t)(info.srWindow.Bottom - info.srWindow.Top + 1);
		s.cols = (uint16_t)(info.srWindow.Right - info.srWindow.Left + 1);
	}
	s.one_output = !s.tty && is_one_output();
	return s;
}

static void lost(struct outcome *out, const char *what, const char *text)
{
	out->how = OUTCOME_LOST;
	out->code = HOST_FAILED;
	fmt(out->text, sizeof(out->text), "%s: %s", what, text);
}

static void call(const struct cookie *agent, const struct session *s, struct outcome *out)
{
	void *payload = malloc(WIRE_OPEN_MAX);
	struct writer w;
	int endpoint, error;

	*out = (struct outcome){ .how = OUTCOME_LOST, .code = HOST_FAILED };
	writer_init(&w, payload, payload ? WIRE_OPEN_MAX : 0);
	session_open(&w, s);
	endpoint = w.bad ? -E2BIG : cookie_call(agent, COOKIE_STREAM);
	if (w.bad)
		lost(out, "unable to ask for the command",
		     payload ? "it is too long" : "no memory");
	else if (endpoint < 0)
		lost(out, "unable to reach the agent (is it still there?)",
		     endpoint == -EACCES ? "who answers is not the agent" : link_why(endpoint));
	error = endpoint < 0 ? 0 : caller_run(endpoint, payload, w.used, out);
	if (error < 0)
		lost(out, "unable to talk to the agent", strerror(-error));
	free(payload);
}

int session_run(const struct cookie *agent, const struct session *session, bool dir_is_wish)
{
	const UINT in = GetConsoleCP(), show = GetConsoleOutputCP();
	struct session s = shape(session);
	struct fault why = { 0 };
	struct outcome out;

	console_speak_utf8();
	call(agent, &s, &out);
	if (s.cwd && !dir_is_wish && out.how == OUTCOME_FAILED &&
	    out.os_error == WIRE_ERROR_DIRECTORY) {
		s.cwd = NULL;
		call(agent, &s, &out);
	}
	if (in)
		SetConsoleCP(in);
	if (show)
		SetConsoleOutputCP(show);
	if (out.text[0]) {
		fault_set(&why, HOST_FAILED, "%s", out.text);
		fault_print(&why);
	}
	return outcome_status(&out);
}

int session_main(const struct options *o, struct fault *why)
{
	static char here[SESSION_DIR_MAX];
	const bool tty = o->command_is == COMMAND_SHELL || o->tty;
	const struct session session = {
		.user = o->user, .command = o->command, .cwd = session_here(here), .tty = tty
	};
	struct cookie agent;
	WCHAR home[MAX_PATH];

	if (tty && !session_on_terminal())
		return fault_set(why, HOST_FAILED,
				 "unable to open a terminal in the guest: stdin and stdout are no "
				 "console");
	if (home_find(home, why) < 0 || agents_find(home, o->machine, &agent, why) < 0)
		return -1;
	return session_run(&agent, &session, false);
}
