/* wsl.c: landbridge.exe under the name wsl.exe. */
#include "interop/host/win32/wsl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "interop/host/win32/agents.h"
#include "interop/host/win32/home.h"
#include "interop/host/win32/session.h"
#include "interop/host/wslline.h"
#include "lib/macros.h"
#include "lib/win32/wide.h"

static const char help[] =
	"usage: wsl [-d NAME] [-u USER] [--cd DIR] [--] [COMMAND]   by the user's shell\n"
	"       wsl [...] -e PROGRAM [ARG]...                        without one\n"
	"       wsl -l [-v|-q]      the guests whose agents run here\n"
	"       wsl --status        wsl --version\n"
	"       wsl -t NAME         powers that guest off; wsl --shutdown: all of them\n"
	"       wsl -s NAME         makes it the default one\n"
	"This is Landbridge's; a program that a guest started is in that guest without -d.\n";

bool wsl_is_name(void)
{
	WCHAR path[MAX_PATH];
	DWORD len = GetModuleFileNameW(NULL, path, MAX_PATH);
	const WCHAR *name = path + len;

	while (name > path && name[-1] != '\\' && name[-1] != '/')
		name--;
	return len < MAX_PATH && lstrcmpiW(name, L"wsl.exe") == 0;
}

/* --- where -------------------------------------------------------------------------- */

/* DIR in the guest is that; on Windows it may be relative. NULL: the home. */
static const char *dir_find(const char *dir, char out[SESSION_DIR_MAX])
{
	static WCHAR full[32 * 1024];
	WCHAR *wide;
	DWORD len;

	if (!dir)
		return session_here(out);
	if (strcmp(dir, "~") == 0)
		return NULL;
	if (dir[0] == '/' || (dir[0] == '~' && dir[1] == '/'))
		return dir;
	wide = wide_new(dir, strlen(dir), NULL);
	len = wide ? GetFullPathNameW(wide, 32 * 1024, full, NULL) : 0;
	free(wide);
	return len > 0 && len < 32 * 1024 && wide_to_utf8(out, SESSION_DIR_MAX, full) >= 0 ? out
											   : dir;
}

static int session(const struct wslline *w, const struct cookie *agent)
{
	/* The session knows which shell is the user's; we do not. */
	static char sh[] = "/bin/sh", c[] = "-c", run[] = "exec \"${SHELL:-/bin/sh}\" -c \"$1\"";
	static char here[SESSION_DIR_MAX];
	char *shell = (char *)(uintptr_t)w->shell;
	char *const by_shell[] = { sh, c, run, sh, shell, NULL };
	const struct session s = { .user = w->user,
				   .command = w->shell ? by_shell : w->exec,
				   .cwd = dir_find(w->dir, here),
				   .tty = session_on_terminal() };

	return session_run(agent, &s, w->dir);
}

/* --- which -------------------------------------------------------------------------- */

static void list_one(const struct wslline *w, const struct cookie *c, bool is_default)
{
	if (w->quiet)
		printf("%s\n", c->name);
	else if (w->verbose)
		printf("%c %-23s %-15s 2\n", is_default ? '*' : ' ', c->name,
		       cookie_ask(c, COOKIE_LOOK) == 1 ? "Running" : "Stopped");
	else
		printf("%s%s\n", c->name, is_default ? " (Default)" : "");
}

static int list(const struct wslline *w, const WCHAR *home, struct fault *why)
{
	struct cookie all[AGENTS_MAX], any = { .port = 0 };
	size_t count = agents_all(home, all);
	struct fault none = { 0 };

	if (count == 0)
		return fault_set(why, WSL_REFUSED,
				 "unable to list guests: no agent runs for this user (start one: "
				 "landbridge agent)");
	agents_find(home, NULL, &any, &none);
	if (w->verbose)
		puts("  NAME                    STATE           VERSION");
	else if (!w->quiet)
		puts("The guests of Landbridge's agents:");
	for (size_t i = 0; i < count; i++)
		if (!w->running || cookie_ask(&all[i], COOKIE_LOOK) == 1)
			list_one(w, &all[i], strcmp(all[i].name, any.name) == 0);
	return 0;
}

static int status(const WCHAR *home)
{
	struct cookie any;
	struct fault none = { 0 };

	if (agents_find(home, NULL, &any, &none) == 0)
		printf("Default Distribution: %s\n", any.name);
	puts("Default Version: 2");
	return 0;
}

static int terminate(const struct cookie *c, struct fault *why)
{
	switch (cookie_ask(c, COOKIE_SHUTDOWN)) {
	case 0:
	case 1:
		return 0; /* it is off, or will be */
	default:
		return fault_set(why, WSL_REFUSED,
				 "unable to power off the guest %s: its agent does not answer",
				 c->name);
	}
}

static int shutdown_all(const WCHAR *home, struct fault *why)
{
	struct cookie all[AGENTS_MAX];
	size_t count = agents_all(home, all);
	int r = 0;

	for (size_t i = 0; i < count; i++)
		if (terminate(&all[i], why) < 0)
			r = -1;
	return r;
}

static int serve(const struct wslline *w, struct fault *why)
{
	struct cookie agent;
	WCHAR home[MAX_PATH];
	const bool one = w->wish == WSL_SESSION || w->wish == WSL_TERMINATE;

	if (home_find(home, why) < 0 || (one && agents_find(home, w->name, &agent, why) < 0))
		return -1;
	switch (w->wish) {
	case WSL_LIST:
		return list(w, home, why);
	case WSL_STATUS:
		return status(home);
	case WSL_TERMINATE:
		return terminate(&agent, why);
	case WSL_SHUTDOWN:
		return shutdown_all(home, why);
	case WSL_SET_DEFAULT:
		return agents_set_default(home, w->name, why);
	default:
		return session(w, &agent);
	}
}

static int line_run(const char *line, char *words, char **at, struct fault *why)
{
	struct wslline w;

	if (wslline_parse(&w, line, words, at, why) < 0)
		return -1;
	if (w.wish == WSL_HELP || w.wish == WSL_VERSION) {
		fputs(w.wish == WSL_HELP ? help : "landbridge " LANDBRIDGE_VERSION "\n", stdout);
		return 0;
	}
	return serve(&w, why);
}

int wsl_main(struct fault *why)
{
	const WCHAR *wide = GetCommandLineW();
	size_t size = 3 * wcslen(wide) + 1;
	char *line = malloc(size), *words = malloc(size);
	char **at = calloc(WSLLINE_WORDS(size), sizeof(*at));
	int r;

	if (line && words && at && wide_to_utf8(line, size, wide) >= 0)
		r = line_run(line, words, at, why);
	else
		r = fault_set(why, WSL_REFUSED, "unable to read the command line");
	free(at);
	free(words);
	free(line);
	return r;
}
