/* worker.c: the process behind connections. */
#include "p9d/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "p9d/confine.h"
#include "p9d/conn.h"

#define IDLE_MS 10000
#define OTHER_FILES (TASKS_MAX + 2 * THREADS_MAX + 64)

struct worker_state {
	struct pool_control control;
	struct worker *worker;
	struct pool pool;
	struct fid_share share;
	int spare; /* a descriptor to give up when there is none left */
};

static void on_signal(int signal)
{
	(void)signal; /* only interrupts what a thread waits for */
}

/* Some are for connections, and for pipes that large reads go by. */
static unsigned for_files(rlim_t all)
{
	rlim_t other = all / 4 < OTHER_FILES ? all / 4 : OTHER_FILES;

	return all - other < UINT_MAX ? (unsigned)(all - other) : UINT_MAX;
}

void worker_prepare(struct fid_share *share)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct rlimit files;

	*share = (struct fid_share){ .total = UINT_MAX };
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* EFBIG instead */
	umask(0);                 /* modes come from the client */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		prlimit(0, RLIMIT_NOFILE, &files, NULL);
		share->total = for_files(files.rlim_cur);
	}
}

static int start_conn(struct worker_state *serving, int fd, const struct handover *h)
{
	struct p9_policy policy = serving->worker->policy;
	struct conn_greeting greeting = {
		.msize = h->msize,
		.dialect = h->dialect,
		.input = h->input,
		.input_len = h->input_len,
	};

	policy.share = &serving->share;
	policy.anyone = h->anyone;
	policy.self = h->self;
	return conn_start(&serving->pool, fd, &serving->worker->tree->tree, &policy, &greeting);
}

/* 0: the other end is closed. When files have taken all descriptors, the spare
 * one makes room for a connection, so that its client is told; one for which
 * there is none at all is closed by the kernel, and no reason to end. */
static ssize_t take_one(struct worker_state *serving)
{
	struct handover h;
	int fd = -1;
	ssize_t n;

	fd_close(&serving->spare);
	n = fd_recv(serving->control.fd, &fd, &h, sizeof(h));
	serving->spare = fcntl(serving->control.fd, F_DUPFD_CLOEXEC, 0);
	if (n <= 0 || fd < 0)
		return n;
	if ((size_t)n < offsetof(struct handover, input) ||
	    h.input_len != (size_t)n - offsetof(struct handover, input))
		close(fd);
	else
		start_conn(serving, fd, &h); /* a failure has closed fd: the client sees that */
	return n;
}

static bool control_ready(struct pool_control *control)
{
	ssize_t n = take_one((struct worker_state *)(void *)control);

	return n > 0 || n == -EAGAIN || n == -EINTR || n == -ENFILE || n == -EMFILE;
}

/* Nothing may be lost that the dispatcher sent before it saw us go. */
static bool take_rest(struct worker_state *serving)
{
	bool any = false;

	if (serving->control.fd < 0)
		return false;
	shutdown(serving->control.fd, SHUT_RD);
	while (take_one(serving) > 0)
		any = true;
	fd_close(&serving->control.fd);
	return any;
}

static int begin(struct worker *worker, struct fid_share *share)
{
	int err = 0;

	worker_prepare(share);
	if (worker->user && geteuid() == 0)
		err = user_drop_process(worker->user);
	if (!err)
		err = posix_tree_forked(worker->tree);
	worker->tree->switching = worker->user == NULL;
	worker->policy.runs_as = worker->user ? worker->user->uid : P9_NOUID;
	return err;
}

_Noreturn void worker_run(struct worker *worker)
{
	struct worker_state serving = {
		.control = { .fd = worker->control, .ready = control_ready, .idle_ms = IDLE_MS },
		.worker = worker,
		.spare = -1,
	};
	int err = begin(worker, &serving.share);

	if (!err)
		err = pool_init(&serving.pool);
	if (!err)
		err = confine(worker->user ? CONFINE_SERVER : CONFINE_SWITCH);
	if (err)
		_exit(1);
	do {
		pool_run(&serving.pool, &serving.control);
	} while (take_rest(&serving));
	_exit(0);
}
