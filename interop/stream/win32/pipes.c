/* pipes.c: the three pipes between a runner and its program. */
#include "interop/stream/win32/pipes.h"

#include <errno.h>
#include <string.h>

#include <ntsecapi.h>

#include "interop/stream/win32/outlet.h"

enum { NAME = 64 };

static int name_make(WCHAR name[NAME])
{
	ULONG random[4];

	if (!RtlGenRandom(random, sizeof(random)))
		return -EIO;
	wsprintfW(name, L"\\\\.\\pipe\\landbridge-%08lx%08lx%08lx%08lx", random[0], random[1],
		  random[2], random[3]);
	return 0;
}

static HANDLE handle_or_null(HANDLE handle)
{
	return handle == INVALID_HANDLE_VALUE ? NULL : handle;
}

/* The program's end. */
static HANDLE plain_open(const WCHAR *name, DWORD access)
{
	SECURITY_ATTRIBUTES inherited = { .nLength = sizeof(inherited), .bInheritHandle = TRUE };

	return handle_or_null(CreateFileW(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE,
					  &inherited, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL));
}

/* stdin's pipe holds nothing (outlet.h). */
static int pipe_open(struct pipes *p, int which)
{
	const DWORD way = which == 0 ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND;
	const DWORD holds = which == 0 ? 0 : WIRE_DATA_MAX;
	WCHAR name[NAME];
	int error = name_make(name);

	if (error)
		return error;
	p->ours[which] = handle_or_null(CreateNamedPipeW(
		name, way | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
		PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, holds, holds, 0, NULL));
	if (!p->ours[which])
		return -EMFILE;
	p->theirs[which] = plain_open(name, which == 0 ? GENERIC_READ : GENERIC_WRITE);
	return p->theirs[which] ? 0 : -EMFILE;
}

int pipes_open(struct pipes *p, const struct open *l)
{
	int error = 0;

	memset(p, 0, sizeof(*p));
	if (l->flags & PROGRAM_NO_STDIN)
		p->theirs[0] = plain_open(L"NUL", GENERIC_READ);
	else
		error = pipe_open(p, 0);
	if (!error && !p->theirs[0])
		error = -EMFILE;
	if (!error)
		error = pipe_open(p, 1);
	if (!error && (l->flags & PROGRAM_ONE_OUTPUT))
		p->theirs[2] = p->theirs[1];
	else if (!error)
		error = pipe_open(p, 2);
	return error;
}

HANDLE pipes_give(HANDLE *from)
{
	HANDLE handle = *from;

	*from = NULL;
	return handle;
}

void pipes_close(struct pipes *p)
{
	if (p->theirs[2] == p->theirs[1])
		p->theirs[2] = NULL;
	for (int i = 0; i < 3; i++) {
		if (p->ours[i])
			CloseHandle(p->ours[i]);
		if (p->theirs[i])
			CloseHandle(p->theirs[i]);
	}
	memset(p, 0, sizeof(*p));
}
