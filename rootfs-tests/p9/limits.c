/* limits.c: a server that runs out of descriptors, and one that says no. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "p9check.h"

#define TOO_MANY 1000

static int open_nth(int n)
{
	char name[32];

	snprintf(name, sizeof(name), "n%d", n);
	return open(name, O_CREAT | O_RDWR, 0644);
}

/* How many could be opened; the error of the next one is EMFILE or ENFILE. */
static int open_all(int *fds)
{
	int n = 0;

	while (n < TOO_MANY && (fds[n] = open_nth(n)) >= 0)
		n++;
	ok(n < TOO_MANY);
	errno = 0;
	ok(open_nth(TOO_MANY) < 0 && (errno == EMFILE || errno == ENFILE));
	return n;
}

static int is_usable(int fd)
{
	char c = 0;

	return pwrite(fd, "x", 1, 0) == 1 && fsync(fd) == 0 && pread(fd, &c, 1, 0) == 1 && c == 'x';
}

int run_many_open(const char *dir)
{
	static int fds[TOO_MANY];
	int n;

	ok(chdir(dir) == 0);
	for (int round = 0; round < 3 && !failures; round++) {
		n = open_all(fds);
		ok(n >= 5);
		printf("p9check: %d files could be opened\n", n);
		for (int i = 0; i < n; i++)
			ok(is_usable(fds[i]));
		close(fds[--n]);
		close(fds[--n]);
		fds[n] = open_nth(n); /* room for one again */
		ok(fds[n] >= 0 && is_usable(fds[n]));
		for (int i = 0; i <= n; i++)
			ok(close(fds[i]) == 0);
	}
	return failures != 0;
}

/* A connection that is closed without a word: the answer to Tversion is EOF. */
static int is_refused(unsigned cid, unsigned port)
{
	static const unsigned char version[] = { 21, 0, 0,   0,   100, 255, 255, 0,   32,  0,  0,
						 8,  0, '9', 'P', '2', '0', '0', '0', '.', 'L' };
	struct sockaddr_vm to = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char answer[64];
	ssize_t n;

	ok(fd >= 0 && connect(fd, (void *)&to, sizeof(to)) == 0);
	send(fd, version, sizeof(version), MSG_NOSIGNAL); /* it may be closed already */
	ok(poll(&p, 1, 10000) == 1);
	n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	close(fd);
	return n <= 0;
}

int run_vsock(unsigned port)
{
	for (int i = 0; i < 20 && !failures; i++)
		ok(is_refused(VMADDR_CID_LOCAL, port));
	return failures != 0;
}
