/* canonical.c: the one name that a file has on Windows. */
#include "interop/host/win32/canonical.h"

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "interop/host/winname.h"
#include "lib/win32/wide.h"

static uint32_t drive_path(const wchar_t *final, char out[CANONICAL_MAX])
{
	const char *on_drive;
	char text[CANONICAL_MAX];

	if (wide_to_utf8(text, sizeof(text), final) < 0)
		return ERROR_FILENAME_EXCED_RANGE;
	on_drive = winname_of_final(text);
	if (!on_drive)
		return ERROR_BAD_PATHNAME;
	memcpy(out, on_drive, strlen(on_drive) + 1);
	return 0;
}

uint32_t canonical_path(const char *path, char out[CANONICAL_MAX])
{
	wchar_t final[CANONICAL_MAX / 3], *name = wide_new(path, strlen(path), NULL);
	HANDLE file = name ? CreateFileW(name, FILE_READ_ATTRIBUTES,
					 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
					 NULL, OPEN_EXISTING, 0, NULL)
			   : INVALID_HANDLE_VALUE;
	DWORD error = name ? GetLastError() : ERROR_NOT_ENOUGH_MEMORY, len;

	free(name);
	if (file == INVALID_HANDLE_VALUE)
		return error;
	len = GetFinalPathNameByHandleW(file, final, CANONICAL_MAX / 3, FILE_NAME_NORMALIZED);
	error = GetLastError();
	CloseHandle(file);
	if (len == 0)
		return error;
	return len >= CANONICAL_MAX / 3 ? ERROR_FILENAME_EXCED_RANGE : drive_path(final, out);
}
