/* logind.c: a session of systemd-logind's. */
#include "init/logind.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "init/dbus.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/loop.h"

#define BUS "/run/dbus/system_bus_socket"

enum {
	ANSWER_S = 30, /* it starts the user's own systemd meanwhile */
	AGAIN_MS = 50, /* nothing tells when the bus is there */
	MESSAGES_MAX = 16,
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

static int bus_connect(int wait_ms)
{
	const struct timespec slice = { .tv_nsec = AGAIN_MS * 1000000 };
	const struct timeval limit = { .tv_sec = ANSWER_S };
	int64_t end = loop_now() + (bus_expected() ? wait_ms : 0);
	int fd;

	while ((fd = unix_connect(BUS)) < 0 && loop_now() < end)
		nanosleep(&slice, NULL);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* Up to what answers our credentials. */
static int bus_greet(int bus)
{
	char c;

	for (int lines = 0; lines < DBUS_AUTH_LINES; lines += c == '\n')
		if (read(bus, &c, 1) != 1)
			return -EPROTO;
	return 0;
}

/* One message to buf, and the descriptor it brings or -1. Its length. */
static ssize_t bus_receive(int bus, uint8_t buf[DBUS_MAX], int *fd)
{
	ssize_t got = fd_recv(bus, fd, buf, DBUS_HEAD);
	int rest;

	if (got > 0 && got < DBUS_HEAD)
		got += fd_read_full(bus, buf + got, (size_t)(DBUS_HEAD - got));
	if (got != DBUS_HEAD)
		return got < 0 ? got : -EPIPE;
	rest = dbus_rest(buf);
	if (rest < 0)
		return rest;
	return fd_read_full(bus, buf + DBUS_HEAD, (size_t)rest) == rest ? DBUS_HEAD + rest : -EPIPE;
}

/* Among what a bus says to everybody. */
static int bus_answer(struct logind *l, int bus)
{
	uint8_t buf[DBUS_MAX];
	struct dbus_message m;

	for (int i = 0; i < MESSAGES_MAX; i++) {
		ssize_t len = bus_receive(bus, buf, &l->fd);
		int err = len < 0 ? (int)len : dbus_parse(buf, (size_t)len, &m);

		if (err < 0)
			return unable(l, err, "unable to read logind's answer", NULL);
		if (m.reply_to == DBUS_SESSION && m.type == DBUS_ERROR)
			return unable(l, -EPERM, "logind", m.strings[0]);
		if (m.reply_to == DBUS_SESSION && m.type == DBUS_REPLY) {
			fmt(l->id, sizeof(l->id), "%s", m.strings[0]);
			fmt(l->runtime, sizeof(l->runtime), "%s", m.strings[2]);
			return 0;
		}
		fd_close(&l->fd);
	}
	return unable(l, -EPROTO, "unable to find logind's answer", NULL);
}

static int bus_ask(struct logind *l, int bus)
{
	const struct dbus_session wanted = { l->uid, (uint32_t)getpid(), l->tty };
	uint8_t out[DBUS_MAX];
	int len = dbus_open_session(&wanted, out, sizeof(out));
	int err = len < 0 ? len : fd_write_all(bus, DBUS_AUTH, sizeof(DBUS_AUTH) - 1);

	if (err == 0)
		err = bus_greet(bus);
	if (err == 0)
		err = fd_write_all(bus, out, (size_t)len);
	return err < 0 ? unable(l, err, "unable to ask logind", NULL) : bus_answer(l, bus);
}

int logind_open(struct logind *l)
{
	int bus = bus_connect(l->wait_ms), err;

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
