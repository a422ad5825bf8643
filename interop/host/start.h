/* start.h: what the host half and landbridge-start.exe say to each other.
 *
 * Started as `wine64 landbridge-start.exe CHANNEL FLAGS`: CHANNEL is the number of a
 * descriptor, a unix stream socket; FLAGS are START_TTY and START_AHEAD. What travels
 * there is little-endian. To the helper, once:
 *     with START_AHEAD, the byte START_BEGIN: until it comes the program is not known. A
 *         helper for which the variables in the registry have changed by then ends
 *         without reading further
 *     u32 length of what follows
 *     u32 flags                    START_NO_DISPLAY, START_ONE_OUTPUT
 *     {u32 length, UTF-8 bytes} x 4: program, command line, working directory
 *         (empty: the helper's own), environment entries NAME=value each with
 *         a NUL after it, which overlay the helper's environment
 * Back, twice: u32 kind (START_STARTED, then START_EXITED; or START_FAILED
 * alone) and two u32.
 * `landbridge-start.exe drive LETTER [DIRECTORY]` tells Wine of a drive that has come, or
 * gone, and has the exit status 0 or 1. Constants only: a Windows program includes this too.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_START_H
#define LANDBRIDGE_INTEROP_HOST_START_H

enum {
	START_TTY = 1,    /* the standard handles are a terminal: its console is the program's */
	START_AHEAD = 16, /* it is started before its program is known */
	START_ONE_OUTPUT = 4,      /* the standard error is the standard output */
	START_NO_DISPLAY = 2,      /* a program with windows has nowhere to open them */
	START_PERCENT_EXPANDS = 8, /* this cmd.exe has no way to say %: Wine's (the helper
				      does not care) */

	START_BEGIN = 'b',

	START_STARTED = 1, /* Windows process id, subsystem from the PE header */
	START_EXITED = 2,  /* exit code (all 32 bits), 0 */
	START_FAILED = 3,  /* Win32 error, 0 */
	START_ERROR_WOW64 =
		706, /* for 32 bits, which this Wine has not (of winerror.h: not used) */
	START_ERROR_STAND_IN =
		120, /* ERROR_CALL_NOT_IMPLEMENTED: Wine has the program's name and no more */
	START_ERROR_DISPLAY = 1459, /* ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION */

	START_REQUEST_MAX = 8 * 1024 * 1024,
	START_REPORT = 12, /* bytes of one report */
};

#endif
