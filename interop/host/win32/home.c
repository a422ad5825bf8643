/* home.c: where Landbridge's files are on Windows. */
#include "interop/host/win32/home.h"

#include <stdlib.h>
#include <string.h>

#include "lib/win32/acl.h"
#include "lib/win32/wide.h"

enum { POLICY_MAX = 1 << 20 };

enum setting { NOT_GIVEN, GIVEN, TOO_LONG };

/* What is too long must not count as not given. */
static enum setting variable(const WCHAR *name, WCHAR out[MAX_PATH])
{
	DWORD len;

	*out = 0;
	SetLastError(ERROR_SUCCESS); /* an empty one leaves it */
	len = GetEnvironmentVariableW(name, out, MAX_PATH);
	if (len >= MAX_PATH)
		return TOO_LONG;
	return len == 0 && GetLastError() == ERROR_ENVVAR_NOT_FOUND ? NOT_GIVEN : GIVEN;
}

static int no_place(const char *text, struct fault *why)
{
	return fault_set(why, HOST_FAILED, "unable to find a place for files: %s", text);
}

static int home_name(WCHAR home[MAX_PATH], struct fault *why)
{
	static const WCHAR name[] = L"\\landbridge";

	if (variable(L"LANDBRIDGE_HOME", home) == TOO_LONG)
		return no_place("LANDBRIDGE_HOME is too long (set it to another one)", why);
	if (*home)
		return 0;
	if (variable(L"LOCALAPPDATA", home) == TOO_LONG ||
	    wcslen(home) + sizeof(name) / sizeof(name[0]) > MAX_PATH)
		return no_place("LOCALAPPDATA is too long (set LANDBRIDGE_HOME)", why);
	if (!*home)
		return no_place("LOCALAPPDATA is not set (set LANDBRIDGE_HOME)", why);
	wcscat(home, name);
	return 0;
}

int home_find(WCHAR home[MAX_PATH], struct fault *why)
{
	if (home_name(home, why) < 0)
		return -1;
	if (CreateDirectoryW(home, NULL) || GetLastError() == ERROR_ALREADY_EXISTS)
		return 0;
	return fault_set(why, HOST_FAILED,
			 "unable to make the directory for files: Windows error %lu (set "
			 "LANDBRIDGE_HOME)",
			 GetLastError());
}

/* Its text, with a NUL; NULL and *why. */
static char *policy_text(HANDLE file, const char *path, DWORD *len, struct fault *why)
{
	char *text = malloc(POLICY_MAX);

	if (!acl_is_ours(file, ACL_WRITE))
		rules_refuse(path, "others may write to it (take that from them with icacls)", why);
	else if (!text || !ReadFile(file, text, POLICY_MAX, len, NULL))
		rules_refuse(path, "it cannot be read", why);
	else if (*len == POLICY_MAX)
		rules_refuse(path, "it is too long", why);
	else
		return text;
	free(text);
	return NULL;
}

static int policy_parse(struct rules *rules, HANDLE file, const char *path, struct fault *why)
{
	DWORD len = 0;
	char *text = policy_text(file, path, &len, why);

	if (!text)
		return -1;
	if (rules_read(rules, path, text, len, why) == 0) {
		if (!rules->memory)
			return 0; /* the rules point into the text */
		rules_refuse(path, "memory is not there on a Windows host yet", why);
	}
	free(text);
	return -1;
}

int home_rules(struct rules *rules, const WCHAR *home, struct fault *why)
{
	WCHAR path[MAX_PATH + 8];
	enum setting given = variable(L"LANDBRIDGE_POLICY", path);
	char shown[3 * (MAX_PATH + 8)] = "";
	HANDLE file;
	int r;

	rules_init(rules);
	if (given == TOO_LONG)
		return rules_refuse("of LANDBRIDGE_POLICY", "its name is too long", why);
	if (given == NOT_GIVEN)
		wsprintfW(path, L"%ls\\policy", home);
	wide_to_utf8(shown, sizeof(shown), path);
	file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return given == NOT_GIVEN && GetLastError() == ERROR_FILE_NOT_FOUND
			       ? 0
			       : rules_refuse(shown, "it cannot be opened", why);
	r = policy_parse(rules, file, shown, why);
	CloseHandle(file);
	return r;
}
