/* pool.c: threads, and the watcher that moves tasks between them. */
#include "p9d/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/loop.h"

#define STACK_SIZE (256 * 1024) /* reserved, not used */
#define THREAD_IDLE_S 10
#define PARK_MS 1000
#define TURN_MS 20
#define STUCK_MS 10000
#define QUIET_MS 20
#define BUSY_MS 10
#define KICKS_MAX 1000
#define THREAD_MAPPING (2 * (size_t)THREAD_BUFFER + SESSION_SCRATCH)

static int watch(struct pool *pool, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	return fd >= 0 && epoll_ctl(pool->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int pool_init(struct pool *pool)
{
	*pool = (struct pool){ .epoll = epoll_create1(EPOLL_CLOEXEC), .wake = -1 };
	pthread_mutex_init(&pool->lock, NULL);
	sem_init(&pool->ended, 0, 0);
	pool->waiting_end = &pool->waiting;
	lock_queue_init(&pool->locks);
	atomic_init(&pool->asleep, true);
	pool->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return pool->epoll < 0 || pool->wake < 0 ? -errno : watch(pool, pool->wake, pool);
}

static bool nudge(struct pool *pool)
{
	uint64_t one = 1;

	return write(pool->wake, &one, sizeof(one)) > 0;
}

void pool_wake(struct pool *pool)
{
	if (atomic_exchange(&pool->asleep, false) && !nudge(pool))
		atomic_store(&pool->asleep, true); /* the next operation tries again */
}

void pool_nudge(struct pool *pool)
{
	nudge(pool); /* fails when it has been nudged often enough */
}

bool pool_enter(struct pool *pool)
{
	bool fits;

	pthread_mutex_lock(&pool->lock);
	fits = pool->job_count < TASKS_MAX;
	pool->job_count += fits;
	pthread_mutex_unlock(&pool->lock);
	return fits;
}

void pool_leave(struct pool *pool)
{
	bool last;

	pthread_mutex_lock(&pool->lock);
	last = --pool->job_count == 0;
	pthread_mutex_unlock(&pool->lock);
	if (last)
		nudge(pool);
}

/* ---- threads ---- */

static void thread_free(struct thread *thread)
{
	if (thread->in)
		munmap(thread->in, THREAD_MAPPING);
	fd_close(&thread->pipe[0]);
	fd_close(&thread->pipe[1]);
	sem_destroy(&thread->wake);
	free(thread);
}

static struct thread *thread_new(struct pool *pool)
{
	struct thread *thread = calloc(1, sizeof(*thread));
	void *memory;

	if (!thread)
		return NULL;
	thread->pool = pool;
	thread->pipe[0] = thread->pipe[1] = -1;
	sem_init(&thread->wake, 0, 0);
	memory = mmap(NULL, THREAD_MAPPING, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		thread_free(thread);
		return NULL;
	}
	thread->in = memory;
	thread->out = thread->in + THREAD_BUFFER;
	thread->scratch = thread->out + THREAD_BUFFER;
	return thread;
}

/* pool.lock is held from here to the next line of dashes. */

static void set_active(struct pool *pool, struct thread *thread)
{
	thread->prev_active = NULL;
	thread->next_active = pool->active;
	if (pool->active)
		pool->active->prev_active = thread;
	pool->active = thread;
	thread->seen = THREAD_BETWEEN;
	thread->stalled_ms = thread->held_ms = 0;
}

static void unset_active(struct pool *pool, struct thread *thread)
{
	if (thread->prev_active)
		thread->prev_active->next_active = thread->next_active;
	else
		pool->active = thread->next_active;
	if (thread->next_active)
		thread->next_active->prev_active = thread->prev_active;
}

static struct task *next_waiting(struct pool *pool)
{
	struct task *task = pool->waiting;

	if (!task)
		return NULL;
	pool->waiting = task->next;
	if (!pool->waiting)
		pool->waiting_end = &pool->waiting;
	return task;
}

static void remove_idle(struct pool *pool, struct thread *thread)
{
	struct thread **at = &pool->idle;

	while (*at && *at != thread)
		at = &(*at)->next;
	if (*at)
		*at = thread->next;
}

static void *thread_main(void *arg);

static bool thread_start(struct thread *thread)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread->id, &attr, thread_main, thread);
	pthread_attr_destroy(&attr);
	return err == 0;
}

/* An idle thread, or a new one, or NULL. Starts when its `wake` is posted. */
static struct thread *take_thread(struct pool *pool)
{
	struct thread *thread = pool->idle;

	if (thread) {
		pool->idle = thread->next;
		return thread;
	}
	if (pool->thread_count >= THREADS_MAX)
		return NULL;
	thread = thread_new(pool);
	if (thread && !thread_start(thread)) {
		thread_free(thread);
		thread = NULL;
	}
	pool->thread_count += thread != NULL;
	return thread;
}

static void give_back(struct pool *pool, struct thread *thread)
{
	thread->next = pool->idle;
	pool->idle = thread;
}

/* The thread's thread ends, and touches the pool no more. */
static void retire(struct pool *pool)
{
	pool->thread_count--;
	sem_post(&pool->ended);
}

static void hand_to(struct pool *pool, struct thread *thread, struct task *task)
{
	thread->task = task;
	thread->order = THREAD_SERVE;
	set_active(pool, thread);
	sem_post(&thread->wake);
}

/* ------------------------------------------------------------------ */

bool thread_was_taken(struct thread *thread)
{
	pthread_mutex_lock(&thread->pool->lock); /* until the watcher has done it all */
	pthread_mutex_unlock(&thread->pool->lock);
	return (atomic_load(&thread->state) & THREAD_STATES) == THREAD_TAKEN;
}

void pool_give(struct pool *pool, struct task *task)
{
	struct thread *thread;
	bool lost;

	pthread_mutex_lock(&pool->lock);
	thread = take_thread(pool);
	lost = !thread && pool->thread_count == 0; /* nobody would ever come for it */
	if (thread) {
		hand_to(pool, thread, task);
	} else if (!lost) {
		task->next = NULL;
		*pool->waiting_end = task;
		pool->waiting_end = &task->next;
	}
	pthread_mutex_unlock(&pool->lock);
	if (lost)
		task->abandon(task);
	else if (!thread)
		pool_wake(pool);
}

/* Memory that one large message needed is not kept for the next small ones. */
static void trim(struct thread *thread)
{
	madvise(thread->in, THREAD_MAPPING, MADV_DONTNEED);
}

/* True: there is a task for this thread. False: it has ended. */
static bool thread_wait(struct thread *thread)
{
	struct timespec until;
	bool called;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += THREAD_IDLE_S;
	do {
		called = sem_timedwait(&thread->wake, &until) == 0;
	} while (!called && errno == EINTR);
	if (called && thread->order == THREAD_SERVE)
		return true;
	pthread_mutex_lock(&thread->pool->lock);
	called = !called && sem_trywait(&thread->wake) == 0 &&
		 thread->order == THREAD_SERVE; /* at the last moment */
	if (!called) {
		remove_idle(thread->pool, thread);
		retire(thread->pool);
	}
	pthread_mutex_unlock(&thread->pool->lock);
	return called;
}

/* After a task: another that waits, or the idle list, or the end. */
static bool thread_rest(struct thread *thread)
{
	struct pool *pool = thread->pool;
	struct task *task;
	bool closing;

	trim(thread);
	pthread_mutex_lock(&pool->lock);
	closing = pool->closing;
	unset_active(pool, thread);
	task = next_waiting(pool);
	if (task)
		hand_to(pool, thread, task);
	else if (closing)
		retire(pool);
	else
		give_back(pool, thread);
	pthread_mutex_unlock(&pool->lock);
	return task || !closing;
}

static void *thread_main(void *arg)
{
	struct thread *thread = arg;

	thread->tid = (pid_t)syscall(SYS_gettid);
	do {
		if (!thread_wait(thread))
			break;
		thread->task->serve(thread->task, thread);
	} while (thread_rest(thread));
	thread_free(thread);
	return NULL;
}

void pool_fini(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	while (pool->idle) {
		struct thread *thread = pool->idle;

		pool->idle = thread->next;
		thread->order = THREAD_END;
		sem_post(&thread->wake);
	}
	while (pool->thread_count) {
		pthread_mutex_unlock(&pool->lock);
		sem_wait(&pool->ended); /* those that ended before count too: it looks again */
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	fd_close(&pool->epoll);
	fd_close(&pool->wake);
	lock_queue_fini(&pool->locks);
	sem_destroy(&pool->ended);
	pthread_mutex_destroy(&pool->lock);
}

/* ---- the watcher ---- */

/* Takes the task from a thread whose operation has not ended between two
 * looks. pool.lock is held. */
static void take_over(struct pool *pool, struct thread *thread, unsigned state)
{
	unsigned taken = (state & ~THREAD_STATES) | THREAD_TAKEN;
	struct thread *heir = take_thread(pool);

	if (!heir)
		return;
	/* Only from here on is it sure that thread->task is there and stays. */
	if (!atomic_compare_exchange_strong(&thread->state, &state, taken)) {
		give_back(pool, heir);
	} else if (!thread->task->take(thread->task, thread, heir)) {
		atomic_store(&thread->state, state);
		give_back(pool, heir);
	} else {
		hand_to(pool, heir, thread->task);
	}
}

/* A signal may come just before the wait it is to interrupt: it is repeated. */
static bool kick(struct thread *thread)
{
	if (!atomic_load(&thread->cancel) || atomic_load(&thread->kicks) >= KICKS_MAX)
		return false;
	atomic_fetch_add(&thread->kicks, 1);
	pthread_kill(thread->id, SIGUSR1);
	return true;
}

/* An operation that has taken a while may just be waiting for a CPU, or be at
 * work: only one that sleeps (proc(5), the state in /proc/PID/task/TID/stat),
 * or is at work for long, is worth another thread. */
static bool is_blocked(const struct thread *thread)
{
	char path[48], text[1024];
	const char *state;

	if (thread->stalled_ms >= BUSY_MS)
		return true;
	fmt(path, sizeof(path), "/proc/self/task/%d/stat", thread->tid);
	if (file_read(path, text, sizeof(text)) < 0)
		return true;
	state = strrchr(text, ')');
	return !state || state[1] != ' ' || state[2] != 'R';
}

static bool may_park(const struct thread *thread)
{
	return (atomic_load(&thread->state) & THREAD_STATES) == THREAD_BETWEEN &&
	       !atomic_load(&thread->sending);
}

/* A signal that comes just before the wait it is to interrupt is lost: it is
 * tried again for as long as the thread has not parked. */
static void park(struct thread *thread)
{
	atomic_store(&thread->park, true);
	if (may_park(thread))
		pthread_kill(thread->id, SIGUSR1);
}

/* While tasks wait for a thread, each has one for a turn only, and none
 * for a client that does not read what it asked for. */
static void take_turns(struct thread *thread)
{
	if (thread->held_ms >= TURN_MS)
		park(thread);
	if (thread->stalled_ms < STUCK_MS || !atomic_load(&thread->sending))
		return;
	atomic_store(&thread->give_up, true);
	pthread_kill(thread->id, SIGUSR1);
}

static bool look_at(struct pool *pool, struct thread *thread)
{
	unsigned state = atomic_load(&thread->state);
	bool busy = state != thread->seen;

	if ((state & THREAD_STATES) == THREAD_TAKEN)
		return kick(thread);
	thread->stalled_ms = busy ? 0 : thread->stalled_ms + 1;
	thread->held_ms++;
	if (pool->waiting)
		take_turns(thread);
	else if (thread->stalled_ms >= PARK_MS && may_park(thread))
		park(thread);
	if (!busy && (state & THREAD_STATES) == THREAD_RUNNING) {
		if (is_blocked(thread))
			take_over(pool, thread, state);
		busy = true;
	}
	thread->seen = state;
	return busy;
}

static bool look(struct pool *pool)
{
	bool busy;

	pthread_mutex_lock(&pool->lock);
	busy = pool->waiting != NULL;
	for (struct thread *thread = pool->active; thread; thread = thread->next_active)
		busy |= look_at(pool, thread);
	pthread_mutex_unlock(&pool->lock);
	return busy;
}

static bool any_running(struct pool *pool)
{
	bool running = false;

	pthread_mutex_lock(&pool->lock);
	for (struct thread *thread = pool->active; thread && !running; thread = thread->next_active)
		running = (atomic_load(&thread->state) & THREAD_STATES) == THREAD_RUNNING;
	pthread_mutex_unlock(&pool->lock);
	return running;
}

/* One tick. Falls asleep after some without a request; the second look is for
 * a thread that began before it could see that. */
static void tick(struct pool *pool)
{
	int64_t now = loop_now();

	if (now == pool->looked)
		return;
	pool->looked = now;
	pool->quiet_ms = look(pool) ? 0 : pool->quiet_ms + 1;
	if (pool->quiet_ms < QUIET_MS)
		return;
	pool->quiet_ms = 0;
	atomic_store(&pool->asleep, true);
	if (any_running(pool))
		atomic_store(&pool->asleep, false);
}

static bool no_tasks(struct pool *pool)
{
	bool none;

	pthread_mutex_lock(&pool->lock);
	none = pool->job_count == 0;
	pthread_mutex_unlock(&pool->lock);
	return none;
}

/* Nobody ticks: has the threads that may park do so, if it is time. Are there any? */
static bool park_all(struct pool *pool, bool now)
{
	bool any = false;

	pthread_mutex_lock(&pool->lock);
	for (struct thread *thread = pool->active; thread; thread = thread->next_active) {
		if (!may_park(thread))
			continue;
		any = true;
		if (now)
			park(thread);
	}
	pthread_mutex_unlock(&pool->lock);
	return any;
}

static int rest_ms(struct pool *pool, const struct pool_control *control)
{
	if (!atomic_load(&pool->asleep))
		return 1;
	if (park_all(pool, false))
		return PARK_MS;
	return control->idle_ms >= 0 && no_tasks(pool) ? control->idle_ms : -1;
}

/* What epoll's data points at: the pool itself, the control, or a task. */
static bool dispatch(struct pool *pool, struct pool_control *control, void *what)
{
	uint64_t count;

	if (what == control)
		return control->ready(control);
	if (what != pool)
		pool_give(pool, what);
	else if (read(pool->wake, &count, sizeof(count)) < 0)
		return errno == EAGAIN || errno == EINTR;
	return true;
}

/* For how long nothing needs to be done, if nothing happens; -1: for ever. *rest:
 * it is for so long that threads may rest then or the process end; or -1, when
 * waiting locks are to be tried again before. */
static int wait_ms(struct pool *pool, const struct pool_control *control, int64_t since, int *rest)
{
	int64_t now = loop_now(), locks = atomic_load(&pool->locks.due), due = INT64_MAX;

	*rest = rest_ms(pool, control);
	if (*rest >= 0)
		due = since + *rest;
	if (locks < due) {
		due = locks;
		*rest = -1;
	}
	if (due == INT64_MAX)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

static void try_locks(struct pool *pool)
{
	if (loop_now() >= atomic_load(&pool->locks.due))
		lock_queue_run(&pool->locks);
}

void pool_run(struct pool *pool, struct pool_control *control)
{
	struct epoll_event events[16];
	bool go_on = watch(pool, control->fd, control) == 0;
	int64_t since = loop_now(); /* that something happened last */

	while (go_on) {
		int rest, timeout = wait_ms(pool, control, since, &rest);
		int n = epoll_wait(pool->epoll, events, 16, timeout);

		if (n < 0 && errno != EINTR)
			return;
		for (int i = 0; i < n && go_on; i++)
			go_on = dispatch(pool, control, events[i].data.ptr);
		try_locks(pool);
		if (!atomic_load(&pool->asleep))
			tick(pool);
		else if (n == 0 && rest >= 0 && !park_all(pool, true))
			go_on = !(rest == control->idle_ms && no_tasks(pool));
		if (n != 0 || rest >= 0)
			since = loop_now();
	}
	epoll_ctl(pool->epoll, EPOLL_CTL_DEL, control->fd, NULL);
}
