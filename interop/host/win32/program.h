/* program.h: one Windows program: what a file is, starting it held, and its job.
 *
 * A program is started so that nobody can run before it is known what it is:
 *     program_start    the file is a program for Windows, and no other one changes it until
 *                      CreateProcessW has it, suspended; the process inherits its three standard
 *                      handles and no others (PROC_THREAD_ATTRIBUTE_HANDLE_LIST)
 *     program_subsystem, AssignProcessToJobObject, program_job_set
 *     ResumeThread
 *
 * Errors are Win32's, 0 is success; request.h's start_error has their texts.
 * Microsoft Learn: CreateProcessW, UpdateProcThreadAttribute, Job Objects, "PE Format".
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_PROGRAM_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_PROGRAM_H

#include <windows.h>

struct winprogram {
	const WCHAR *image;
	WCHAR *command_line; /* CreateProcessW writes to it */
	const WCHAR *cwd;    /* NULL: ours */
	WCHAR *env;          /* NAME=value, each with a NUL, and one more; NULL: ours */
	HANDLE std[3];       /* the last two may be one; they are made inheritable */
	BOOL console;        /* they are our console, and it is the program's too */
};

/* The process has not run yet. Both handles are the caller's. ERROR_BAD_EXE_FORMAT: no
 * Windows program; START_ERROR_WOW64, START_ERROR_STAND_IN (start.h); or why it cannot be
 * read. */
DWORD program_start(const struct winprogram *program, PROCESS_INFORMATION *process);

/* IMAGE_SUBSYSTEM_*, which are the wire's numbers too; 0: unknown. */
DWORD program_subsystem(HANDLE process);

/* Whether all of a job's processes die with its last handle. */
void program_job_set(HANDLE job, BOOL deadly);

#endif
