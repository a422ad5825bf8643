/* death.c: the end of main, as a shell should see it. */
#include <signal.h>
#include <sys/resource.h>

#include "interop/stream/stream.h"

#define CONTROL_C_EXIT 0xC000013Au

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
		prlimit(0, RLIMIT_CORE, &none, NULL);
		sigaction(signal, &normal, NULL);
		sigemptyset(&set);
		sigaddset(&set, signal);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		raise(signal);
	}
	return outcome_status(out);
}
