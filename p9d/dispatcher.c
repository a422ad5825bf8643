/* dispatcher.c: greets connections and starts the processes that serve them. */
#include "p9d/dispatcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/confine.h"

/* With nothing to listen on, the last connection's end is ours. */
static void stop_if_done(struct dispatcher *dispatcher)
{
	if (dispatcher->listener_count)
		return;
	for (unsigned i = 0; i < DISPATCHER_WORKERS; i++)
		if (dispatcher->workers[i].used)
			return;
	for (unsigned i = 0; i < DISPATCHER_GREETINGS; i++)
		if (dispatcher->greetings[i].used)
			return;
	dispatcher->loop.stop = true;
}

/* ---- processes ---- */

static void link_close(struct worker_link *link)
{
	int fd = link->watch.fd;

	watch_remove(&link->watch);
	fd_close(&fd);
	link->used = false;
	stop_if_done(link->dispatcher);
}

/* A worker never writes: readable means that it has ended. */
static void link_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	link_close((struct worker_link *)(void *)watch);
}

/* Only what it serves with and from stays open in a new worker. */
static void keep_only(struct worker *worker)
{
	int control = fcntl(worker->control, F_DUPFD_CLOEXEC, 5);
	int root = fcntl(worker->tree->root, F_DUPFD_CLOEXEC, 5);

	worker->control = dup3(control, 3, O_CLOEXEC);
	worker->tree->root = dup3(root, 4, O_CLOEXEC);
	worker->tree->proc_fd = worker->tree->mounts.table = -1;
	syscall(SYS_close_range, 5, ~0u, 0);
	if (worker->control < 0 || worker->tree->root < 0)
		_exit(1);
}

static _Noreturn void worker_child(struct dispatcher *dispatcher, int control,
				   const struct user *user)
{
	struct worker worker = {
		.tree = &dispatcher->tree,
		.policy = dispatcher->policy,
		.user = user,
		.control = control,
	};

	keep_only(&worker);
	worker_run(&worker);
}

static int link_start(struct dispatcher *dispatcher, struct worker_link *link)
{
	int pair[2];
	pid_t pid;
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = _Fork(); /* one thread, and no handlers of the C library */
	if (pid == 0)
		worker_child(dispatcher, pair[1], link->any_user ? NULL : &link->user);
	err = pid < 0 ? -errno : 0;
	close(pair[1]);
	link->dispatcher = dispatcher;
	link->watch.ready = link_ready;
	if (!err)
		err = watch_add(&dispatcher->loop, &link->watch, pair[0], EPOLLIN);
	if (err)
		close(pair[0]);
	link->used = err == 0;
	return err;
}

static bool same_user(const struct user *a, const struct user *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->group_count == b->group_count &&
	       memcmp(a->groups, b->groups, (size_t)a->group_count * sizeof(a->groups[0])) == 0;
}

static bool is_for(const struct worker_link *link, const struct user *user)
{
	if (!link->used || link->any_user != (user == NULL))
		return false;
	return !user || same_user(&link->user, user);
}

/* A process that does not take what it is sent is left alone: it may be busy, or
 * its user may have stopped it. One that cannot is about to end. */
static int pass_to(struct worker_link *link, int fd, const struct handover *h)
{
	ssize_t n = fd_send(link->watch.fd, fd, h, offsetof(struct handover, input) + h->input_len);

	if (n < 0 && n != -EAGAIN && n != -EMFILE)
		link_close(link);
	return n < 0 ? (int)n : 0;
}

/* To a new process. */
static int pass_to_new(struct dispatcher *dispatcher, int fd, const struct handover *h,
		       const struct user *user)
{
	struct worker_link *link = NULL;
	int err;

	for (unsigned i = 0; i < DISPATCHER_WORKERS && !link; i++)
		if (!dispatcher->workers[i].used)
			link = &dispatcher->workers[i];
	if (!link)
		return -EUSERS;
	link->any_user = user == NULL;
	if (user)
		link->user = *user;
	err = link_start(dispatcher, link);
	return err ? err : pass_to(link, fd, h);
}

static int pass_for(struct dispatcher *dispatcher, int fd, const struct handover *h,
		    const struct user *user)
{
	unsigned full = 0;

	for (unsigned i = 0; i < DISPATCHER_WORKERS; i++) {
		struct worker_link *link = &dispatcher->workers[i];
		int err = is_for(link, user) ? pass_to(link, fd, h) : -EPIPE;

		if (err == 0 || err == -EMFILE)
			return err;
		full += err == -EAGAIN;
	}
	return full < DISPATCHER_WORKERS_EACH ? pass_to_new(dispatcher, fd, h, user) : -EAGAIN;
}

int worker_pass(struct dispatcher *dispatcher, int fd, const struct handover *h, uid_t uid,
		bool any)
{
	struct user user;
	int err = any ? 0 : user_by_uid(dispatcher->policy.accounts, uid, &user);

	return err ? err : pass_for(dispatcher, fd, h, any ? NULL : &user);
}

/* ---- greetings ---- */

static void greeting_end(struct greeting *g)
{
	int fd = g->watch.fd;

	watch_remove(&g->watch);
	timer_stop(&g->dispatcher->loop, &g->deadline);
	fd_close(&fd);
	p9_session_fini(&g->session);
	g->used = false;
	stop_if_done(g->dispatcher);
}

static void greeting_late(struct timer *timer)
{
	greeting_end(container_of(timer, struct greeting, deadline));
}

/* What a client sends before Tattach has small answers; one that does not
 * read them is not worth waiting for. */
static int answer(struct greeting *g, const struct p9_msg *r)
{
	uint8_t buf[512];
	int len = p9_encode(r, buf, sizeof(buf));

	if (len < 0)
		return len;
	return send(g->watch.fd, buf, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -EPIPE;
}

/* The kernel's client attaches its users one by one on a single connection. */
static bool may_be_several(const struct greeting *g)
{
	return g->session.policy.anyone && g->session.dialect == P9_DIALECT_L;
}

/* 1: passed on, nothing of it is left here. */
static int pass_on(struct greeting *g, const struct p9_msg *t)
{
	struct handover h = {
		.msize = g->session.msize,
		.dialect = (uint8_t)g->session.dialect,
		.anyone = g->session.policy.anyone,
		.self = g->session.policy.self,
		.input_len = g->len,
	};
	uid_t uid;
	int err = p9_session_attach_uid(&g->session.policy, t, &uid);

	if (err)
		return err;
	memcpy(h.input, g->input, g->len);
	err = worker_pass(g->dispatcher, g->watch.fd, &h, uid, may_be_several(g));
	if (err)
		log_warn(g->dispatcher->log, "unable to start a process for uid %u: %s", uid,
			 strerror(-err));
	else
		greeting_end(g);
	return err ? err : 1;
}

static int run_early(struct greeting *g, const struct p9_msg *t)
{
	uint64_t acting = 0;
	struct p9_msg r;
	struct p9_request q = { .session = &g->session, .t = t, .r = &r, .acting = &acting };
	int ret = 0;

	if (t->type == P9_TATTACH && g->session.dialect != P9_DIALECT_NONE) {
		ret = pass_on(g, t);
		if (ret > 0)
			return ret;
		r = (struct p9_msg){ .type = P9_RLERROR, .tag = t->tag, .error = (uint32_t)-ret };
	} else {
		p9_session_answer(&q); /* there are no fids: it can only greet or refuse */
	}
	return answer(g, &r);
}

/* One whole message, if there is one. 1: passed on; 0: none, or done. */
static int next_message(struct greeting *g, bool *more)
{
	int32_t size = p9_frame_size(g->input, g->len, sizeof(g->input));
	struct p9_msg t, r;
	int err;

	*more = false;
	if (size < 0)
		return size;
	if (size == 0 || size > g->len)
		return 0;
	err = p9_decode(&t, g->input, (size_t)size);
	if (err) {
		r = (struct p9_msg){ .type = P9_RLERROR, .tag = t.tag, .error = (uint32_t)-err };
		err = answer(g, &r);
	} else {
		err = run_early(g, &t);
	}
	if (err)
		return err;
	g->len = (uint16_t)(g->len - size);
	memmove(g->input, g->input + size, g->len);
	*more = true;
	return 0;
}

static void greeting_ready(struct watch *watch, uint32_t events)
{
	struct greeting *g = (struct greeting *)(void *)watch;
	ssize_t n = recv(watch->fd, g->input + g->len, sizeof(g->input) - g->len, 0);
	bool more = true;
	int err = 0;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		greeting_end(g);
		return;
	}
	g->len = (uint16_t)(g->len + n);
	while (more && !err)
		err = next_message(g, &more);
	if (err < 0)
		greeting_end(g);
}

/* How many greetings its user has. */
static unsigned greetings_like(const struct dispatcher *dispatcher, const struct greeting *like)
{
	unsigned count = 0;

	for (unsigned i = 0; i < DISPATCHER_GREETINGS; i++) {
		const struct greeting *g = &dispatcher->greetings[i];

		count += g->used && g->session.policy.self == like->session.policy.self;
	}
	return count;
}

/* The oldest of the user who has most: somebody who does not greet, or greets
 * without end, keeps nobody else out. NULL: there is none. */
static struct greeting *greeting_victim(struct dispatcher *dispatcher)
{
	struct greeting *victim = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < DISPATCHER_GREETINGS; i++) {
		struct greeting *g = &dispatcher->greetings[i];
		unsigned count = g->used ? greetings_like(dispatcher, g) : 0;

		if (count > most ||
		    (victim && count == most && g->deadline.at < victim->deadline.at)) {
			most = count;
			victim = g;
		}
	}
	return victim;
}

bool greeting_drop(struct dispatcher *dispatcher)
{
	struct greeting *victim = greeting_victim(dispatcher);

	if (victim)
		greeting_end(victim);
	return victim != NULL;
}

static struct greeting *greeting_take(struct dispatcher *dispatcher)
{
	struct greeting *victim;

	for (unsigned i = 0; i < DISPATCHER_GREETINGS; i++)
		if (!dispatcher->greetings[i].used)
			return &dispatcher->greetings[i];
	victim = greeting_victim(dispatcher);
	greeting_end(victim);
	return victim;
}

void greeting_start(struct dispatcher *dispatcher, int fd, bool anyone, uid_t self)
{
	struct p9_policy policy = dispatcher->policy;
	struct greeting *g = greeting_take(dispatcher);

	policy.anyone = anyone;
	policy.self = self;
	if (p9_session_init(&g->session, &dispatcher->tree.tree, &policy) < 0) {
		close(fd);
		return;
	}
	g->dispatcher = dispatcher;
	g->len = 0;
	g->watch.ready = greeting_ready;
	g->deadline.fire = greeting_late;
	g->used = true;
	if (watch_add(&dispatcher->loop, &g->watch, fd, EPOLLIN) < 0) {
		close(fd);
		p9_session_fini(&g->session);
		g->used = false;
		return;
	}
	timer_start(&dispatcher->loop, &g->deadline, DISPATCHER_GREETING_MS);
}

/* ---- life ---- */

int dispatcher_init(struct dispatcher *dispatcher, const char *root, const struct p9_policy *policy,
		    const struct log *log)
{
	int err;

	*dispatcher = (struct dispatcher){ .log = log, .policy = *policy };
	dispatcher->greetings = calloc(DISPATCHER_GREETINGS, sizeof(struct greeting));
	dispatcher->workers = calloc(DISPATCHER_WORKERS, sizeof(struct worker_link));
	if (!dispatcher->greetings || !dispatcher->workers)
		return -ENOMEM;
	signal(SIGCHLD, SIG_IGN); /* nobody waits for a worker */
	signal(SIGPIPE, SIG_IGN);
	err = posix_tree_init(&dispatcher->tree, root);
	if (err)
		return err;
	return loop_init(&dispatcher->loop);
}

int dispatcher_run(struct dispatcher *dispatcher)
{
	int err = confine(CONFINE_DISPATCHER);

	return err ? err : loop_run(&dispatcher->loop);
}
