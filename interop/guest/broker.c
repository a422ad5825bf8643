/* broker.c: owns the guest's link to the host; one for the whole guest. */
#include "interop/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "interop/guest/connect.h"
#include "interop/guest/drives.h"
#include "interop/guest/ports.h"
#include "interop/guest/service.h"
#include "interop/guest/who.h"
#include "interop/link/link.h"
#include "lib/acceptor.h"
#include "lib/child.h"
#include "lib/lib.h"
#include "lib/signals.h"
#include "lib/places.h"

enum {
	LISTENER = 3,         /* inherited from PID 1 */
	SESSION_ENDPOINT = 3, /* where a session finds its stream */
	SPARE_MS = 5,         /* after a session's start the next one is made ready */
	CLOCK_MS = 500,       /* by so much it may be wrong: the link is no time server, */
	SYNCED_MS = 10000,    /* and one that has one knows better */
};

/* What is not between these is no time. In ms since 1970. */
#define YEAR_2020 UINT64_C(1577836800000)
#define YEAR_2100 UINT64_C(4102444800000)

struct broker {
	struct loop loop;
	struct log log;
	struct router *router;
	const char *link, *key_file;
	struct acceptor acceptor;
	char *host_path; /* "LANDBRIDGE_HOST_PATH=" and the connected host's PATH, or NULL */
	int spare;       /* the endpoint of a session that waits for its stream, or -1 */
	struct timer refill;
	int dial_error;              /* the last one that was logged */
	bool mounts;                 /* the host's drives, when it tells of them */
	struct who who;              /* may ask for one */
	bool shows;                  /* its ports to the host */
	bool keeps_time, heard_time; /* of the host that is there */
	struct ports ports;
	const char *closed;         /* why nobody here may ask for a program, or NULL */
	char text[WIRE_FAILED_MAX]; /* of the last refusal */
};

static int refuse(struct broker *b, struct failed *why, const char *what, uint32_t kind)
{
	why->code = WIRE_FAIL_NOT_RUN;
	why->text.len = fmt(b->text, sizeof(b->text), "%s (%s)", what, open_kind_name(kind));
	why->text.at = b->text;
	return -EACCES;
}

static int refuse_closed(const struct broker *b, struct failed *why)
{
	why->code = WIRE_FAIL_BRIDGE;
	why->text = (struct wire_str){ b->closed, strlen(b->closed) };
	return -EACCES;
}

/* What the host says of itself, to anybody. */
static bool is_about(const struct open *o)
{
	return CFG_DOCTOR && o->kind == OPEN_BYTES && strcmp(o->service.at, "about") == 0;
}

static int refuse_user(struct broker *b, struct failed *why)
{
	why->code = WIRE_FAIL_BRIDGE;
	why->text.len = fmt(b->text, sizeof(b->text),
			    "programs of the host are not for this user (see users and groups in "
			    "[interop] of /etc/wsl.conf)");
	why->text.at = b->text;
	return -EACCES;
}

/* Who of the guest may open what: programs anybody, unless that is switched
 * off or said otherwise, for the agent on the host decides what runs; the rest is for our own
 * services, which are root's. */
static int broker_permit(void *owner, const struct open *o, struct failed *why)
{
	struct broker *b = owner;

	if (o->kind == OPEN_PROGRAM && b->closed)
		return refuse_closed(b, why);
	if (o->kind == OPEN_PROGRAM)
		return CFG_INTEROP_USERS && !who_may_here(&b->who, o->uid) ? refuse_user(b, why)
									   : 0;
	if (o->uid == 0 || is_about(o))
		return 0;
	return refuse(b, why, "only root may open such streams", o->kind);
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

	if (unix_peer(fd, &peer))
		close(fd);
	else
		router_add_endpoint(b->router, fd, peer.uid);
}

static void broker_dialled(void *owner, int error)
{
	struct broker *b = owner;

	if (!error)
		router_announce(
			b->router,
			&(struct hello){ .drives = drives_here(),
					 .features = CFG_P9FS && b->mounts ? HELLO_MOUNTS : 0 });
	if (!error || error == b->dial_error)
		return;
	b->dial_error = error;
	log_err(&b->log, "cannot open the link %s: %s%s", b->link, link_why(error),
		error == -ENODEV ? " (the VM needs a virtio-serial port of that name)" : "");
}

static void broker_refused(void *owner, const char *who, int error)
{
	const struct broker *b = owner;

	(void)who;
	log_err(&b->log, "the link %s was cut: %s", b->link, link_why(error));
}

/* As a session has it in its environment. NULL: no memory, and no PATH. */
static char *host_path_entry(const struct hello *hello)
{
	static const char name[] = "LANDBRIDGE_HOST_PATH=";
	size_t size = sizeof(name) + hello->host_path.len;
	char *entry = malloc(size);

	if (entry)
		fmt(entry, size, "%s%s", name, hello->host_path.at);
	return entry;
}

static void broker_drives(struct broker *b, uint32_t host)
{
	uint32_t here = drives_here();

	/* A drive that came later, or with an agent that did. */
	if (CFG_P9FS && b->mounts) {
		pid_t pid = drives_mount(host & ~here);

		if (pid < 0)
			log_err(&b->log, "warning drives: unable to mount the host's: %s",
				strerror(-pid));
		here |= host;
	}
	drives_compare(&b->log, here, host);
}

static void broker_state(void *owner, const struct hello *hello)
{
	struct broker *b = owner;

	fd_close(&b->spare); /* it has another host's PATH */
	free(b->host_path);
	b->host_path = hello ? host_path_entry(hello) : NULL;
	b->dial_error = 0;
	b->heard_time &= hello != NULL;
	log_note(&b->log,
		 hello ? "the host is connected" : "the host is gone: its programs failed");
	/* It also writes the PATH down, for those who are no session. */
	if (hello)
		timer_start(&b->loop, &b->refill, SPARE_MS);
	if (hello)
		broker_drives(b, hello->drives);
	if (CFG_FORWARD)
		ports_host(&b->ports, b->shows && hello && (hello->features & HELLO_PORTS));
}

/* A clock that was kept right (NTP) is so until it stood still. */
static int64_t time_tolerance(void)
{
	struct timex t = { .modes = 0 };

	return adjtimex(&t) == TIME_ERROR ? CLOCK_MS : SYNCED_MS;
}

/* What was long under way makes us look ahead: only who has just come sets us back. */
static void broker_time(void *owner, uint64_t ms)
{
	struct broker *b = owner;
	const struct timespec host = { .tv_sec = (time_t)(ms / 1000),
				       .tv_nsec = (long)(ms % 1000) * 1000000 };
	struct timespec here;
	int64_t behind;

	if (!b->keeps_time || ms < YEAR_2020 || ms > YEAR_2100)
		return;
	clock_gettime(CLOCK_REALTIME, &here);
	behind = (int64_t)ms - (here.tv_sec * 1000 + here.tv_nsec / 1000000);
	if (behind < time_tolerance() && (b->heard_time || behind > -time_tolerance()))
		behind = 0;
	b->heard_time = true;
	if (behind != 0 && clock_settime(CLOCK_REALTIME, &host) == 0)
		log_note(&b->log, "the clock is set: it was %ld ms behind the host's",
			 (long)behind);
}

static void broker_shutdown(void *owner)
{
	struct broker *b = owner;

	log_note(&b->log, "the host asks to power off");
	if (kill(1, SIGNAL_POWER_OFF) < 0)
		log_err(&b->log, "cannot ask PID 1 to power off: %s", strerror(errno));
}

/* In the child: becomes the session; what is open besides is close-on-exec. */
static int session_exec(void *arg)
{
	const struct broker *b = arg;
	char name[] = "landbridge-session";
	char *const argv[] = { name, NULL }, *const envp[] = { b->host_path, NULL };

	execve("/proc/self/exe", argv, envp);
	return -errno;
}

/* Starts a session, which waits for its stream. Returns our end of it. */
static int session_start(struct broker *b)
{
	int pair[2], fds[SESSION_ENDPOINT + 1] = { 0, 1, 2 };
	const struct child_setup setup = { .fds = fds, .fd_count = array_len(fds) };
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fds[SESSION_ENDPOINT] = pair[1];
	pid = child_exec(&setup, session_exec, b);
	close(pair[1]);
	if (pid > 0)
		return pair[0];
	close(pair[0]);
	log_err(&b->log, "cannot start a session: %s", strerror(-pid));
	return pid;
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

static int broker_session(struct broker *b, struct failed *why)
{
	int fd = spare_take(b);

	if (fd < 0)
		fd = session_start(b);
	if (fd < 0)
		why->os_error = (uint32_t)-fd;
	else
		timer_start(&b->loop, &b->refill, SPARE_MS);
	return fd;
}

/* The host is the guest's administrator: it may open all that there is. */
static int broker_accept(void *owner, const struct open *o, struct failed *why)
{
	struct broker *b = owner;
	int fd;

	if (o->kind == OPEN_PROGRAM)
		return broker_session(b, why);
	if (CFG_P9FS && o->kind == OPEN_BYTES && (fd = drives_serve(o->service.at)) != -ENOENT)
		return fd < 0 ? refuse(b, why, strerror(-fd), o->kind) : fd;
	if (CFG_P9D && o->kind == OPEN_BYTES)
		return service_open(o, why, b->text);
	if (CFG_FORWARD && o->kind == OPEN_CONNECT)
		return connect_open(o, why, b->text);
	return refuse(b, why, "the guest does not serve such streams", o->kind);
}

static const struct router_ops broker_ops = {
	.accept = broker_accept,
	.permit = broker_permit,
	.state = broker_state,
	.time = broker_time,
	.shutdown = broker_shutdown,
	.dialled = broker_dialled,
	.refused = CFG_TLS || CFG_VSOCK ? broker_refused : NULL,
};

static int broker_key(const struct broker *b, enum address_kind kind, struct key *key, bool *known)
{
	int error = key_load(key, b->key_file);

	/* The host may see who calls without one. */
	if (error == -ENOENT && kind == ADDRESS_VSOCK)
		return 0;
	*known = !error;
	if (error)
		log_err(&b->log, "cannot open the link %s: cannot read its key %s: %s", b->link,
			b->key_file, key_why(error));
	return error;
}

/* A wrong address is said once; the broker serves, and tells clients that no
 * host is there. */
static void broker_link(struct broker *b)
{
	struct dialer *dialer;
	struct address to;
	struct key key = { .until = 0 };
	bool known = false;
	int error = address_parse(&to, b->link);

	if (error) {
		log_err(&b->log, "cannot open the link %s: not an address (give %s)", b->link,
			ADDRESS_GRAMMAR);
		return;
	}
	if (CFG_TLS && (to.kind == ADDRESS_TCP || to.kind == ADDRESS_VSOCK))
		error = broker_key(b, to.kind, &key, &known);
	if (error)
		return;
	error = dialer_of_guest(&dialer, &b->loop, &to, known ? &key : NULL);
	if (error)
		log_err(&b->log, "cannot open the link %s: %s", b->link,
			error == -EPROTONOSUPPORT ? "this guest has no way to it (give serial:NAME)"
						  : link_why(error));
	else
		router_dial(b->router, dialer);
	key_forget(&key);
}

static int broker_init(struct broker *b)
{
	int error;

	b->log.fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	signal(SIGCHLD, SIG_IGN); /* sessions are nobody's zombies */
	if (CFG_P9FS)
		signal(SIGTERM, SIG_IGN); /* drives are written to until the last program ends */
	error = loop_init(&b->loop);
	if (error)
		return error;
	b->router = router_create(&b->loop, ROUTER_GUEST, &broker_ops, b, NULL);
	if (!b->router)
		return -ENOMEM;
	if (CFG_FORWARD)
		ports_init(&b->ports, &b->loop, b->router, &b->log);
	broker_link(b);
	error = fd_set_cloexec(LISTENER, 1);
	return error ? error : acceptor_start(&b->acceptor, &b->loop, LISTENER);
}

int broker_main(int argc, char **argv)
{
	struct broker b = {
		.log = { .fd = -1, .kmsg = true, .who = "landbridge", .max = LOG_LEVEL_NOTE },
		.link = argc > 1 ? argv[1] : LANDBRIDGE_LINK,
		.key_file = argc > 2 ? argv[2] : LANDBRIDGE_KEY_FILE,
		.closed = argc > 3 && argv[3][0] ? argv[3] : NULL,
		.who = { argc > 5 ? argv[5] : "", argc > 6 ? argv[6] : "" },
		.mounts = argc > 4 && strcmp(argv[4], "mount") == 0,
		.shows = argc > 7 && strcmp(argv[7], "ports") == 0,
		.keeps_time = argc > 8 && strcmp(argv[8], "time") == 0,
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
