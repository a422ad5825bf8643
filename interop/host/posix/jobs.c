/* jobs.c: starts a process for each program, and some ahead. */
#include "interop/host/posix/jobs.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/lib.h"

/* A program that goes on for so long is not waited for: the next one may be asked for
 * beside it. Before, a start would only compete with its own. */
enum { SPARE_MS = 500 };

static void spares_due(struct timer *timer);

void jobs_init(struct jobs *jobs, struct loop *loop, struct wine *wine, const struct job_host *host)
{
	*jobs = (struct jobs){ .loop = loop, .wine = wine, .host = *host };
	jobs->host.wine = wine;
	jobs->host.helper_ms = JOB_HELPER_MS;
	for (size_t i = 0; i < array_len(jobs->spares); i++)
		jobs->spares[i].end = -1;
	jobs->timer.fire = spares_due;
}

/* Nothing of ours but one endpoint and what it was told is the runner's. */
static pid_t job_fork(const struct jobs *jobs, int endpoint, const struct job_share *share,
		      const struct open *ahead)
{
	const int fds[] = { -1,
			    -1,
			    STDERR_FILENO,
			    endpoint,
			    jobs->host.audit.log,
			    jobs->host.audit.old,
			    share->ready,
			    jobs->wine->keeper_up };
	const struct child_setup setup = {
		.flags = CHILD_ALONE, .fds = fds, .fd_count = array_len(fds), .name = "lb-job"
	};
	const bool logs = jobs->host.audit.log >= 0;
	struct job_host host = jobs->host;
	pid_t pid = child_fork(&setup);

	if (pid != 0)
		return pid;
	descriptors_own(3, 7);
	host.audit = (struct audit){ logs ? 4 : -1, 5 };
	host.share = (struct job_share){ share->name, share->ready < 0 ? -1 : 6 };
	host.ahead = ahead;
	jobs->wine->keeper_up = jobs->wine->keeper_up < 0 ? -1 : 7;
	_exit(job_serve(3, &host) < 0);
}

/* The endpoint's other end. */
static int job_make(struct jobs *jobs, const struct job_share *share, const struct open *ahead,
		    pid_t *pid)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/* Its server must not be the job's child, which would end with it. */
	wine_start(jobs->wine);
	*pid = job_fork(jobs, pair[1], share, ahead);
	close(pair[1]);
	if (*pid > 0)
		return pair[0];
	close(pair[0]);
	return *pid;
}

/* --- those ahead -------------------------------------------------------------------- */

/* Which file a descriptor is of, as long as somebody has that open. */
static ino_t identity(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void spare_drop(struct spare *spare)
{
	fd_close(&spare->end); /* at which it ends */
	spare->pid = 0;
}

static void spare_make(struct jobs *jobs, struct spare *spare)
{
	spare->wanted = false;
	/* What the last one was told of the guest's files may be no more. */
	if (spare->pid > 0 || spare->ready != identity(spare->share.ready))
		return;
	spare->end = job_make(jobs, &spare->share, &spare->shape, &spare->pid);
	if (spare->end < 0)
		spare->pid = 0; /* and the next program finds out why */
}

static void spares_due(struct timer *timer)
{
	struct jobs *jobs = container_of(timer, struct jobs, timer);

	for (size_t i = 0; i < array_len(jobs->spares); i++)
		if (jobs->spares[i].wanted)
			spare_make(jobs, &jobs->spares[i]);
}

static void spare_want(struct jobs *jobs, struct spare *spare, const struct open *o,
		       const struct job_share *share)
{
	if (!jobs->wine->runs)
		return;
	spare->shape = (struct open){ .flags = o->flags, .rows = o->rows, .cols = o->cols };
	spare->share = *share;
	spare->ready = identity(share->ready);
	spare->wanted = true;
	timer_start(jobs->loop, &jobs->timer, SPARE_MS);
}

/* Its endpoint's other end. */
static int spare_take(struct spare *spare, const struct job_share *share, pid_t *pid)
{
	int end = spare->end;

	if (spare->pid <= 0)
		return -ENOENT;
	if (spare->share.name != share->name || spare->ready != identity(share->ready)) {
		spare_drop(spare);
		return -ENOENT;
	}
	*pid = spare->pid;
	spare->end = -1;
	spare->pid = 0;
	return end;
}

/* --- all of them -------------------------------------------------------------------- */

int jobs_start(struct jobs *jobs, const struct open *o, const struct job_share *share)
{
	struct spare *spare = &jobs->spares[(o->flags & PROGRAM_TTY) != 0];
	pid_t pid = 0;
	int end = spare_take(spare, share, &pid);

	if (end < 0)
		end = job_make(jobs, share, NULL, &pid);
	if (end < 0)
		return end;
	jobs->users[jobs->count] = o->uid;
	jobs->pids[jobs->count++] = pid;
	spare_want(jobs, spare, o, share);
	return end;
}

void jobs_reaped(struct jobs *jobs, pid_t pid)
{
	size_t i = 0;

	for (size_t k = 0; k < array_len(jobs->spares); k++)
		if (pid == jobs->spares[k].pid)
			spare_drop(&jobs->spares[k]);
	while (i < jobs->count && jobs->pids[i] != pid)
		i++;
	if (i == jobs->count)
		return;
	jobs->pids[i] = jobs->pids[--jobs->count];
	jobs->users[i] = jobs->users[jobs->count];
	/* When all that has ended is reaped. */
	if (jobs->timer.armed)
		timer_start(jobs->loop, &jobs->timer, 0);
}

void jobs_renew(struct jobs *jobs)
{
	for (size_t i = 0; i < array_len(jobs->spares); i++)
		spare_drop(&jobs->spares[i]);
}

void jobs_close(struct jobs *jobs)
{
	timer_stop(jobs->loop, &jobs->timer);
	jobs_renew(jobs);
}
