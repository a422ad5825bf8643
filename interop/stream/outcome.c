/* outcome.c: from how a call ended to the status a shell sees. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "interop/stream/stream.h"
#include "lib/lib.h"

#define CONTROL_C_EXIT 0xC000013Au

/* Codes with which Windows ends a program, and what the like is here
 * ([MS-ERREF] 2.3.1 NTSTATUS values). */
static const struct {
	uint32_t code;
	int status;
} windows_codes[] = {
	{ CONTROL_C_EXIT, 128 + SIGINT },
	{ 0x40010004, 128 + SIGTERM },     /* DEBUGGER_TERMINATE_PROCESS: ended by log-off */
	{ 0xC0000005, 128 + SIGSEGV },     /* ACCESS_VIOLATION */
	{ 0xC00000FD, 128 + SIGSEGV },     /* STACK_OVERFLOW */
	{ 0xC0000374, 128 + SIGSEGV },     /* HEAP_CORRUPTION */
	{ 0xC0000409, 128 + SIGABRT },     /* STACK_BUFFER_OVERRUN: fail-fast */
	{ 0xC0000094, 128 + SIGFPE },      /* INTEGER_DIVIDE_BY_ZERO */
	{ 0xC0000095, 128 + SIGFPE },      /* INTEGER_OVERFLOW */
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

/* The signal of which a shell should see us die; 0: none. */
static int death_of(const struct outcome *out)
{
	uint32_t code = out->code;

	if (out->how == OUTCOME_EXITED)
		return out->subsystem != WIRE_NATIVE && code == CONTROL_C_EXIT ? SIGINT : 0;
	if (out->how != OUTCOME_SIGNALLED && out->how != OUTCOME_STOPPED)
		return 0;
	if (code == SIGHUP || code == SIGINT || code == SIGQUIT || code == SIGTERM ||
	    code == SIGPIPE)
		return (int)code;
	return 0;
}

int outcome_end(const struct outcome *out)
{
	struct rlimit none = { 0, 0 };
	struct sigaction normal = { .sa_handler = SIG_DFL };
	int signal = death_of(out);
	sigset_t set;

	if (signal) {
		setrlimit(RLIMIT_CORE, &none);
		sigaction(signal, &normal, NULL);
		sigemptyset(&set);
		sigaddset(&set, signal);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		raise(signal);
	}
	return outcome_status(out);
}
