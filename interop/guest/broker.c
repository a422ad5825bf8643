/* broker.c: owns the guest's link to the host; one for the whole guest. */
#include "interop/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop/link/link.h"
#include "lib/acceptor.h"
#include "lib/lib.h"

enum {
	LISTENER = 3,          /* inherited from PID 1 */
	SESSION_ENDPOINT = 3,  /* where a session finds its stream */
	SIGNAL_POWER_OFF = 38, /* SIGRTMIN+4 as glibc and systemd count */
	SPARE_MS = 5,          /* after a session's start the next one is made ready */
};

struct broker {
	struct loop loop;
	struct log log;
	struct router *router;
	const char *link;
	struct acceptor acceptor;
	char *host_path; /* the Windows PATH of the connected host, or NULL */
	int spare;       /* the endpoint of a session that waits for its stream, or -1 */
	struct timer refill;
	int dial_error; /* the last one that was logged */
};

/* A NULL refusal lets the peer in. Every local user may ask today: the agent
 * on the host decides what runs, and limits by user or group go here. */
static const char *broker_refusal(const struct peer *peer)
{
	(void)peer;
	return NULL;
}

static void broker_failed(struct acceptor *acceptor, int error)
{
	struct broker *b = container_of(acceptor, struct broker, acceptor);

	log_err(&b->log, "cannot accept a client: %s (goes on when there is room)",
		strerror(error));
}

static void broker_client(struct acceptor *acceptor, int fd)
{
	struct broker *b = container_of(acceptor, struct broker, acceptor);
	struct peer peer;
	const char *refusal;

	if (unix_peer(fd, &peer)) {
		close(fd);
		return;
	}
	refusal = broker_refusal(&peer);
	if (refusal)
		router_refuse_endpoint(b->router, fd, refusal);
	else
		router_add_endpoint(b->router, fd, peer.uid);
}

static void broker_unreachable(void *owner, int error)
{
	struct broker *b = owner;

	if (error == b->dial_error)
		return;
	b->dial_error = error;
	log_err(&b->log, "cannot open the link %s: %s%s", b->link, strerror(-error),
		error == -ENODEV ? " (the VM needs a virtio-serial port of that name)" : "");
}

static void broker_state(void *owner, const struct hello *hello)
{
	struct broker *b = owner;

	fd_close(&b->spare); /* it has another host's PATH */
	free(b->host_path);
	b->host_path = hello ? strdup(hello->host_path.at) : NULL;
	b->dial_error = 0;
	log_note(&b->log,
		 hello ? "the host is connected" : "the host is gone: its programs failed");
}

static void broker_shutdown(void *owner)
{
	struct broker *b = owner;

	log_note(&b->log, "the host asks to power off");
	if (kill(1, SIGNAL_POWER_OFF) < 0)
		log_err(&b->log, "cannot ask PID 1 to power off: %s", strerror(errno));
}

/* In the child: becomes the session; what is open besides is close-on-exec. */
static _Noreturn void session_exec(const struct broker *b, int endpoint)
{
	char name[] = "landbridge-session";
	char *const argv[] = { name, NULL };

	signal(SIGCHLD, SIG_DFL);
	if (b->host_path)
		setenv("LANDBRIDGE_HOST_PATH", b->host_path, 1);
	else
		unsetenv("LANDBRIDGE_HOST_PATH");
	if (dup2(endpoint, SESSION_ENDPOINT) >= 0)
		execv("/proc/self/exe", argv);
	log_err(&b->log, "cannot start a session: %s", strerror(errno));
	_exit(WIRE_FAIL_NOT_RUN);
}

/* Starts a session, which waits for its stream. Returns our end of it. */
static int session_start(const struct broker *b)
{
	int pair[2], error;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	error = -errno;
	if (pid == 0)
		session_exec(b, pair[1]);
	close(pair[1]);
	if (pid > 0)
		return pair[0];
	close(pair[0]);
	return error;
}

/* To start a process takes longer than all the rest of a launch: whoever asked
 * once finds one ready the next time. */
static void broker_refill(struct timer *timer)
{
	struct broker *b = container_of(timer, struct broker, refill);

	if (b->spare < 0 && b->host_path)
		b->spare = session_start(b);
}

/* The spare one, unless it has ended meanwhile; it says nothing on its own. */
static int spare_take(struct broker *b)
{
	int fd = b->spare;
	char byte;

	b->spare = -1;
	if (fd >= 0 && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
		fd_close(&fd);
	return fd;
}

static int broker_session(void *owner, const struct open *l, struct failed *why)
{
	struct broker *b = owner;
	int fd = spare_take(b);

	(void)l;
	if (fd < 0)
		fd = session_start(b);
	if (fd < 0)
		why->os_error = (uint32_t)-fd;
	else
		timer_start(&b->loop, &b->refill, SPARE_MS);
	return fd;
}

static const struct router_ops broker_ops = {
	.accept = broker_session,
	.state = broker_state,
	.shutdown = broker_shutdown,
	.unreachable = broker_unreachable,
};

/* A wrong address is said once; the broker serves, and tells clients that no
 * host is there. */
static void broker_link(struct broker *b)
{
	struct dialer *dialer;
	struct address to;
	int error = address_parse(&to, b->link);

	if (error) {
		log_err(&b->log, "cannot open the link %s: not an address (give %s)", b->link,
			ADDRESS_GRAMMAR);
		return;
	}
	error = dialer_create(&dialer, &b->loop, ROUTER_GUEST, &to);
	if (error)
		log_err(&b->log, "cannot open the link %s: %s", b->link,
			error == -EPROTONOSUPPORT ? "this guest has no way to it (give serial:NAME)"
						  : strerror(-error));
	else
		router_dial(b->router, dialer);
}

static int broker_init(struct broker *b)
{
	int error;

	b->log.fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	signal(SIGCHLD, SIG_IGN); /* sessions are nobody's zombies */
	error = loop_init(&b->loop);
	if (error)
		return error;
	b->router = router_create(&b->loop, ROUTER_GUEST, &broker_ops, b, NULL);
	if (!b->router)
		return -ENOMEM;
	broker_link(b);
	error = fd_set_cloexec(LISTENER, 1);
	return error ? error : acceptor_start(&b->acceptor, &b->loop, LISTENER);
}

int broker_main(int argc, char **argv)
{
	struct broker b = {
		.log = { .fd = -1, .kmsg = true, .who = "broker", .max = LOG_LEVEL_NOTE },
		.link = argc > 1 ? argv[1] : "serial:landbridge.0",
		.spare = -1,
		.refill = { .fire = broker_refill },
		.acceptor = { .connected = broker_client, .failed = broker_failed },
	};
	int error;

	error = broker_init(&b);
	if (!error)
		error = loop_run(&b.loop);
	log_err(&b.log, "cannot serve interop.sock: %s", strerror(-error));
	return WIRE_FAIL_BRIDGE;
}
