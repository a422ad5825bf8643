/* guest_service.c: a service of the guest as a connected socket, through an agent. */
#include "interop/host/posix/guest_service.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "interop/wire/wire.h"
#include "lib/lib.h"

enum { PATIENCE_S = 5 };

/* HELLO and OPEN in one piece. Its answer is one frame, and then no more. */
static int ask(int fd, const char *service, const char *user)
{
	uint8_t bytes[2048], payload[1024];
	struct hello hello = { .version_min = WIRE_VERSION, .version_max = WIRE_VERSION };
	struct frame f = { WIRE_HELLO_MIN, WIRE_HELLO, 0, 0 };
	struct writer w, p;

	writer_init(&w, bytes, sizeof(bytes));
	writer_init(&p, payload, sizeof(payload));
	hello_encode(&p, &hello);
	frame_put(&w, &f, payload);
	writer_init(&p, payload, sizeof(payload));
	open_put_u32(&p, OPEN_TAG_KIND, OPEN_BYTES);
	open_put_str(&p, OPEN_TAG_SERVICE, service, strlen(service));
	if (user)
		open_put_str(&p, OPEN_TAG_USER, user, strlen(user));
	f = (struct frame){ (uint32_t)p.used, WIRE_OPEN, 0, WIRE_STREAM_ONLY };
	frame_put(&w, &f, payload);
	return w.bad || p.bad ? -E2BIG : fd_write_all(fd, bytes, w.used);
}

static int refused(const uint8_t *payload, size_t len, struct fault *why)
{
	struct failed f;

	if (failed_decode(&f, payload, len))
		return -EPROTO;
	return fault_set(why, HOST_FAILED, "%s", f.text.at);
}

/* 0: it is ours now. -1 and *why: refused. */
static int answer(int fd, struct fault *why)
{
	uint8_t header[WIRE_HEADER], payload[WIRE_FAILED_MAX];
	struct frame f;
	/* recv(2) keeps to the limit of the socket, where poll(2) would not. */
	ssize_t n = recv(fd, header, sizeof(header), MSG_WAITALL);

	if (n != (ssize_t)sizeof(header))
		return n < 0 ? -errno : -ECONNRESET;
	if (frame_decode(&f, header) || (f.type != WIRE_STARTED && f.type != WIRE_FAILED))
		return -EPROTO;
	n = recv(fd, payload, f.length, MSG_WAITALL);
	if (n != (ssize_t)f.length)
		return n < 0 ? -errno : -ECONNRESET;
	return f.type == WIRE_STARTED ? 0 : refused(payload, f.length, why);
}

static int limit_set(int fd, int seconds)
{
	const struct timeval limit = { .tv_sec = seconds };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ? -errno : 0;
}

int guest_service_open(const char *socket, const char *service, const char *user, struct fault *why)
{
	int fd = unix_connect(socket);
	int err = fd < 0 ? fd : limit_set(fd, PATIENCE_S);

	if (!err)
		err = ask(fd, service, user);
	if (!err)
		err = answer(fd, why);
	if (!err)
		err = limit_set(fd, 0);
	if (!err)
		return fd;
	fd_close(&fd);
	if (why->status)
		return -1;
	return fault_set(why, HOST_FAILED, "unable to reach the guest by the agent at %s: %s",
			 socket, err == -EAGAIN ? "it does not answer" : strerror(-err));
}
