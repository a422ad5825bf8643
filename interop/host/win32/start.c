/* start.c: landbridge-start.exe: starts one Windows program inside Wine and reports its fate.
 *
 * A Unix wait status has eight bits and Wine's processes are nobody's Unix
 * children, so something on the inside has to tell the host half the whole
 * exit code. How it is started and what it is told is in interop/host/start.h.
 */
#include "interop/host/start.h"

#include <windows.h>

#include "interop/host/win32/console.h"
#include "interop/host/win32/drive.h"
#include "interop/host/win32/program.h"
#include "interop/host/win32/variables.h"

/* ntdll of Wine: turns an inherited Unix descriptor into a handle. */
typedef void (*any_function)(void);
typedef int(__cdecl *fd_to_handle)(int fd, unsigned access, unsigned attributes, HANDLE *handle);
enum { INTERRUPT_MS = 500 };

/* The request, in the program's own strings. */
struct request {
	DWORD flags;
	WCHAR *program, *command_line, *cwd, *env;
	BOOL console; /* ours is the program's too */
};

static void report(HANDLE channel, DWORD kind, DWORD a, DWORD b)
{
	DWORD message[3] = { kind, a, b }, done;

	WriteFile(channel, message, sizeof(message), &done, NULL);
}

static unsigned number(const char *digits)
{
	unsigned value = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		value = value * 10 + (unsigned)(*digits - '0');
	return value;
}

static HANDLE channel_open(int fd)
{
	fd_to_handle convert;
	HANDLE channel = NULL;

	convert = (fd_to_handle)(any_function)GetProcAddress(GetModuleHandleA("ntdll.dll"),
							     "wine_server_fd_to_handle");
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

/* Our own three are the program's. */
static DWORD request_start(const struct request *request, PROCESS_INFORMATION *process)
{
	struct winprogram program = { .image = request->program,
				      .command_line = request->command_line,
				      .cwd = *request->cwd ? request->cwd : NULL,
				      .console = request->console };

	for (int i = 0; i < 3; i++)
		program.std[i] = GetStdHandle(STD_INPUT_HANDLE - (DWORD)i);
	if (request->flags & START_ONE_OUTPUT)
		program.std[2] = program.std[1];
	return program_start(&program, process);
}

static int request_run(HANDLE channel, struct request *request)
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
		error = request_start(request, &process);
	if (error) {
		report(channel, START_FAILED, error, 0);
		return 1;
	}
	subsystem = program_subsystem(process.hProcess);
	if (subsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI && (request->flags & START_NO_DISPLAY)) {
		TerminateProcess(process.hProcess, 1);
		report(channel, START_FAILED, START_ERROR_DISPLAY, 0);
		return 1;
	}
	job = CreateJobObjectW(NULL, NULL);
	program_job_set(job, subsystem != IMAGE_SUBSYSTEM_WINDOWS_GUI);
	AssignProcessToJobObject(job, process.hProcess);
	report(channel, START_STARTED, process.dwProcessId, subsystem);
	ResumeThread(process.hThread);
	WaitForSingleObject(process.hProcess, INFINITE);
	/* What the program left behind on purpose (start, a tray icon) stays. */
	program_job_set(job, FALSE);
	report(channel, START_EXITED, exit_code(process.hProcess), 0);
	return 0;
}

/* One that is started ahead has the variables of then: for a program that is to have
 * others there will be another helper. */
static BOOL is_told_to_begin(HANDLE channel)
{
	char begin;

	return read_full(channel, &begin, 1) && begin == START_BEGIN && !variables_changed();
}

static int help(HANDLE channel, unsigned flags)
{
	/* Where we can have none the program gets one of its own. */
	struct request request = {
		.console = flags & START_TTY || console_make(L"landbridge-start wait") == 0,
	};

	console_speak_utf8();
	if (flags & START_AHEAD && !is_told_to_begin(channel))
		return 1;
	return request_read(channel, &request) ? request_run(channel, &request) : 1;
}

int main(int argc, char **argv)
{
	HANDLE channel;

	/* Which also keeps Wine's server and services up. */
	if (argc == 2 && lstrcmpA(argv[1], "wait") == 0)
		return console_hold();
	if (argc > 2 && lstrcmpA(argv[1], "drive") == 0)
		return drive_define(argv[2][0], argc > 3 ? argv[3] : NULL) != ERROR_SUCCESS;
	if (argc != 3)
		return 2;
	channel = channel_open((int)number(argv[1]));
	return channel ? help(channel, number(argv[2])) : 1;
}
