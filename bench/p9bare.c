/* p9bare.c: socket loops that move what a 9P server moves and do nothing else:
 * what a server is compared with.
 *
 *   p9bare echo SOCKET             answers each message as a Tgetattr
 *   p9bare sendfile SOCKET FILE    Tread, from a file's pages
 *   p9bare pwrite SOCKET FILE      Twrite, to a file
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"
#include "p9d/wire/wire.h"

static int accept_one(const char *path)
{
	int listener = unix_listen(path, 0600, 8);
	int fd = listener < 0 ? -1 : accept(listener, NULL, NULL);

	close(listener);
	return fd;
}

/* A Tgetattr's bytes in, an Rgetattr's out, and nothing between. */
static _Noreturn void echo_server(const char *path)
{
	uint8_t buf[65536], out[160] = { 160, 0, 0, 0, P9_TGETATTR + 1 };

	for (;;) {
		int fd = accept_one(path);

		while (recv(fd, buf, sizeof(buf), 0) > 0)
			if (send(fd, out, sizeof(out), MSG_NOSIGNAL) < 0)
				break;
		close(fd);
	}
}

static bool send_part(int fd, int file, const struct p9_msg *t)
{
	uint8_t head[P9_DATA_HEADER];
	off_t at = (off_t)t->offset;
	struct writer w;

	writer_init(&w, head, sizeof(head));
	write_u32(&w, P9_DATA_HEADER + t->count);
	write_u8(&w, P9_TREAD + 1);
	write_u16(&w, t->tag);
	write_u32(&w, t->count);
	if (send(fd, head, sizeof(head), MSG_MORE | MSG_NOSIGNAL) < 0)
		return false;
	for (size_t left = t->count; left;) {
		ssize_t n = sendfile(fd, file, &at, left);

		if (n <= 0)
			return false;
		left -= (size_t)n;
	}
	return true;
}

static _Noreturn void sendfile_server(const char *path, const char *name)
{
	int file = open(name, O_RDONLY);

	for (;;) {
		int fd = accept_one(path);
		uint8_t frame[P9_WRITE_HEADER];
		struct p9_msg t;

		while (fd_read_full(fd, frame, sizeof(frame)) == sizeof(frame) &&
		       p9_decode(&t, frame, sizeof(frame)) == 0)
			if (!send_part(fd, file, &t))
				break;
		close(fd);
	}
}

/* A Twrite's bytes into the file. False: there is none. */
static bool take_part(int fd, int file, uint8_t *buf)
{
	uint8_t head[P9_WRITE_HEADER], reply[11] = { 11, 0, 0, 0, P9_TWRITE + 1 };
	struct reader r;
	uint32_t count;
	off_t at;

	if (fd_read_full(fd, head, sizeof(head)) != sizeof(head))
		return false;
	reader_init(&r, head, sizeof(head));
	count = read_u32(&r) - P9_WRITE_HEADER;
	reader_init(&r, head + P9_HEADER + 4, 8);
	at = (off_t)read_u64(&r);
	for (uint32_t got = 0; got < count;) {
		ssize_t n = recv(fd, buf, count - got, 0);

		if (n <= 0 || pwrite(file, buf, (size_t)n, at + got) != n)
			return false;
		got += (uint32_t)n;
	}
	return send(fd, reply, sizeof(reply), MSG_NOSIGNAL) == sizeof(reply);
}

static _Noreturn void pwrite_server(const char *path, const char *name)
{
	static uint8_t buf[P9_MSIZE_MAX];
	int file = open(name, O_RDWR);

	for (;;) {
		int fd = accept_one(path);

		while (take_part(fd, file, buf))
			;
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		echo_server(argv[2]);
	if (argc == 4 && strcmp(argv[1], "sendfile") == 0)
		sendfile_server(argv[2], argv[3]);
	if (argc == 4 && strcmp(argv[1], "pwrite") == 0)
		pwrite_server(argv[2], argv[3]);
	fprintf(stderr, "usage: p9bare echo SOCKET | sendfile SOCKET FILE | pwrite SOCKET FILE\n");
	return 2;
}
