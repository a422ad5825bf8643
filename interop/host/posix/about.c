/* about.c: what the host says of itself to a guest's doctor. */
#include "interop/host/posix/about.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/lib.h"

/* Lines of a report (lib/report.h), for the guest's doctor to say. */
static size_t about_text(const struct agent_config *config, char *text, size_t size)
{
	const struct rules *rules = config->rules;
	const struct wine *wine = config->wine;
	char drives[HELLO_DRIVES_TEXT];

	hello_drives_text(drives, drives_letters(config->drives));
	return fmt(text, size,
		   "ok host Landbridge " LANDBRIDGE_VERSION "\n%s wine %s\n"
		   "ok host-drives %s\nok policy default %s, %zu patterns, scripts %s\n",
		   wine->runs ? "ok" : "fail", wine->runs ? wine->loader : wine->whynot, drives,
		   rules->allow ? "allow" : "deny", rules->count, rules->batch ? "on" : "off");
}

int about_open(const struct agent_config *config, struct failed *why)
{
	char text[2048];
	size_t len = about_text(config, text, sizeof(text));
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		*why = (struct failed){ .code = WIRE_FAIL_BRIDGE, .os_error = (uint32_t)errno };
		return -errno;
	}
	/* So little has room in it whether it is read or not. */
	(void)!send(pair[1], text, len < sizeof(text) ? len : sizeof(text) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	close(pair[1]);
	return pair[0];
}
