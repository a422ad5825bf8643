/* service_call.c: a service of the other half as a connected socket. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "interop/stream/stream.h"
#include "lib/lib.h"

enum { PATIENCE_S = 5 };

int open_ask(int fd, const struct open_wish *want)
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
	open_put_u32(&p, OPEN_TAG_KIND, want->kind);
	open_put_str(&p, want->tag, want->value, strlen(want->value));
	if (want->user)
		open_put_str(&p, OPEN_TAG_USER, want->user, strlen(want->user));
	f = (struct frame){ (uint32_t)p.used, WIRE_OPEN, 0, WIRE_STREAM_ONLY };
	frame_put(&w, &f, payload);
	return w.bad || p.bad ? -E2BIG : fd_write_all(fd, bytes, w.used);
}

static int refused(const uint8_t *payload, size_t len, struct outcome *out)
{
	struct failed f;

	if (failed_decode(&f, payload, len))
		return -EPROTO;
	out->how = OUTCOME_FAILED;
	out->code = f.code;
	out->os_error = f.os_error;
	fmt(out->text, sizeof(out->text), "%s", f.text.at);
	return -EPERM;
}

/* recv(2) keeps to the limit of the socket, where poll(2) would not. */
static int take(int fd, void *to, size_t len)
{
	ssize_t n = recv(fd, to, len, MSG_WAITALL);

	if (n == (ssize_t)len)
		return 0;
	return n < 0 ? -errno : -ECONNRESET;
}

static int answer(int fd, struct outcome *out)
{
	uint8_t header[WIRE_HEADER], payload[WIRE_FAILED_MAX];
	struct frame f;
	int error = take(fd, header, sizeof(header));

	if (error)
		return error;
	if (frame_decode(&f, header) || (f.type != WIRE_STARTED && f.type != WIRE_FAILED))
		return -EPROTO;
	error = take(fd, payload, f.length);
	if (error || f.type == WIRE_STARTED)
		return error;
	return refused(payload, f.length, out);
}

static int limit_set(int fd, int seconds)
{
	const struct timeval limit = { .tv_sec = seconds };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ? -errno : 0;
}

/* fd, or a negative errno, is what connecting gave. */
static int call(int fd, const struct open_wish *want, struct outcome *out)
{
	int error = fd < 0 ? fd : limit_set(fd, PATIENCE_S);

	*out = (struct outcome){ .how = OUTCOME_LOST };
	if (!error)
		error = open_ask(fd, want);
	if (!error)
		error = answer(fd, out);
	if (!error)
		error = limit_set(fd, 0);
	if (!error)
		return fd;
	fd_close(&fd);
	return error;
}

int service_call(const char *socket, const char *service, const char *user, struct outcome *out)
{
	return service_call_by(unix_connect(socket), service, user, out);
}

int service_call_by(int fd, const char *service, const char *user, struct outcome *out)
{
	const struct open_wish want = { OPEN_BYTES, OPEN_TAG_SERVICE, service, user };

	return call(fd, &want, out);
}

int connect_call(int endpoint, const char *address, struct outcome *out)
{
	const struct open_wish want = { OPEN_CONNECT, OPEN_TAG_ADDRESS, address, NULL };

	return call(endpoint, &want, out);
}
