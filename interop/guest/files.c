/* files.c: joins our stdin and stdout to the guest's file server. */
#include "interop/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/stream/stream.h"
#include "interop/wire/wire.h"
#include "lib/lib.h"

#define FILES_SOCKET "/run/landbridge/p9d.sock"

enum { CHUNK = 256 * 1024 };

/* One direction. splice(2) says the same, EAGAIN, when there is nothing to read
 * and when there is no room: it was not what we waited for. */
struct way {
	int from, to;
	bool full;  /* waits for room; otherwise for bytes */
	bool ended; /* end of file came */
};

static struct pollfd way_wait(const struct way *w)
{
	return (struct pollfd){ .fd = w->ended  ? -1
				      : w->full ? w->to
						: w->from,
				.events = w->full ? POLLOUT : POLLIN };
}

static int way_move(struct way *w)
{
	ssize_t n = splice(w->from, NULL, w->to, NULL, CHUNK, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	w->full = n < 0 && errno == EAGAIN ? !w->full : false;
	w->ended = n == 0;
	return 0;
}

/* Until the server hangs up, or there is nobody to tell what it says. */
static int join(int server)
{
	struct way in = { STDIN_FILENO, server, false, false };
	struct way out = { server, STDOUT_FILENO, false, false };
	bool shut = false;
	int err = 0;

	while (!err && !out.ended) {
		struct pollfd p[2] = { way_wait(&in), way_wait(&out) };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents)
			err = way_move(&in);
		if (err == -EPIPE) { /* it hung up: what it said last is still to come */
			in.ended = true;
			err = 0;
		}
		if (in.ended && !shut)
			shut = shutdown(server, SHUT_WR) == 0 || errno == ENOTCONN;
		if (!err && p[1].revents)
			err = way_move(&out);
	}
	return err == -EPIPE ? 0 : err;
}

int files_main(int argc, char **argv)
{
	const struct log log = { .fd = STDERR_FILENO,
				 .who = "landbridge-files",
				 .max = LOG_LEVEL_NOTE };
	int server, err;

	(void)argv;
	stdio_hold();
	signal(SIGPIPE, SIG_IGN);
	if (argc != 1) {
		log_err(&log, "takes no arguments: 9P comes and goes by stdin and stdout");
		return WIRE_FAIL_BRIDGE;
	}
	server = unix_connect(FILES_SOCKET);
	err = server < 0 ? server : fd_set_nonblock(server);
	if (err < 0) {
		log_err(&log, "unable to reach the guest's file server at %s: %s", FILES_SOCKET,
			strerror(-err));
		return WIRE_FAIL_BRIDGE;
	}
	err = join(server);
	if (err == -EINVAL)
		log_err(&log, "stdin and stdout must be pipes");
	else if (err < 0)
		log_err(&log, "unable to pass on the file server's messages: %s", strerror(-err));
	return err < 0 ? WIRE_FAIL_BRIDGE : 0;
}
