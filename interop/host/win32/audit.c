/* audit.c: what guests had run. */
#include "interop/host/win32/audit.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "interop/host/entry.h"

enum { AUDIT_MAX = 1 << 20 };

int audit_open(struct audit *a, const WCHAR *home)
{
	InitializeSRWLock(&a->lock);
	a->log = NULL;
	if (wcslen(home) + sizeof("\\audit.log.1") > MAX_PATH)
		return -ENAMETOOLONG;
	wsprintfW(a->path, L"%ls\\audit.log", home);
	wsprintfW(a->old, L"%ls\\audit.log.1", home);
	a->log = CreateFileW(a->path, GENERIC_READ | GENERIC_WRITE,
			     FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, 0, NULL);
	if (a->log != INVALID_HANDLE_VALUE)
		return 0;
	a->log = NULL;
	return -EACCES;
}

/* Where there is no room for the old one the new one grows. */
static void rotate(const struct audit *a)
{
	if (!CopyFileW(a->path, a->old, FALSE))
		return;
	SetFilePointer(a->log, 0, NULL, FILE_BEGIN);
	SetEndOfFile(a->log);
}

static void append(const struct audit *a, const char *line, size_t len)
{
	LARGE_INTEGER size = { .QuadPart = 0 };
	DWORD done;

	GetFileSizeEx(a->log, &size);
	if (size.QuadPart + (LONGLONG)len > AUDIT_MAX)
		rotate(a);
	SetFilePointer(a->log, 0, NULL, FILE_END);
	WriteFile(a->log, line, (DWORD)len, &done, NULL);
}

void audit_say(struct audit *a, const char *format, ...)
{
	time_t now = time(NULL);
	char line[ENTRY_MAX];
	struct tm tm;
	size_t len;
	va_list args;

	if (!a->log || gmtime_s(&tm, &now) != 0)
		return;
	va_start(args, format);
	len = entry_format(line, &tm, format, args);
	va_end(args);
	AcquireSRWLockExclusive(&a->lock);
	append(a, line, len);
	ReleaseSRWLockExclusive(&a->lock);
}
