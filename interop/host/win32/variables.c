/* variables.c: whether a process that begins now would get other variables. */
#include "interop/host/win32/variables.h"

static const struct {
	HKEY root;
	const WCHAR *path;
} keys[] = {
	{ HKEY_LOCAL_MACHINE, L"SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment" },
	{ HKEY_CURRENT_USER, L"Environment" },
};

/* All zero where there is none. */
static FILETIME key_time(HKEY root, const WCHAR *path)
{
	FILETIME time = { 0, 0 };
	HKEY key;

	if (RegOpenKeyExW(root, path, 0, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS)
		return time;
	RegQueryInfoKeyW(key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &time);
	RegCloseKey(key);
	return time;
}

BOOL variables_changed(void)
{
	FILETIME begun, other[3], changed;

	if (!GetProcessTimes(GetCurrentProcess(), &begun, &other[0], &other[1], &other[2]))
		return TRUE;
	for (int i = 0; i < 2; i++) {
		changed = key_time(keys[i].root, keys[i].path);
		if (CompareFileTime(&changed, &begun) >= 0)
			return TRUE;
	}
	return FALSE;
}
