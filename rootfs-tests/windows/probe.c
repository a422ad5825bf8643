/* probe.c: a Windows console program that tells the tests what reached it.
 *
 *   probe args A B C     one line per argument, as UTF-8, newlines as \n
 *   probe env NAME       the variable's value, or (unset)
 *   probe cwd            the current directory
 *   probe exit N         exit code N (any 32 bits)
 *   probe cat            stdin to stdout until end of file, then its length to stderr
 *   probe line           reads one line a byte at a time, prints it
 *   probe both N         N KiB to stdout and N KiB to stderr, in turns of 1 KiB
 *   probe spawn          starts itself with `wait`, prints its process id, exits
 *   probe wait           waits for ever
 *   probe later MS FILE  makes FILE after so long
 *   probe ask            asks the console for a word, and says it on stdout and stderr
 *   probe hang           says ready, then waits for ever
 */
#include <windows.h>

#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static void put(DWORD which, const void *data, DWORD len)
{
	HANDLE out = GetStdHandle(which);
	DWORD done;

	for (const char *at = data; len > 0; at += done, len -= done)
		if (!WriteFile(out, at, len, &done, NULL))
			ExitProcess(99);
}

/* One line of UTF-8; a newline inside the text shows as \n. */
static void put_line(const wchar_t *text)
{
	static char utf8[3 * 33000];
	int len = WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof(utf8), NULL, NULL);

	for (int i = 0; i < len - 1; i++) {
		if (utf8[i] == '\n')
			put(STD_OUTPUT_HANDLE, "\\n", 2);
		else
			put(STD_OUTPUT_HANDLE, utf8 + i, 1);
	}
	put(STD_OUTPUT_HANDLE, "\n", 1);
}

static int do_args(int argc, wchar_t **argv)
{
	for (int i = 2; i < argc; i++)
		put_line(argv[i]);
	return 0;
}

static int do_env(int argc, wchar_t **argv)
{
	static wchar_t value[33000];

	if (argc < 3 || (!GetEnvironmentVariableW(argv[2], value, 33000) && GetLastError() != 0))
		wcscpy(value, L"(unset)");
	put_line(value);
	return 0;
}

static int do_cwd(int argc, wchar_t **argv)
{
	wchar_t dir[4096];

	(void)argc, (void)argv;
	GetCurrentDirectoryW(4096, dir);
	put_line(dir);
	return 0;
}

static int do_exit(int argc, wchar_t **argv)
{
	ExitProcess(argc > 2 ? wcstoul(argv[2], NULL, 0) : 0);
}

static int do_cat(int argc, wchar_t **argv)
{
	static char buf[65536];
	unsigned long long total = 0;
	char text[32];
	DWORD got;

	(void)argc, (void)argv;
	while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), buf, sizeof(buf), &got, NULL) && got > 0) {
		put(STD_OUTPUT_HANDLE, buf, got);
		total += got;
	}
	put(STD_ERROR_HANDLE, text, (DWORD)sprintf(text, "%llu\n", total));
	return 0;
}

static int do_line(int argc, wchar_t **argv)
{
	char c;
	DWORD got;

	(void)argc, (void)argv;
	while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &c, 1, &got, NULL) && got > 0) {
		put(STD_OUTPUT_HANDLE, &c, 1);
		if (c == '\n')
			break;
	}
	return 0;
}

static int do_both(int argc, wchar_t **argv)
{
	char out[1024], err[1024];
	unsigned long turns = argc > 2 ? wcstoul(argv[2], NULL, 0) : 1;

	memset(out, 'o', sizeof(out));
	memset(err, 'e', sizeof(err));
	while (turns-- > 0) {
		put(STD_OUTPUT_HANDLE, out, sizeof(out));
		put(STD_ERROR_HANDLE, err, sizeof(err));
	}
	return 0;
}

static int do_spawn(int argc, wchar_t **argv)
{
	wchar_t self[4096], line[4200];
	STARTUPINFOW si = { .cb = sizeof(si) };
	PROCESS_INFORMATION pi;
	char text[32];

	(void)argc, (void)argv;
	GetModuleFileNameW(NULL, self, 4096);
	swprintf(line, 4200, L"\"%ls\" wait", self);
	if (!CreateProcessW(self, line, NULL, NULL, TRUE, 0, NULL, NULL, &si, &pi))
		return 98;
	put(STD_OUTPUT_HANDLE, text, (DWORD)sprintf(text, "%lu\n", pi.dwProcessId));
	return 0;
}

static int do_wait(int argc, wchar_t **argv)
{
	(void)argc, (void)argv;
	Sleep(INFINITE);
	return 0;
}

static int do_hang(int argc, wchar_t **argv)
{
	put(STD_OUTPUT_HANDLE, "ready\n", 6);
	return do_wait(argc, argv);
}

/* N lines, to stdout and stderr in turns. */
static int do_turns(int argc, wchar_t **argv)
{
	int count = argc > 2 ? _wtoi(argv[2]) : 0;
	char text[32];

	for (int i = 0; i < count; i++)
		put(i % 2 ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE, text,
		    (DWORD)sprintf(text, "%c%d\n", "oe"[i % 2], i));
	return 0;
}

static int do_later(int argc, wchar_t **argv)
{
	HANDLE file;

	if (argc < 4)
		return 96;
	Sleep(wcstoul(argv[2], NULL, 0));
	file = CreateFileW(argv[3], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	return file == INVALID_HANDLE_VALUE || !CloseHandle(file);
}

/* As ssh.exe and git's helpers ask, whatever the standard handles are. */
static int do_ask(int argc, wchar_t **argv)
{
	HANDLE out = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, 3, NULL, OPEN_EXISTING,
				 0, NULL),
	       in = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, 3, NULL, OPEN_EXISTING, 0,
				NULL);
	char word[100], line[120];
	DWORD len;

	if (!WriteFile(out, "the word? ", 10, &len, NULL) ||
	    !ReadFile(in, word, sizeof(word) - 1, &len, NULL))
		return 95;
	while (len > 0 && (word[len - 1] == '\n' || word[len - 1] == '\r'))
		len--;
	word[len] = 0;
	put(STD_OUTPUT_HANDLE, line, (DWORD)sprintf(line, "out %s\n", word));
	put(STD_ERROR_HANDLE, line, (DWORD)sprintf(line, "err %s\n", word));
	return 0;
}

/* So many MiB of memory, or as many as there are: their number. */
static int do_take(int argc, wchar_t **argv)
{
	int want = argc > 2 ? _wtoi(argv[2]) : 0, got = 0;
	char text[32], *memory;

	for (; got < want; got++) {
		memory = VirtualAlloc(NULL, 1 << 20, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
		if (!memory)
			break;
		memset(memory, 1, 1 << 20);
	}
	put(STD_OUTPUT_HANDLE, text, (DWORD)sprintf(text, "%d\n", got));
	return 0;
}

static const struct {
	const wchar_t *name;
	int (*run)(int argc, wchar_t **argv);
} commands[] = {
	{ L"args", do_args }, { L"env", do_env },   { L"cwd", do_cwd },     { L"exit", do_exit },
	{ L"cat", do_cat },   { L"line", do_line }, { L"both", do_both },   { L"spawn", do_spawn },
	{ L"wait", do_wait }, { L"hang", do_hang }, { L"turns", do_turns }, { L"later", do_later },
	{ L"ask", do_ask },   { L"take", do_take },
};

int main(void)
{
	int argc;
	wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (wcscmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc, argv);
	return 97;
}
