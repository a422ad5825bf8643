/* agents.c: the agents that run for this user. */
#include "interop/host/win32/agents.h"

#include <errno.h>
#include <string.h>

#include <windows.h>

#include "interop/host/options.h"
#include "lib/fmt.h"
#include "lib/win32/acl.h"
#include "lib/win32/wide.h"

enum { FILE_NAME = MAX_PATH + 80 };

static const WCHAR variable[] = L"LANDBRIDGE_AGENT";

static void agent_file(WCHAR path[FILE_NAME], const WCHAR *home, const char *name)
{
	wsprintfW(path, L"%ls\\agents\\%hs", home, name);
}

/* --- an agent's side ------------------------------------------------------------------- */

/* It goes with its last handle, which is ours: at the end of the process, however it ends. */
static HANDLE file_make(const WCHAR *path)
{
	SECURITY_ATTRIBUTES ours = { sizeof(ours), acl_ours(), FALSE };
	HANDLE file = INVALID_HANDLE_VALUE;

	if (!ours.lpSecurityDescriptor)
		return file;
	DeleteFileW(path); /* of an agent that is gone; another's stays */
	file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_READ, &ours,
			   CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE, NULL);
	LocalFree(ours.lpSecurityDescriptor);
	return file;
}

int agents_tell(const WCHAR *home, const struct cookie *cookie)
{
	char text[COOKIE_TEXT];
	WCHAR path[FILE_NAME], wide[COOKIE_TEXT] = { 0 };
	DWORD len = (DWORD)cookie_format(cookie, text), done;
	HANDLE file;

	for (DWORD i = 0; i < len; i++)
		wide[i] = (WCHAR)text[i];
	SetEnvironmentVariableW(variable, wide);
	wsprintfW(path, L"%ls\\agents", home);
	CreateDirectoryW(path, NULL);
	agent_file(path, home, cookie->name);
	file = file_make(path);
	if (file == INVALID_HANDLE_VALUE)
		return GetLastError() == ERROR_FILE_EXISTS ? -EEXIST : -EACCES;
	if (acl_is_ours(file, ACL_READ) && WriteFile(file, text, len, &done, NULL))
		return 0;
	CloseHandle(file);
	return -EPERM;
}

/* --- a caller's side --------------------------------------------------------------------- */

/* The text of a file of ours, of which others may be the writer; its length, or -1. */
static long file_text(const WCHAR *path, char *text, size_t size)
{
	HANDLE file = CreateFileW(path, GENERIC_READ,
				  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
				  OPEN_EXISTING, 0, NULL);
	DWORD got = 0;
	bool good;

	if (file == INVALID_HANDLE_VALUE)
		return -1;
	good = acl_is_ours(file, ACL_WRITE) && ReadFile(file, text, (DWORD)size, &got, NULL);
	CloseHandle(file);
	return good ? (long)got : -1;
}

static int cookie_of_file(const WCHAR *home, const char *name, struct cookie *c)
{
	char text[COOKIE_TEXT];
	WCHAR path[FILE_NAME];
	long len;

	agent_file(path, home, name);
	len = file_text(path, text, sizeof(text));
	return len < 0 ? -ENOENT : cookie_parse(c, text, (size_t)len);
}

static int cookie_of_variable(struct cookie *c)
{
	WCHAR wide[COOKIE_TEXT];
	char text[COOKIE_TEXT];
	DWORD len = GetEnvironmentVariableW(variable, wide, COOKIE_TEXT);

	if (len == 0 || len >= COOKIE_TEXT || wide_to_utf8(text, sizeof(text), wide) < 0)
		return -ENOENT;
	return cookie_parse(c, text, strlen(text));
}

/* That of who started us; where its agent is gone and another one has its name, that one's. */
static int cookie_of_starter(const WCHAR *home, struct cookie *c)
{
	struct cookie filed;
	int error = cookie_of_variable(c);

	if (!error && cookie_of_file(home, c->name, &filed) == 0 &&
	    memcmp(filed.ask, c->ask, COOKIE_SECRET) != 0 && cookie_ask(c, COOKIE_LOOK) < 0)
		*c = filed;
	return error;
}

size_t agents_all(const WCHAR *home, struct cookie *at)
{
	WIN32_FIND_DATAW found;
	char name[COOKIE_NAME];
	WCHAR path[FILE_NAME];
	size_t count = cookie_of_starter(home, &at[0]) == 0;
	HANDLE list;

	agent_file(path, home, "*");
	list = FindFirstFileW(path, &found);
	if (list == INVALID_HANDLE_VALUE)
		return count;
	do {
		if (count == AGENTS_MAX || wide_to_utf8(name, sizeof(name), found.cFileName) < 0 ||
		    !options_name_fits(name) || cookie_of_file(home, name, &at[count]) < 0)
			continue;
		if (count == 0 || strcmp(at[0].name, at[count].name) != 0)
			count++;
	} while (FindNextFileW(list, &found));
	FindClose(list);
	return count;
}

void agents_default(const WCHAR *home, char name[COOKIE_NAME])
{
	WCHAR path[FILE_NAME];
	long len;

	wsprintfW(path, L"%ls\\default", home);
	len = file_text(path, name, COOKIE_NAME - 1);
	name[len > 0 ? len : 0] = '\0';
	if (!options_name_fits(name))
		name[0] = '\0';
}

int agents_set_default(const WCHAR *home, const char *name, struct fault *why)
{
	WCHAR path[FILE_NAME];
	struct cookie c;
	HANDLE file;
	DWORD done = 0;

	if (agents_find(home, name, &c, why) < 0)
		return -1;
	wsprintfW(path, L"%ls\\default", home);
	file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	if (file != INVALID_HANDLE_VALUE) {
		WriteFile(file, c.name, (DWORD)strlen(c.name), &done, NULL);
		CloseHandle(file);
	}
	return done > 0 ? 0
			: fault_set(why, HOST_FAILED,
				    "unable to write the default one down: "
				    "Windows error %lu",
				    GetLastError());
}

/* Nobody was named, and nobody asked. */
static int find_any(const WCHAR *home, struct cookie *c, struct fault *why)
{
	struct cookie all[AGENTS_MAX];
	char name[COOKIE_NAME];
	size_t count;

	agents_default(home, name);
	if (name[0])
		return agents_find(home, name, c, why);
	count = agents_all(home, all);
	if (count == 1) {
		*c = all[0];
		return 0;
	}
	return fault_set(why, HOST_FAILED, "unable to find the guest: %s",
			 count == 0 ? "no agent runs for this user (start one: landbridge agent)"
				    : "several have an agent here (name one, or make one the "
				      "default)");
}

int agents_find(const WCHAR *home, const char *name, struct cookie *c, struct fault *why)
{
	if (cookie_of_starter(home, c) == 0 && (!name || strcmp(name, c->name) == 0))
		return 0;
	if (!name)
		return find_any(home, c, why);
	if (options_name_fits(name) && cookie_of_file(home, name, c) == 0)
		return 0;
	return fault_set(why, HOST_FAILED,
			 "unable to find the guest %s: no agent of that name runs for this user "
			 "(start it: landbridge agent)",
			 name);
}
