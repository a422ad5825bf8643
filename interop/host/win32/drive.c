/* drive.c: tells Wine's mount manager of a drive. */
#include "interop/host/win32/drive.h"

#include <stddef.h>
#include <winioctl.h>

enum { PATH_ROOM = 200 };

#define DEFINE_UNIX_DRIVE CTL_CODE('m', 32, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)

struct unix_drive {
	ULONG size; /* with what follows */
	ULONG type; /* DRIVE_* */
	ULONG fs_type;
	DWORD serial;
	ULONGLONG unix_dev;
	WCHAR letter;
	USHORT mount_point, device, label; /* offsets from here; 0: none */
	char path[PATH_ROOM];
};

DWORD drive_define(char letter, const char *path)
{
	struct unix_drive drive = { .size = sizeof(drive),
				    .type = path ? DRIVE_FIXED : DRIVE_NO_ROOT_DIR,
				    .letter = (WCHAR)(letter | 0x20),
				    .mount_point = path ? offsetof(struct unix_drive, path) : 0 };
	DWORD done, error = ERROR_SUCCESS;
	HANDLE manager;

	if (path && lstrlenA(path) >= PATH_ROOM)
		return ERROR_FILENAME_EXCED_RANGE;
	if (path)
		lstrcpyA(drive.path, path);
	manager = CreateFileW(L"\\\\.\\MountPointManager", GENERIC_READ | GENERIC_WRITE,
			      FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
	if (manager == INVALID_HANDLE_VALUE)
		return GetLastError();
	if (!DeviceIoControl(manager, DEFINE_UNIX_DRIVE, &drive, sizeof(drive), NULL, 0, &done,
			     NULL))
		error = GetLastError();
	CloseHandle(manager);
	return error;
}
