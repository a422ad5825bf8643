/* uevent.c: waiting for a device without polling. */
#include "init/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -errno;
}

int uevent_wait(int fd, int64_t ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[64]; /* only that something happened counts: the rest is cut */
	int n;

	if (ms <= 0)
		return -ETIMEDOUT;
	n = poll(&p, 1, (int)ms);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	while (recv(fd, buf, sizeof(buf), 0) >= 0)
		;
	return 0;
}
