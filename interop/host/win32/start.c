/* start.c: landbridge-start.exe: starts one Windows program inside Wine and reports its fate.
 *
 * A Unix wait status has eight bits and Wine's processes are nobody's Unix
 * children, so something on the inside has to tell the host half the whole
 * exit code. Started as `wine64 landbridge-start.exe FD`, FD being one end of
 * a unix stream socket; what travels on it is described in interop/host/start.h.
 */
#include "interop/host/start.h"

#include <windows.h>

/* ntdll of Wine: turns an inherited Unix descriptor into a handle. */
typedef int(__cdecl *fd_to_handle)(int fd, unsigned access, unsigned attributes, HANDLE *handle);
typedef LONG(__stdcall *query_process)(HANDLE process, int class, void *info, ULONG len,
				       ULONG *got);

enum { PROCESS_IMAGE_INFORMATION = 37, INTERRUPT_MS = 500, PE_FARTHEST = 1 << 20 };

/* SECTION_IMAGE_INFORMATION, as far as it is needed. */
struct image_information {
	void *entry;
	ULONG zero_bits;
	SIZE_T stack_reserve, stack_commit;
	ULONG subsystem;
	BYTE rest[64];
};

/* The request, in the program's own strings. */
struct request {
	DWORD flags;
	WCHAR *program, *command_line, *cwd, *env;
};

static void report(HANDLE channel, DWORD kind, DWORD a, DWORD b)
{
	DWORD message[3] = { kind, a, b }, done;

	WriteFile(channel, message, sizeof(message), &done, NULL);
}

typedef void (*any_function)(void);

static any_function ntdll_function(const char *name)
{
	return (any_function)GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
}

static HANDLE channel_open(const char *number)
{
	fd_to_handle convert;
	HANDLE channel = NULL;
	int fd = 0;

	for (; *number >= '0' && *number <= '9'; number++)
		fd = fd * 10 + (*number - '0');
	convert = (fd_to_handle)ntdll_function("wine_server_fd_to_handle");
	if (!convert || convert(fd, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, 0, &channel) != 0)
		return NULL;
	return channel;
}

static BOOL read_full(HANDLE channel, void *buf, DWORD len)
{
	DWORD got, done = 0;

	while (done < len) {
		if (!ReadFile(channel, (char *)buf + done, len - done, &got, NULL) || got == 0)
			return FALSE;
		done += got;
	}
	return TRUE;
}

/* Takes {u32 length, UTF-8 bytes} off *at as a new wide string. An embedded
 * NUL stays: the environment is a list of strings with one after each. */
static WCHAR *take_string(const char **at, const char *end)
{
	DWORD len;
	WCHAR *wide;
	int count = 0;

	if ((SIZE_T)(end - *at) < sizeof(len))
		return NULL;
	CopyMemory(&len, *at, sizeof(len));
	*at += sizeof(len);
	if (len > (SIZE_T)(end - *at) || len > 0x7fffffff)
		return NULL;
	if (len > 0)
		count = MultiByteToWideChar(CP_UTF8, 0, *at, (int)len, NULL, 0);
	wide = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, ((SIZE_T)count + 2) * sizeof(WCHAR));
	if (wide && count > 0)
		MultiByteToWideChar(CP_UTF8, 0, *at, (int)len, wide, count);
	*at += len;
	return wide;
}

static BOOL request_read(HANDLE channel, struct request *request)
{
	const char *at, *end;
	DWORD len;
	char *body;

	if (!read_full(channel, &len, sizeof(len)) || len < sizeof(DWORD) ||
	    len > START_REQUEST_MAX)
		return FALSE;
	body = HeapAlloc(GetProcessHeap(), 0, len);
	if (!body || !read_full(channel, body, len))
		return FALSE;
	at = body + sizeof(DWORD);
	end = body + len;
	CopyMemory(&request->flags, body, sizeof(DWORD));
	request->program = take_string(&at, end);
	request->command_line = take_string(&at, end);
	request->cwd = take_string(&at, end);
	request->env = take_string(&at, end);
	HeapFree(GetProcessHeap(), 0, body);
	return request->program && request->command_line && request->cwd && request->env;
}

/* Our own environment becomes the program's: Wine then keeps it sorted and
 * its names free of case, as Windows programs expect. */
static void env_apply(WCHAR *entry)
{
	WCHAR *equals, *next;

	for (; *entry; entry = next) {
		next = entry + lstrlenW(entry) + 1;
		for (equals = entry + 1; *equals && *equals != '='; equals++)
			;
		if (!*equals)
			continue;
		*equals = 0;
		SetEnvironmentVariableW(entry, equals + 1);
	}
}

static DWORD subsystem_of(HANDLE process)
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

/* All of a job's processes die with its last handle, ours, unless told not to. */
static void job_set_deadly(HANDLE job, BOOL deadly)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION info;

	ZeroMemory(&info, sizeof(info));
	info.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_BREAKAWAY_OK;
	if (deadly)
		info.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	SetInformationJobObject(job, JobObjectExtendedLimitInformation, &info, sizeof(info));
}

/* Only the three standard handles are inherited. */
static void startup_fill(STARTUPINFOEXW *startup, HANDLE std[3], BOOL one_output)
{
	DWORD count = one_output ? 2 : 3; /* none may be listed twice */
	SIZE_T size = 0;
	int i;

	ZeroMemory(startup, sizeof(*startup));
	startup->StartupInfo.cb = sizeof(*startup);
	for (i = 0; i < 3; i++) {
		std[i] = GetStdHandle(STD_INPUT_HANDLE - (DWORD)i);
		SetHandleInformation(std[i], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
	}
	if (one_output)
		std[2] = std[1];
	startup->StartupInfo.dwFlags = STARTF_USESTDHANDLES;
	startup->StartupInfo.hStdInput = std[0];
	startup->StartupInfo.hStdOutput = std[1];
	startup->StartupInfo.hStdError = std[2];
	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	startup->lpAttributeList = HeapAlloc(GetProcessHeap(), 0, size);
	InitializeProcThreadAttributeList(startup->lpAttributeList, 1, 0, &size);
	UpdateProcThreadAttribute(startup->lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
				  std, count * sizeof(HANDLE), NULL, NULL);
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

/* Wine hands what is no Windows program to Unix, which would run it outside of
 * everything that holds Windows programs. And it reports one for 32 bits as run
 * where it has nothing to run it with. */
static DWORD program_check(const WCHAR *path)
{
	HANDLE file = CreateFileW(path, GENERIC_READ,
				  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
				  OPEN_EXISTING, 0, NULL);
	DWORD error = ERROR_BAD_EXE_FORMAT;
	WORD machine = 0;

	if (file == INVALID_HANDLE_VALUE)
		return GetLastError();
	if (GetFileType(file) == FILE_TYPE_DISK)
		error = machine_read(file, &machine);
	if (!error && is_stand_in(file, path))
		error = START_ERROR_STAND_IN;
	CloseHandle(file);
	if (!error && machine == IMAGE_FILE_MACHINE_I386 &&
	    GetFileAttributesW(L"C:\\windows\\syswow64\\ntdll.dll") == INVALID_FILE_ATTRIBUTES)
		return START_ERROR_WOW64;
	return error;
}

static BOOL program_create(const struct request *request, PROCESS_INFORMATION *process)
{
	DWORD flags = CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT;
	STARTUPINFOEXW startup;
	HANDLE std[3];

	/* Without a terminal the program gets a console of its own that nobody
	 * sees; without any, its console children would open windows. */
	if (!(request->flags & START_TTY))
		flags |= CREATE_NO_WINDOW;
	startup_fill(&startup, std, (request->flags & START_ONE_OUTPUT) != 0);
	return CreateProcessW(request->program, request->command_line, NULL, NULL, TRUE, flags,
			      NULL, *request->cwd ? request->cwd : NULL, &startup.StartupInfo,
			      process);
}

/* Wine says "internal error" once in thousands of starts; nothing has run then. */
static DWORD program_try(const struct request *request, PROCESS_INFORMATION *process)
{
	DWORD error = 0;

	for (int tries = 2; tries > 0; tries--) {
		if (program_create(request, process))
			return 0;
		error = GetLastError();
		if (error != ERROR_INTERNAL_ERROR)
			break;
	}
	return error;
}

/* When the last Ctrl-C came; 0: none. Handlers run in a thread of their own. */
static volatile LONG interrupted;

/* Ctrl-C is the program's to act upon; we live to tell its exit code. */
static BOOL WINAPI note_event(DWORD event)
{
	if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
		return FALSE;
	InterlockedExchange(&interrupted, (LONG)(GetTickCount() | 1));
	return TRUE;
}

/* Windows ends a program that does not handle Ctrl-C with STATUS_CONTROL_C_EXIT,
 * Wine with 0, which would be success. */
static DWORD exit_code(HANDLE process)
{
	DWORD code = 0;

	GetExitCodeProcess(process, &code);
	if (code == 0 && interrupted && GetTickCount() - (DWORD)interrupted < INTERRUPT_MS)
		return 0xc000013a;
	return code;
}

/* A program without a directory of its own starts in the user's. */
static void go_home(void)
{
	WCHAR dir[MAX_PATH];
	DWORD len = GetEnvironmentVariableW(L"USERPROFILE", dir, MAX_PATH);

	if (len > 0 && len < MAX_PATH)
		SetCurrentDirectoryW(dir);
}

/* Wine takes \\server\share from CreateProcess for UNC\server\share, and starts the
 * program in its own directory; what a program inherits is right. */
static DWORD go_to(struct request *request)
{
	if (request->cwd[0] != '\\')
		return 0;
	if (!SetCurrentDirectoryW(request->cwd))
		return ERROR_DIRECTORY;
	*request->cwd = 0;
	return 0;
}

static int program_run(HANDLE channel, struct request *request)
{
	PROCESS_INFORMATION process;
	DWORD subsystem, error;
	HANDLE job;

	env_apply(request->env);
	if (!*request->cwd)
		go_home();
	SetConsoleCtrlHandler(note_event, TRUE);
	error = go_to(request);
	if (!error)
		error = program_check(request->program);
	if (!error)
		error = program_try(request, &process);
	if (error) {
		report(channel, START_FAILED, error, 0);
		return 1;
	}
	subsystem = subsystem_of(process.hProcess);
	if (subsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI && (request->flags & START_NO_DISPLAY)) {
		TerminateProcess(process.hProcess, 1);
		report(channel, START_FAILED, START_ERROR_DISPLAY, 0);
		return 1;
	}
	job = CreateJobObjectW(NULL, NULL);
	job_set_deadly(job, subsystem != IMAGE_SUBSYSTEM_WINDOWS_GUI);
	AssignProcessToJobObject(job, process.hProcess);
	report(channel, START_STARTED, process.dwProcessId, subsystem);
	ResumeThread(process.hThread);
	WaitForSingleObject(process.hProcess, INFINITE);
	/* What the program left behind on purpose (start, a tray icon) stays. */
	job_set_deadly(job, FALSE);
	report(channel, START_EXITED, exit_code(process.hProcess), 0);
	return 0;
}

/* `wait`: a process that does nothing keeps Wine's server and services up
 * until its standard input ends. */
static int keep(void)
{
	char buf[16];
	DWORD got;

	while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), buf, sizeof(buf), &got, NULL) && got > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct request request;
	HANDLE channel;

	if (argc != 2)
		return 2;
	if (lstrcmpA(argv[1], "wait") == 0)
		return keep();
	channel = channel_open(argv[1]);
	if (!channel || !request_read(channel, &request))
		return 1;
	return program_run(channel, &request);
}
