/* guest_service.c: a service of the guest as a connected socket, through an agent. */
#include "interop/host/posix/guest_service.h"

#include <errno.h>
#include <string.h>

#include "interop/stream/stream.h"

int guest_service_open(const char *socket, const char *service, const char *user, struct fault *why)
{
	struct outcome out;
	int fd = service_call(socket, service, user, &out);

	if (fd >= 0)
		return fd;
	if (out.how == OUTCOME_FAILED)
		return fault_set(why, HOST_FAILED, "%s", out.text);
	return fault_set(why, HOST_FAILED, "unable to reach the guest by the agent at %s: %s",
			 socket, fd == -EAGAIN ? "it does not answer" : strerror(-fd));
}
