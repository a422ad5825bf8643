/* net.c: the guest's network: the world, without this host's own loopback. */
#include "interop/host/posix/net.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/host/posix/relay.h"
#include "interop/host/posix/tool.h"
#include "lib/lib.h"

/* The addresses are QEMU's own: whatever carries it, the guest is set up alike. */
static int passt_start(int fd, char *text, size_t size)
{
	struct args args = { 0 };
	struct tool tool = { .program = "passt", .in = -1, .keep = &fd, .keep_count = 1 };
	static const char *const words[] = {
		"passt",         "--address", "10.0.2.15",     "--netmask", "255.255.255.0",
		"--gateway",     "10.0.2.2",  "--dns-forward", "10.0.2.3",  "--no-map-gw",
		"--no-dhcp-dns", "--quiet",   "--fd",
	};
	int r;

	for (size_t i = 0; i < array_len(words); i++)
		args_add(&args, "%s", words[i]);
	args_add(&args, "%d", fd);
	tool.argv = args.at;
	r = args.bad ? -ENOMEM : tool_finish(&tool, text, size);
	args_free(&args);
	return r;
}

/* guest - relay - passt. *fd: the guest's end. */
static int network_make(int *fd, char *text, size_t size)
{
	int guest[2], world[2] = { -1, -1 }, r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, guest) < 0)
		return -errno;
	r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, world) < 0 ? -errno : 0;
	if (r == 0)
		r = passt_start(world[1], text, size);
	if (r == 0)
		r = relay_start(guest[1], world[0]);
	close(guest[1]);
	fd_close(&world[0]);
	fd_close(&world[1]);
	if (r != 0)
		fd_close(&guest[0]);
	*fd = guest[0];
	return r;
}

int net_open(const struct options *options, int *fd, struct fault *why)
{
	const char *net = options->net;
	char text[256] = "";
	int r;

	*fd = -1;
	if (net && strcmp(net, "outside") != 0)
		return 0;
	r = network_make(fd, text, sizeof(text));
	if (r == 0)
		return 0;
	if (r == -ENOENT)
		fmt(text, sizeof(text), "passt is not installed");
	else if (!*text)
		fmt(text, sizeof(text), "passt does not start: %s",
		    r < 0 ? strerror(-r) : "it says nothing");
	if (net)
		return fault_set(why, HOST_FAILED,
				 "unable to keep the guest from this host's own servers: %s", text);
	note("the guest can reach servers on this host's 127.0.0.1, as 10.0.2.2: %s (--net none "
	     "cuts it off, --net host agrees)",
	     text);
	return 0;
}
