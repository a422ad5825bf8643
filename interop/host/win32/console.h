/* console.h: a console that nobody sees, for a program with pipes.
 *
 * Without any, a console program that it starts would open a window. CreateProcessW makes
 * one (CREATE_NO_WINDOW) only for the program itself, with the code page of the system;
 * ours is there before the program, and its code page is UTF-8. Microsoft Learn:
 * AttachConsole, SetConsoleOutputCP, "Creation of a Console".
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_CONSOLE_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_CONSOLE_H

#include <windows.h>

/* Joins this process to a new one; its standard handles stay. `holder` is the command
 * line by which a process of this very program calls console_hold. A Win32 error. */
DWORD console_make(const WCHAR *holder);

/* Writes a byte to the standard output, and stays until the standard input ends: a
 * console is made with a process, and there until the last one of it has ended. */
int console_hold(void);

/* What is written to our console, by us and those who inherit it, is UTF-8. */
void console_speak_utf8(void);

#endif
