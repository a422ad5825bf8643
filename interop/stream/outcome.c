/* outcome.c: from how a call ended to the status a shell sees. */
#include <errno.h>

#include "interop/stream/stream.h"
#include "lib/macros.h"

#define CONTROL_C_EXIT 0xC000013Au

/* Linux's numbers, on every host. */
enum { INT = 2, ABRT = 6, FPE = 8, SEGV = 11, TERM = 15 };

#define DLL_NOT_FOUND 0xC0000135u
#define ENTRYPOINT_NOT_FOUND 0xC0000139u
#define DLL_INIT_FAILED 0xC0000142u

/* Codes with which Windows ends a program, and what the like is here
 * ([MS-ERREF] 2.3.1 NTSTATUS values). */
static const struct windows_code {
	uint32_t code;
	int status;
} windows_codes[] = {
	{ CONTROL_C_EXIT, 128 + INT },
	{ 0x40010004, 128 + TERM }, /* DEBUGGER_TERMINATE_PROCESS: ended by log-off */
	{ 0xC0000005, 128 + SEGV }, /* ACCESS_VIOLATION */
	{ 0xC00000FD, 128 + SEGV }, /* STACK_OVERFLOW */
	{ 0xC0000374, 128 + SEGV }, /* HEAP_CORRUPTION */
	{ 0xC0000409, 128 + ABRT }, /* STACK_BUFFER_OVERRUN: fail-fast */
	{ 0xC0000094, 128 + FPE },  /* INTEGER_DIVIDE_BY_ZERO */
	{ 0xC0000095, 128 + FPE },  /* INTEGER_OVERFLOW */
	{ DLL_NOT_FOUND, WIRE_FAIL_NOT_RUN },
	{ ENTRYPOINT_NOT_FOUND, WIRE_FAIL_NOT_RUN },
	{ DLL_INIT_FAILED, WIRE_FAIL_NOT_RUN },
};

static int low_byte(uint32_t code)
{
	if (code <= 255)
		return (int)code;
	return code & 255 ? (int)(code & 255) : 255;
}

/* A reader that went away, and an output that was closed from the start, are
 * what somebody wanted. */
static bool write_failed(const struct outcome *out)
{
	return out->write_error && out->write_error != EPIPE && out->write_error != EBADF;
}

static const struct windows_code *windows_code(const struct outcome *out)
{
	if (out->how == OUTCOME_EXITED && out->subsystem != WIRE_NATIVE)
		for (size_t i = 0; i < array_len(windows_codes); i++)
			if (windows_codes[i].code == out->code)
				return &windows_codes[i];
	return NULL;
}

const char *outcome_text(const struct outcome *out)
{
	const struct windows_code *known = windows_code(out);

	switch (known ? known->code : 0) {
	case DLL_NOT_FOUND:
		return "a DLL is missing (put it beside the program)";
	case ENTRYPOINT_NOT_FOUND:
		return "a DLL lacks a function (it is another version)";
	case DLL_INIT_FAILED:
		return "a DLL failed to start";
	default: /* the program's own affair */
		return out->text;
	}
}

static int exit_status(const struct outcome *out)
{
	const struct windows_code *known = windows_code(out);

	if (known)
		return known->status;
	if (out->code == 0 && write_failed(out))
		return WIRE_FAIL_BRIDGE;
	return low_byte(out->code);
}

int outcome_status(const struct outcome *out)
{
	switch (out->how) {
	case OUTCOME_EXITED:
		return exit_status(out);
	case OUTCOME_SIGNALLED:
	case OUTCOME_STOPPED:
		return out->code > 0 && out->code < 128 ? 128 + (int)out->code : 255;
	case OUTCOME_FAILED:
		return out->code == WIRE_FAIL_NOT_RUN || out->code == WIRE_FAIL_NOT_FOUND
			       ? (int)out->code
			       : WIRE_FAIL_BRIDGE;
	case OUTCOME_LOST:
		break;
	}
	return WIRE_FAIL_BRIDGE;
}
