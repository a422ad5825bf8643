/* dial_gate.c: a door for a guest that calls, and who may come in: whoever proves that he
 * has the one key, over TCP under TLS, over vsock and its unix sockets by saying what only
 * the two can know; or, over vsock without a key, the root of the right VM. He need not be
 * the only one to knock: as many as CALLERS are greeted at a time, each for at most
 * GREET_MS, and one more makes the oldest give way of the address that has most of them.
 *
 * The door stays open while there is a link: a guest that was cut off without a word
 * comes again before this side has missed it. Who has proved the key last has the
 * link; the one before is hung up.
 */
#include "interop/link/dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "interop/link/socket_name.h"
#include "interop/link/tunnel.h"
#include "lib/acceptor.h"
#include "lib/lib.h"

enum {
	CALLERS = 32,
	GREET_MS = 5000,
	BACKLOG = 128,
	ROOTS_PORTS = 1024, /* of vsock(7), too */
};

struct gate;

struct gate_caller {
	struct gate *gate;
	struct watch watch;
	struct timer limit;
	struct transport *way; /* over TCP a tunnel */
	union socket_name name;
	size_t heard;
	uint8_t said[KEY_PROOF];
};

struct gate {
	struct dialer dialer;
	struct loop *loop;
	struct acceptor acceptor;
	int fd;
	bool wanted;            /* a try is on */
	struct transport *next; /* let in while none was; or NULL */
	int current;            /* a copy of the link's descriptor, to hang it up; or -1 */
	struct gate_caller *callers[CALLERS]; /* oldest first */
	size_t count;
	enum address_kind kind;
	uint32_t cid;
	bool keyed;
	struct key key;
	uint8_t proof[KEY_PROOF]; /* not over TCP */
};

/* --- callers ---------------------------------------------------------------------- */

static void caller_free(struct gate_caller *c)
{
	watch_remove(&c->watch);
	timer_stop(c->gate->loop, &c->limit);
	transport_close(c->way);
	free(c);
}

static void caller_leave(struct gate_caller *c)
{
	struct gate *g = c->gate;
	size_t i = 0;

	while (g->callers[i] != c)
		i++;
	for (g->count--; i < g->count; i++)
		g->callers[i] = g->callers[i + 1];
	caller_free(c);
}

static void tell_refused(struct gate *g, const union socket_name *name, int error)
{
	char who[SOCKET_TEXT];

	socket_name_text(name, who);
	if (g->dialer.refused)
		g->dialer.refused(&g->dialer, who, error);
}

static void caller_refuse(struct gate_caller *c, int error)
{
	struct gate *g = c->gate;
	union socket_name name = c->name;

	caller_leave(c);
	tell_refused(g, &name, error);
}

static void gate_give(struct gate *g)
{
	struct transport *t = g->next;

	g->next = NULL;
	g->wanted = false;
	fd_close(&g->current);
	g->current = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);
	g->dialer.done(&g->dialer, t, 0);
}

/* The link before it, if there is one, is at its end; the next try finds this one. */
static void caller_enter(struct gate_caller *c)
{
	struct gate *g = c->gate;

	transport_close(g->next);
	watch_remove(&c->watch);
	g->next = c->way;
	c->way = NULL;
	caller_leave(c);
	if (g->wanted)
		gate_give(g);
	else if (g->current >= 0)
		shutdown(g->current, SHUT_RDWR);
}

/* Not a byte more than that: the next one is the link's. */
static int proof_read(struct gate_caller *c)
{
	struct iovec room = { c->said + c->heard, KEY_PROOF - c->heard };
	ssize_t n = c->way->ops->readv(c->way, &room, 1);
	uint8_t unlike = 0;

	if (n <= 0)
		return n < 0 ? (int)n : -ECONNRESET;
	c->heard += (size_t)n;
	if (c->heard < KEY_PROOF)
		return -EAGAIN;
	for (size_t i = 0; i < KEY_PROOF; i++)
		unlike |= c->said[i] ^ c->gate->proof[i];
	return unlike ? -EKEYREJECTED : 0;
}

static bool is_tls(const struct gate *g)
{
	return CFG_TLS && g->kind == ADDRESS_TCP;
}

static int caller_greet(struct gate_caller *c)
{
	int error = is_tls(c->gate) ? tunnel_greet(c->way) : proof_read(c);

	if (error == -EAGAIN && is_tls(c->gate))
		watch_set(&c->watch, c->way->ops->want(c->way, TRANSPORT_READ) |
					     c->way->ops->want(c->way, TRANSPORT_WRITE));
	return error;
}

static void caller_ready(struct watch *watch, uint32_t events)
{
	struct gate_caller *c = container_of(watch, struct gate_caller, watch);
	int error = caller_greet(c);

	(void)events;
	if (error == -EAGAIN)
		return;
	if (!error && key_expired(&c->gate->key, time(NULL)))
		caller_refuse(c, -EKEYEXPIRED);
	else if (error)
		caller_refuse(c, error);
	else
		caller_enter(c);
}

static void caller_late(struct timer *timer)
{
	caller_refuse(container_of(timer, struct gate_caller, limit), -ETIMEDOUT);
}

static size_t callers_of(const struct gate *g, const union socket_name *name)
{
	size_t count = 0;

	for (size_t i = 0; i < g->count; i++)
		count += socket_name_same(&g->callers[i]->name, name);
	return count;
}

/* One address that calls for ever takes places from itself first. */
static void make_room(struct gate *g)
{
	struct gate_caller *gives_way = g->callers[0];
	size_t most = callers_of(g, &gives_way->name);

	for (size_t i = 1; i < g->count; i++) {
		size_t count = callers_of(g, &g->callers[i]->name);

		if (count > most) {
			most = count;
			gives_way = g->callers[i];
		}
	}
	caller_refuse(gives_way, -ENOBUFS);
}

/* Which VM it is, the kernel says; who of it, the port does, or the key. */
static int vm_check(const struct gate *g, const struct sockaddr_vm *vm)
{
	if (vm->svm_cid != g->cid)
		return -EHOSTUNREACH;
	return g->keyed || vm->svm_port < ROOTS_PORTS ? 0 : -EPERM;
}

static int caller_begin(struct gate_caller *c, int fd)
{
	const struct gate *g = c->gate;
	int error = transport_of_fd(&c->way, fd);

	if (!error && is_tls(g)) {
		struct transport *plain = c->way;

		c->way = NULL;
		tcp_tune(fd);
		error = tunnel_create(&c->way, plain, TLS_SERVER, &g->key);
	}
	if (!error && g->kind == ADDRESS_VSOCK)
		error = vm_check(g, &c->name.vm);
	return error ? error : watch_add(g->loop, &c->watch, fd, EPOLLIN);
}

/* The socket's mode keeps others out already; a hypervisor may be root's. */
static bool is_allowed(const struct gate *g, int fd)
{
	struct peer peer;

	return g->kind != ADDRESS_UNIX ||
	       (unix_peer(fd, &peer) == 0 && (peer.uid == geteuid() || peer.uid == 0));
}

static void gate_called(struct acceptor *acceptor, int fd)
{
	struct gate *g = container_of(acceptor, struct gate, acceptor);
	union socket_name name = { .any = { .sa_family = AF_INET } };
	socklen_t size = sizeof(name);
	struct gate_caller *c;
	int error;

	if (getpeername(fd, &name.any, &size) < 0 || !is_allowed(g, fd)) { /* it is gone again */
		close(fd);
		return;
	}
	if (g->count == CALLERS)
		make_room(g);
	c = malloc(sizeof(*c));
	if (!c) {
		close(fd);
		tell_refused(g, &name, -ENOMEM);
		return;
	}
	*c = (struct gate_caller){ .gate = g,
				   .watch = { .fd = -1, .ready = caller_ready },
				   .limit = { .fire = caller_late },
				   .name = name };
	g->callers[g->count++] = c;
	timer_start(g->loop, &c->limit, GREET_MS);
	error = caller_begin(c, fd);
	if (error)
		caller_refuse(c, error);
	else if (!g->keyed)
		caller_enter(c);
}

/* --- the dialer --------------------------------------------------------------------- */

static void gate_start(struct dialer *d)
{
	struct gate *g = container_of(d, struct gate, dialer);

	g->wanted = true;
	if (g->next)
		gate_give(g);
}

static void gate_stop(struct dialer *d)
{
	container_of(d, struct gate, dialer)->wanted = false;
}

static void gate_destroy(struct dialer *d)
{
	struct gate *g = container_of(d, struct gate, dialer);

	for (size_t i = 0; i < g->count; i++)
		caller_free(g->callers[i]);
	acceptor_stop(&g->acceptor);
	transport_close(g->next);
	fd_close(&g->current);
	fd_close(&g->fd);
	key_forget(&g->key);
	explicit_bzero(g->proof, sizeof(g->proof));
	free(g);
}

bool link_listens(const struct address *a)
{
	if (a->kind == ADDRESS_VSOCK)
		return CFG_VSOCK;
	return CFG_TLS && (a->kind == ADDRESS_TCP || a->kind == ADDRESS_UNIX);
}

int link_listen(struct address *a)
{
	if (!link_listens(a))
		return -EPROTONOSUPPORT;
	if (a->kind == ADDRESS_TCP)
		return address_listen(a);
	return a->kind == ADDRESS_VSOCK ? vsock_listen(a->port, BACKLOG)
					: unix_listen(a->name, 0600, BACKLOG);
}

static int gate_key(struct gate *g, const struct key *key)
{
	if (!CFG_TLS || !key)
		return g->kind == ADDRESS_VSOCK ? 0 : -ENOKEY;
	g->keyed = true;
	g->key = *key;
	key_complete(&g->key);
	return is_tls(g) || key_proof(key, g->proof) ? 0 : -EKEYREJECTED;
}

int dialer_of_socket(struct dialer **out, struct loop *loop, int fd, const struct address *a,
		     const struct key *key)
{
	static const struct dialer_ops ops = { gate_start, gate_stop, gate_destroy };
	struct gate *g = malloc(sizeof(*g));
	int error;

	if (!g) {
		close(fd);
		return -ENOMEM;
	}
	*g = (struct gate){ .dialer = { .ops = &ops, .patient = true },
			    .loop = loop,
			    .acceptor = { .connected = gate_called },
			    .fd = fd,
			    .current = -1,
			    .kind = a->kind,
			    .cid = a->cid };
	error = gate_key(g, key);
	if (!error)
		error = acceptor_start(&g->acceptor, loop, fd);
	if (error)
		gate_destroy(&g->dialer);
	else
		*out = &g->dialer;
	return error;
}

int dial_gate_create(struct dialer **out, struct loop *loop, const struct address *a,
		     const struct key *key)
{
	struct address here = *a;
	int fd = link_listen(&here);

	return fd < 0 ? fd : dialer_of_socket(out, loop, fd, &here, key);
}
