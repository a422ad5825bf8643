/* key_load.c: a key from its file, on Windows. */
#include "interop/link/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "lib/win32/acl.h"
#include "lib/win32/wide.h"

/* A key that others can read is no key, nor is one that they can put in its place. */
static int parse(struct key *key, HANDLE file)
{
	char text[KEY_TEXT_MAX];
	DWORD got = 0;
	int error = acl_is_ours(file, ACL_READ) ? 0 : -EPERM;

	if (!error && !ReadFile(file, text, sizeof(text), &got, NULL))
		error = -EIO;
	if (!error)
		error = key_parse(key, text, got);
	SecureZeroMemory(text, sizeof(text));
	return error;
}

int key_load(struct key *key, const char *path)
{
	WCHAR *name = wide_new(path, strlen(path), NULL);
	HANDLE file = name ? CreateFileW(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
					 0, NULL)
			   : INVALID_HANDLE_VALUE;
	int error;

	free(name);
	if (file == INVALID_HANDLE_VALUE)
		return GetLastError() == ERROR_ACCESS_DENIED ? -EACCES : -ENOENT;
	error = GetFileType(file) == FILE_TYPE_DISK ? parse(key, file) : -EINVAL;
	CloseHandle(file);
	return error;
}

const char *key_why(int error)
{
	if (error == -EPERM)
		return "others can read it or change it (take that from them: icacls FILE "
		       "/inheritance:r /grant:r %USERNAME%:R)";
	return error == -EINVAL ? "it is no key of a link (see landbridge enroll)"
				: strerror(-error);
}
