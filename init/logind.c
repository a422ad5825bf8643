/* logind.c: a session of systemd-logind's. */
#include "init/logind.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init/dbus.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"

#define BUS "/run/dbus/system_bus_socket"

enum {
	ANSWER_MS = 10000, /* it starts the user's own systemd meanwhile */
	BUSY_MS = 2000,    /* whom others crowd out on the bus goes without */
	AGAIN_MS = 50,     /* nothing tells when the bus is there */
	GREETING_MAX = 512,
};

static int unable(struct logind *l, int err, const char *what, const char *why)
{
	fmt(l->why, sizeof(l->why), "%s: %s", what, why ? why : strerror(-err));
	return err;
}

/* An image without a bus has none to wait for. */
static bool bus_expected(void)
{
	return access("/lib/systemd/system/dbus.socket", F_OK) == 0 ||
	       access("/usr/lib/systemd/system/dbus.socket", F_OK) == 0;
}

/* For the bus, or with -1 for some time: not beyond the end, nor longer than the
 * caller is there. */
static int wait_for(const struct logind *l, int bus, short events)
{
	int64_t left = l->end - loop_now();
	struct pollfd p[] = { { .fd = l->caller }, { .fd = bus, .events = events } };
	int n;

	if (left <= 0)
		return -ETIMEDOUT;
	n = poll(p, 2, bus < 0 ? AGAIN_MS : (int)left);
	if (p[0].revents)
		return -ECANCELED;
	return n > 0 || bus < 0 ? 0 : -ETIMEDOUT;
}

/* The next step may take so long, and as long as all is on its way up. */
static void step_begin(struct logind *l, int ms)
{
	const int64_t end = loop_now() + ms;

	l->end = end > l->up ? end : l->up;
}

static int bus_connect(struct logind *l)
{
	bool busy = false;
	int fd, err = 0;

	l->end = l->up = loop_now() + (bus_expected() ? l->wait_ms : 0);
	while ((fd = unix_connect_now(BUS)) < 0 && err == 0) {
		if (fd == -EAGAIN && !busy)
			step_begin(l, BUSY_MS);
		busy = busy || fd == -EAGAIN;
		err = wait_for(l, -1, 0);
	}
	if (!busy)
		step_begin(l, BUSY_MS);
	return fd;
}

static int bus_write(struct logind *l, int bus, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0) {
		ssize_t n = send(bus, at, len, MSG_NOSIGNAL);
		int err = n >= 0 ? 0 : errno == EAGAIN ? wait_for(l, bus, POLLOUT) : -errno;

		if (err < 0)
			return err;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* `len` bytes, and the descriptor they bring, which replaces l->fd. */
static int bus_read(struct logind *l, int bus, uint8_t *at, size_t len)
{
	while (len > 0) {
		int fd = -1;
		ssize_t n = fd_recv(bus, &fd, at, len);
		int err = n > 0          ? 0
			  : n == -EAGAIN ? wait_for(l, bus, POLLIN)
			  : n == 0       ? -EPIPE
					 : (int)n;

		if (fd >= 0) {
			fd_close(&l->fd);
			l->fd = fd;
		}
		if (err < 0)
			return err;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Up to what answers our credentials. */
static int bus_greet(struct logind *l, int bus)
{
	int lines = 0, err = 0;
	uint8_t c;

	for (int i = 0; i < GREETING_MAX && lines < DBUS_AUTH_LINES && err == 0; i++) {
		err = bus_read(l, bus, &c, 1);
		lines += err == 0 && c == '\n';
	}
	return err < 0 || lines == DBUS_AUTH_LINES ? err : -EPROTO;
}

/* One message to buf; of one that is longer its beginning. Its length. */
static int bus_receive(struct logind *l, int bus, uint8_t buf[DBUS_MAX])
{
	int rest, err = bus_read(l, bus, buf, DBUS_HEAD);

	rest = err < 0 ? err : dbus_rest(buf);
	for (int left = rest; left > 0 && err == 0; left -= DBUS_MAX - DBUS_HEAD)
		err = bus_read(l, bus, buf + DBUS_HEAD,
			       left > DBUS_MAX - DBUS_HEAD ? DBUS_MAX - DBUS_HEAD : (size_t)left);
	return err < 0 || rest < 0 ? (err < 0 ? err : rest) : DBUS_HEAD + rest;
}

/* Among what anybody may say to us. */
static int bus_answer(struct logind *l, int bus)
{
	uint8_t buf[DBUS_MAX];
	struct dbus_message m;

	for (;;) {
		/* Who speaks without a pause is never waited for, and has no more time. */
		int len = loop_now() < l->end ? bus_receive(l, bus, buf) : -ETIMEDOUT;

		if (len < 0)
			return unable(l, len, "unable to read logind's answer", NULL);
		if (len > DBUS_MAX || dbus_parse(buf, (size_t)len, &m) < 0)
			continue;
		if (m.reply_to == DBUS_SESSION && m.type == DBUS_ERROR)
			return unable(l, -EPERM, "logind", m.strings[0]);
		if (m.reply_to == DBUS_SESSION && m.type == DBUS_REPLY) {
			fmt(l->id, sizeof(l->id), "%s", m.strings[0]);
			fmt(l->runtime, sizeof(l->runtime), "%s", m.strings[2]);
			return 0;
		}
	}
}

static int bus_ask(struct logind *l, int bus)
{
	const struct dbus_session wanted = { l->uid, (uint32_t)getpid(), l->tty };
	uint8_t out[DBUS_MAX];
	int len = dbus_open_session(&wanted, out, sizeof(out));
	int err = len < 0 ? len : bus_write(l, bus, DBUS_AUTH, sizeof(DBUS_AUTH) - 1);

	if (err == 0)
		err = bus_greet(l, bus);
	step_begin(l, ANSWER_MS);
	if (err == 0)
		err = bus_write(l, bus, out, (size_t)len);
	return err < 0 ? unable(l, err, "unable to ask logind", NULL) : bus_answer(l, bus);
}

int logind_open(struct logind *l)
{
	int bus = bus_connect(l), err;

	l->fd = -1;
	if (bus < 0)
		return unable(l, bus, "unable to connect to " BUS, NULL);
	err = bus_ask(l, bus);
	close(bus);
	return err;
}

void logind_env(const struct logind *l, struct env *env)
{
	char address[LOGIND_TEXT + 20];

	env_set(env, "XDG_SESSION_ID", l->id);
	env_set(env, "XDG_RUNTIME_DIR", l->runtime);
	fmt(address, sizeof(address), "unix:path=%s/bus", l->runtime);
	env_set(env, "DBUS_SESSION_BUS_ADDRESS", address);
}
