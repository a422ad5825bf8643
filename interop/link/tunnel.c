/* tunnel.c: TLS between a link and what carries it. */
#include "interop/link/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/macros.h"

enum { AHEAD = 16 * 1024 };

struct tunnel {
	struct transport transport;
	struct transport *under;
	struct tls *tls;
	size_t start, used; /* of what was read ahead */
	uint8_t ahead[AHEAD];
};

static struct tunnel *tunnel_of(struct transport *t)
{
	return container_of(t, struct tunnel, transport);
}

/* Why there will be no more bytes; 0: it was closed. */
static int end_error(const struct tunnel *t)
{
	switch (tls_end(t->tls)) {
	case TLS_CLOSED:
		return 0;
	case TLS_KEY:
		return -EKEYREJECTED;
	case TLS_REFUSED:
		return -ECONNREFUSED;
	case TLS_FOREIGN:
		return -EPROTO;
	default:
		return -EBADMSG;
	}
}

static bool has(struct tunnel *t, enum tls_port port)
{
	size_t len;

	return tls_buffer(t->tls, port, &len) != NULL;
}

/* Sends what is to be sent. 0, -EAGAIN, or what went wrong. */
static int push(struct tunnel *t)
{
	struct iovec out;

	while ((out.iov_base = tls_buffer(t->tls, TLS_WIRE_OUT, &out.iov_len)) != NULL) {
		ssize_t n = t->under->ops->writev(t->under, &out, 1);

		if (n < 0)
			return (int)n;
		tls_passed(t->tls, TLS_WIRE_OUT, (size_t)n);
	}
	return 0;
}

/* Gives the engine what it takes of what was read ahead. */
static void feed(struct tunnel *t)
{
	uint8_t *room;
	size_t len;

	while (t->used && (room = tls_buffer(t->tls, TLS_WIRE_IN, &len)) != NULL) {
		len = len < t->used ? len : t->used;
		memcpy(room, t->ahead + t->start, len);
		t->start += len;
		t->used -= len;
		tls_passed(t->tls, TLS_WIRE_IN, len);
	}
}

/* The count of bytes; 0 at end of file, or negative. */
static ssize_t pull(struct tunnel *t)
{
	struct iovec in = { t->ahead, AHEAD };
	ssize_t n;

	if (t->used) /* the engine waits for something else */
		return -EAGAIN;
	n = t->under->ops->readv(t->under, &in, 1);
	if (n > 0) {
		t->start = 0;
		t->used = (size_t)n;
	}
	return n;
}

/* One round of what can be done without the caller's bytes. Positive: go on. */
static ssize_t turn(struct tunnel *t)
{
	int error;

	feed(t);
	error = push(t);
	if (error && error != -EAGAIN)
		return error;
	return tls_phase(t->tls) == TLS_ENDED || has(t, TLS_DATA_OUT) ? 1 : pull(t);
}

int tunnel_greet(struct transport *transport)
{
	struct tunnel *t = tunnel_of(transport);
	ssize_t n = 1;

	while (n > 0 && tls_phase(t->tls) == TLS_GREETING)
		n = turn(t);
	if (tls_phase(t->tls) == TLS_ENDED) {
		push(t); /* an alert, that says why */
		return tls_end(t->tls) == TLS_CLOSED ? -ECONNREFUSED : end_error(t);
	}
	/* The last of it must be on its way: the other waits for that. */
	if (tls_phase(t->tls) == TLS_UP)
		return push(t);
	return n == 0 || n == -ECONNRESET || n == -EPIPE ? -ECONNREFUSED : (int)n;
}

static ssize_t take(struct tunnel *t, const struct iovec *iov, int count)
{
	ssize_t total = 0;
	uint8_t *data;
	size_t len;

	for (int i = 0; i < count; i++) {
		size_t done = 0;

		while (done < iov[i].iov_len &&
		       (data = tls_buffer(t->tls, TLS_DATA_OUT, &len)) != NULL) {
			len = len < iov[i].iov_len - done ? len : iov[i].iov_len - done;
			memcpy((uint8_t *)iov[i].iov_base + done, data, len);
			tls_passed(t->tls, TLS_DATA_OUT, len);
			feed(t);
			done += len;
		}
		total += (ssize_t)done;
	}
	return total;
}

static ssize_t tunnel_readv(struct transport *transport, const struct iovec *iov, int count)
{
	struct tunnel *t = tunnel_of(transport);
	ssize_t n = tls_phase(t->tls) == TLS_GREETING ? tunnel_greet(transport) : 0;

	if (n < 0 && tls_phase(t->tls) != TLS_UP)
		return n;
	do {
		n = turn(t);
		if (n > 0 && has(t, TLS_DATA_OUT))
			return take(t, iov, count);
	} while (n > 0 && tls_phase(t->tls) != TLS_ENDED);
	return tls_phase(t->tls) == TLS_ENDED ? end_error(t) : n;
}

/* Into the engine, and what makes a record goes on. The count that went in, or why
 * none did. */
static ssize_t put(struct tunnel *t, const struct iovec *iov)
{
	size_t done = 0, len;
	uint8_t *room;
	int error = 0;

	while (done < iov->iov_len && !error) {
		room = tls_buffer(t->tls, TLS_DATA_IN, &len);
		if (!room) {
			error = push(t);
			if (!error && !has(t, TLS_DATA_IN))
				error = -EPIPE;
			continue;
		}
		len = len < iov->iov_len - done ? len : iov->iov_len - done;
		memcpy(room, (const uint8_t *)iov->iov_base + done, len);
		tls_passed(t->tls, TLS_DATA_IN, len);
		done += len;
	}
	return done ? (ssize_t)done : error;
}

static ssize_t tunnel_writev(struct transport *transport, const struct iovec *iov, int count)
{
	struct tunnel *t = tunnel_of(transport);
	ssize_t total = 0, n = tunnel_greet(transport);
	int error;

	if (n < 0)
		return n;
	for (int i = 0; i < count && n >= 0; i++) {
		n = put(t, &iov[i]);
		total += n > 0 ? n : 0;
		if (n >= 0 && (size_t)n < iov[i].iov_len)
			break;
	}
	tls_flush(t->tls);
	error = push(t);
	if (error && error != -EAGAIN)
		return error;
	return total ? total : n;
}

/* While a record waits to be sent, reading is what sends it: whoever wrote it has
 * nothing more to write, maybe. */
static uint32_t want_to_read(struct tunnel *t)
{
	uint32_t events;

	if (has(t, TLS_DATA_OUT) || (t->used && has(t, TLS_WIRE_IN)))
		return 0;
	events = t->under->ops->want(t->under, TRANSPORT_READ);
	if (events && has(t, TLS_WIRE_OUT))
		events |= t->under->ops->want(t->under, TRANSPORT_WRITE);
	return events;
}

static uint32_t tunnel_want(struct transport *transport, enum transport_way way)
{
	struct tunnel *t = tunnel_of(transport);

	if (tls_phase(t->tls) == TLS_GREETING && !has(t, TLS_WIRE_OUT)) {
		uint32_t events = t->under->ops->want(t->under, TRANSPORT_READ);

		/* No event tells of what it has read, so any will do. */
		return events || way == TRANSPORT_READ ? events : EPOLLIN | EPOLLOUT;
	}
	if (way == TRANSPORT_READ)
		return want_to_read(t);
	return t->under->ops->want(t->under, TRANSPORT_WRITE);
}

/* Others may have the descriptor too, to end this link by (dial_gate.c). */
static void tunnel_close(struct transport *transport)
{
	struct tunnel *t = tunnel_of(transport);

	shutdown(transport->fd, SHUT_RDWR);
	transport_close(t->under);
	tls_destroy(t->tls);
	free(t);
}

static struct tls *engine_create(enum tls_role role, const struct key *key, int *error)
{
	uint8_t seed[TLS_SEED];
	ssize_t n = getrandom(seed, sizeof(seed), GRND_NONBLOCK);
	struct tls *tls = NULL;

	*error = n < 0 ? -errno : n < TLS_SEED ? -EAGAIN : -ENOMEM;
	if (n == TLS_SEED)
		tls = tls_create(role, key, seed);
	explicit_bzero(seed, sizeof(seed));
	return tls;
}

int tunnel_create(struct transport **out, struct transport *under, enum tls_role role,
		  const struct key *key)
{
	static const struct transport_ops ops = { tunnel_readv, tunnel_writev, tunnel_want,
						  tunnel_close };
	int error = -ENOMEM;
	struct tunnel *t = malloc(sizeof(*t));
	struct tls *tls = t ? engine_create(role, key, &error) : NULL;

	if (!tls) {
		free(t);
		transport_close(under);
		return error;
	}
	t->transport = (struct transport){ .ops = &ops, .fd = under->fd };
	t->under = under;
	t->tls = tls;
	t->start = t->used = 0;
	*out = &t->transport;
	return 0;
}
