/* environment.c: the environment of one program. */
#include "interop/host/win32/environment.h"

#include <windows.h>

#include "interop/host/winenv.h"

static int compare(const wchar_t *a, size_t a_len, const wchar_t *b, size_t b_len)
{
	return CompareStringOrdinal(a, (int)a_len, b, (int)b_len, TRUE) - CSTR_EQUAL;
}

wchar_t *environment_over(const wchar_t *over, size_t count)
{
	wchar_t *ours = GetEnvironmentStringsW(), *list;

	if (!ours)
		return NULL;
	list = winenv_join(ours, over, count, compare);
	FreeEnvironmentStringsW(ours);
	return list;
}
