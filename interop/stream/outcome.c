/* outcome.c: from how a call ended to the status a shell sees. */
#include <errno.h>

#include "interop/stream/stream.h"
#include "lib/macros.h"

#define CONTROL_C_EXIT 0xC000013Au

/* Linux's numbers, on every host. */
enum { INT = 2, ABRT = 6, FPE = 8, SEGV = 11, TERM = 15 };

/* Codes with which Windows ends a program, and what the like is here
 * ([MS-ERREF] 2.3.1 NTSTATUS values). */
static const struct {
	uint32_t code;
	int status;
} windows_codes[] = {
	{ CONTROL_C_EXIT, 128 + INT },
	{ 0x40010004, 128 + TERM },        /* DEBUGGER_TERMINATE_PROCESS: ended by log-off */
	{ 0xC0000005, 128 + SEGV },        /* ACCESS_VIOLATION */
	{ 0xC00000FD, 128 + SEGV },        /* STACK_OVERFLOW */
	{ 0xC0000374, 128 + SEGV },        /* HEAP_CORRUPTION */
	{ 0xC0000409, 128 + ABRT },        /* STACK_BUFFER_OVERRUN: fail-fast */
	{ 0xC0000094, 128 + FPE },         /* INTEGER_DIVIDE_BY_ZERO */
	{ 0xC0000095, 128 + FPE },         /* INTEGER_OVERFLOW */
	{ 0xC0000135, WIRE_FAIL_NOT_RUN }, /* DLL_NOT_FOUND */
	{ 0xC0000139, WIRE_FAIL_NOT_RUN }, /* ENTRYPOINT_NOT_FOUND */
	{ 0xC0000142, WIRE_FAIL_NOT_RUN }, /* DLL_INIT_FAILED */
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

static int exit_status(const struct outcome *out)
{
	if (out->subsystem != WIRE_NATIVE)
		for (size_t i = 0; i < array_len(windows_codes); i++)
			if (windows_codes[i].code == out->code)
				return windows_codes[i].status;
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
