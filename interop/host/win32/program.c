/* program.c: one Windows program: what a file is, starting it held, and its job. */
#include "interop/host/win32/program.h"

#include "interop/host/start.h"

typedef void (*any_function)(void);
typedef LONG(__stdcall *query_process)(HANDLE process, int class, void *info, ULONG len,
				       ULONG *got);

enum { PROCESS_IMAGE_INFORMATION = 37, PE_FARTHEST = 1 << 20 };

/* SECTION_IMAGE_INFORMATION, as far as it is needed. */
struct image_information {
	void *entry;
	ULONG zero_bits;
	SIZE_T stack_reserve, stack_commit;
	ULONG subsystem;
	BYTE rest[64];
};

static any_function ntdll_function(const char *name)
{
	return (any_function)GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
}

DWORD program_subsystem(HANDLE process)
{
	struct image_information info;
	query_process query;

	ZeroMemory(&info, sizeof(info));
	query = (query_process)ntdll_function("NtQueryInformationProcess");
	/* The size must be exact: 64 bytes on 64-bit Windows. */
	if (!query || query(process, PROCESS_IMAGE_INFORMATION, &info, 64, NULL) != 0)
		return 0;
	return info.subsystem;
}

void program_job_set(HANDLE job, BOOL deadly)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION info;

	ZeroMemory(&info, sizeof(info));
	info.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK;
	if (deadly)
		info.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	SetInformationJobObject(job, JobObjectExtendedLimitInformation, &info, sizeof(info));
}

/* The file's first bytes up to the machine of its PE header ("PE Format": the
 * offset of the header is at 60). Returns a Win32 error. */
static DWORD machine_read(HANDLE file, WORD *machine)
{
	BYTE dos[64], pe[6];
	DWORD got, offset;

	if (!ReadFile(file, dos, sizeof(dos), &got, NULL))
		return GetLastError();
	if (got < sizeof(dos) || dos[0] != 'M' || dos[1] != 'Z')
		return ERROR_BAD_EXE_FORMAT;
	CopyMemory(&offset, dos + 60, sizeof(offset));
	if (offset > PE_FARTHEST ||
	    SetFilePointer(file, (LONG)offset, NULL, FILE_BEGIN) != offset ||
	    !ReadFile(file, pe, sizeof(pe), &got, NULL) || got < sizeof(pe) || pe[0] != 'P' ||
	    pe[1] != 'E' || pe[2] || pe[3])
		return ERROR_BAD_EXE_FORMAT;
	CopyMemory(machine, pe + 4, sizeof(*machine));
	return 0;
}

/* Wine's powershell.exe succeeds at whatever it is asked. What Wine has built in, or
 * stands for that, says so behind its DOS header. */
static BOOL is_stand_in(HANDLE file, const WCHAR *path)
{
	static const WCHAR name[] = L"\\powershell.exe";
	const int len = (int)(sizeof(name) / sizeof(name[0])) - 1, whole = lstrlenW(path);
	char head[64 + 5];
	DWORD got;

	if (whole < len || lstrcmpiW(path + whole - len, name) != 0)
		return FALSE;
	SetFilePointer(file, 0, NULL, FILE_BEGIN);
	return ReadFile(file, head, sizeof(head), &got, NULL) && got == sizeof(head) &&
	       head[64] == 'W' && head[65] == 'i' && head[66] == 'n' && head[67] == 'e' &&
	       head[68] == ' ';
}

/* Whether there is what programs for 32 bits run with. */
static BOOL has_wow64(void)
{
	static const WCHAR name[] = L"\\syswow64\\ntdll.dll";
	const UINT len = (UINT)(sizeof(name) / sizeof(name[0]));
	WCHAR path[MAX_PATH];
	UINT dir = GetSystemWindowsDirectoryW(path, MAX_PATH);

	if (dir == 0 || dir + len > MAX_PATH)
		return FALSE;
	lstrcatW(path, name);
	return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

static DWORD file_check(HANDLE file, const WCHAR *path)
{
	WORD machine = 0;
	DWORD error = GetFileType(file) == FILE_TYPE_DISK ? machine_read(file, &machine)
							  : ERROR_BAD_EXE_FORMAT;

	if (!error && is_stand_in(file, path))
		return START_ERROR_STAND_IN;
	return !error && machine == IMAGE_FILE_MACHINE_I386 && !has_wow64() ? START_ERROR_WOW64
									    : error;
}

/* Wine hands what is no Windows program to Unix, which would run it outside of
 * everything that holds Windows programs. And it reports one for 32 bits as run
 * where it has nothing to run it with. As long as the file is held no other Windows
 * program writes to it or puts another in its place. */
static DWORD program_hold(const WCHAR *path, HANDLE *file)
{
	DWORD error;

	*file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
	if (*file == INVALID_HANDLE_VALUE)
		return GetLastError();
	error = file_check(*file, path);
	if (error)
		CloseHandle(*file);
	return error;
}

/* `std`, which must stay, without naming one twice. */
static LPPROC_THREAD_ATTRIBUTE_LIST inherit_only(HANDLE std[3])
{
	LPPROC_THREAD_ATTRIBUTE_LIST list;
	DWORD count = std[2] == std[1] ? 2 : 3;
	SIZE_T size = 0;

	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	list = HeapAlloc(GetProcessHeap(), 0, size);
	if (!list || !InitializeProcThreadAttributeList(list, 1, 0, &size))
		return NULL;
	for (DWORD i = 0; i < count; i++)
		SetHandleInformation(std[i], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
	UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, std,
				  count * sizeof(HANDLE), NULL, NULL);
	return list;
}

static DWORD process_create(const struct winprogram *program, STARTUPINFOEXW *startup,
			    PROCESS_INFORMATION *process)
{
	DWORD flags = CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT;

	/* Without a terminal the program gets a console of its own that nobody
	 * sees; without any, its console children would open windows. */
	if (!program->console)
		flags |= CREATE_NO_WINDOW;
	return CreateProcessW(program->image, program->command_line, NULL, NULL, TRUE, flags,
			      program->env, program->cwd, &startup->StartupInfo, process)
		       ? 0
		       : GetLastError();
}

static DWORD program_create(const struct winprogram *program, PROCESS_INFORMATION *process)
{
	STARTUPINFOEXW startup = { .StartupInfo = { .cb = sizeof(startup),
						    .dwFlags = STARTF_USESTDHANDLES,
						    .hStdInput = program->std[0],
						    .hStdOutput = program->std[1],
						    .hStdError = program->std[2] } };
	HANDLE std[3] = { program->std[0], program->std[1], program->std[2] };
	DWORD error;

	startup.lpAttributeList = inherit_only(std);
	if (!startup.lpAttributeList)
		return ERROR_NOT_ENOUGH_MEMORY;
	error = process_create(program, &startup, process);
	/* Wine says so once in thousands of starts; nothing has run then. */
	if (error == ERROR_INTERNAL_ERROR)
		error = process_create(program, &startup, process);
	DeleteProcThreadAttributeList(startup.lpAttributeList);
	HeapFree(GetProcessHeap(), 0, startup.lpAttributeList);
	return error;
}

DWORD program_start(const struct winprogram *program, PROCESS_INFORMATION *process)
{
	HANDLE file;
	DWORD error = program_hold(program->image, &file);

	if (error)
		return error;
	error = program_create(program, process);
	CloseHandle(file);
	return error;
}
