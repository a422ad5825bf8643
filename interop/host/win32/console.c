/* console.c: makes a hidden console and joins it. */
#include "interop/host/win32/console.h"

#include "interop/host/win32/program.h"

/* The process that has it at first, and our ends of its two pipes. */
struct holder {
	PROCESS_INFORMATION process;
	HANDLE in, out;
};

/* Another process is to inherit `theirs`. */
static BOOL pipe_make(HANDLE *ours, HANDLE *theirs, BOOL we_write)
{
	SECURITY_ATTRIBUTES inherited = { sizeof(inherited), NULL, TRUE };
	BOOL made = we_write ? CreatePipe(theirs, ours, &inherited, 0)
			     : CreatePipe(ours, theirs, &inherited, 0);

	return made && SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0);
}

/* Our own file. Wine leaves the first four characters off what lies on no drive. */
static BOOL own_image(WCHAR image[MAX_PATH])
{
	static const WCHAR prefix[] = L"\\\\?\\";
	DWORD len;

	CopyMemory(image, prefix, sizeof(prefix));
	len = GetModuleFileNameW(NULL, image + 4, MAX_PATH - 4);
	return len > 0 && len < MAX_PATH - 4;
}

static DWORD holder_create(struct holder *h, const WCHAR *line, HANDLE in, HANDLE out)
{
	WCHAR image[MAX_PATH], written[32];
	const struct winprogram program = { .image = image,
					    .command_line = written,
					    .std = { in, out, out } };
	DWORD error;

	if (!own_image(image))
		return ERROR_BUFFER_OVERFLOW;
	lstrcpynW(written, line, 32);
	error = program_start(&program, &h->process);
	if (!error)
		ResumeThread(h->process.hThread);
	return error;
}

static DWORD holder_start(struct holder *h, const WCHAR *line)
{
	HANDLE in = NULL, out = NULL;
	DWORD error = 0;

	if (!pipe_make(&h->in, &in, TRUE) || !pipe_make(&h->out, &out, FALSE))
		error = GetLastError();
	if (!error)
		error = holder_create(h, line, in, out);
	CloseHandle(in);
	CloseHandle(out);
	return error;
}

/* At the end of its input it goes. */
static void holder_end(struct holder *h)
{
	CloseHandle(h->in);
	CloseHandle(h->out);
	CloseHandle(h->process.hProcess);
	CloseHandle(h->process.hThread);
}

/* Its console is there once it runs, which it says. Wine counts a process without a
 * terminal as one with a console, which is to be left first. */
static DWORD holder_join(const struct holder *h)
{
	DWORD got;
	char byte;

	if (!ReadFile(h->out, &byte, 1, &got, NULL))
		return GetLastError();
	FreeConsole();
	return AttachConsole(h->process.dwProcessId) ? 0 : GetLastError();
}

DWORD console_make(const WCHAR *line)
{
	struct holder holder = { .in = NULL };
	HANDLE std[3];
	DWORD error;

	for (int i = 0; i < 3; i++)
		std[i] = GetStdHandle(STD_INPUT_HANDLE - (DWORD)i);
	error = holder_start(&holder, line);
	if (!error)
		error = holder_join(&holder);
	holder_end(&holder);
	for (int i = 0; i < 3; i++)
		SetStdHandle(STD_INPUT_HANDLE - (DWORD)i, std[i]);
	return error;
}

int console_hold(void)
{
	char buf[16];
	DWORD done;

	WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "c", 1, &done, NULL);
	while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), buf, sizeof(buf), &done, NULL) && done > 0)
		;
	return 0;
}

void console_speak_utf8(void)
{
	SetConsoleCP(CP_UTF8);
	SetConsoleOutputCP(CP_UTF8);
}
