/* guest_service.c: a service of the guest as a connected socket, through an agent. */
#include "interop/host/posix/guest_service.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "interop/stream/stream.h"

enum { TRIES = 40, MOMENT_MS = 50 };

/* A guest is up before it has begun all that it serves. */
static bool begins(const struct outcome *out)
{
	return out->how == OUTCOME_FAILED && out->os_error == ENOENT;
}

int guest_service_open(const char *socket, const char *service, const char *user, struct fault *why)
{
	const struct timespec moment = { 0, MOMENT_MS * 1000000L };
	struct outcome out;
	int fd = service_call(socket, service, user, &out);

	for (int i = 0; i < TRIES && fd < 0 && begins(&out); i++) {
		nanosleep(&moment, NULL);
		fd = service_call(socket, service, user, &out);
	}
	if (fd >= 0)
		return fd;
	if (out.how == OUTCOME_FAILED)
		return fault_set(why, HOST_FAILED, "%s", out.text);
	return fault_set(why, HOST_FAILED, "unable to reach the guest by the agent at %s: %s",
			 socket, fd == -EAGAIN ? "it does not answer" : strerror(-fd));
}
