/* lane.c: threads: a pool of them, and the watcher that moves connections. */
#include "p9d/lane.h"

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
#define LANE_IDLE_S 10
#define PARK_MS 1000
#define PARK_TICKS PARK_MS
#define TURN_TICKS 20
#define STUCK_TICKS 10000
#define QUIET_TICKS 20
#define BUSY_TICKS 10
#define KICKS_MAX 1000
#define LANE_MAPPING (2 * (size_t)LANE_BUFFER + SESSION_SCRATCH)

static int watch(struct pool *pool, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	return fd >= 0 && epoll_ctl(pool->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int pool_init(struct pool *pool)
{
	*pool = (struct pool){ .epoll = epoll_create1(EPOLL_CLOEXEC), .wake = -1 };
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->ended, NULL);
	pool->waiting_end = &pool->waiting;
	atomic_init(&pool->asleep, true);
	pool->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return pool->epoll < 0 || pool->wake < 0 ? -errno : watch(pool, pool->wake, pool);
}

void pool_wake(struct pool *pool)
{
	uint64_t one = 1;

	if (atomic_exchange(&pool->asleep, false) && write(pool->wake, &one, sizeof(one)) < 0)
		atomic_store(&pool->asleep, true); /* the next operation tries again */
}

/* ---- lanes ---- */

static void lane_free(struct lane *lane)
{
	if (lane->in)
		munmap(lane->in, LANE_MAPPING);
	fd_close(&lane->pipe[0]);
	fd_close(&lane->pipe[1]);
	sem_destroy(&lane->wake);
	free(lane);
}

static struct lane *lane_new(struct pool *pool)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	void *memory;

	if (!lane)
		return NULL;
	lane->pool = pool;
	lane->pipe[0] = lane->pipe[1] = -1;
	sem_init(&lane->wake, 0, 0);
	memory = mmap(NULL, LANE_MAPPING, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		lane_free(lane);
		return NULL;
	}
	lane->in = memory;
	lane->out = lane->in + LANE_BUFFER;
	lane->scratch = lane->out + LANE_BUFFER;
	return lane;
}

/* pool.lock is held from here to the next line of dashes. */

static void set_active(struct pool *pool, struct lane *lane)
{
	lane->prev_active = NULL;
	lane->next_active = pool->active;
	if (pool->active)
		pool->active->prev_active = lane;
	pool->active = lane;
	lane->seen = PHASE_BETWEEN;
	lane->ticks = lane->held = 0;
}

static void unset_active(struct pool *pool, struct lane *lane)
{
	if (lane->prev_active)
		lane->prev_active->next_active = lane->next_active;
	else
		pool->active = lane->next_active;
	if (lane->next_active)
		lane->next_active->prev_active = lane->prev_active;
}

static struct conn *next_waiting(struct pool *pool)
{
	struct conn *conn = pool->waiting;

	if (!conn)
		return NULL;
	pool->waiting = conn->next;
	if (!pool->waiting)
		pool->waiting_end = &pool->waiting;
	return conn;
}

static void remove_idle(struct pool *pool, struct lane *lane)
{
	struct lane **at = &pool->idle;

	while (*at && *at != lane)
		at = &(*at)->next;
	if (*at)
		*at = lane->next;
}

static void *lane_main(void *arg);

static bool lane_start(struct lane *lane)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&lane->thread, &attr, lane_main, lane);
	pthread_attr_destroy(&attr);
	return err == 0;
}

/* An idle lane, or a new one, or NULL. Starts when its `wake` is posted. */
static struct lane *take_lane(struct pool *pool)
{
	struct lane *lane = pool->idle;

	if (lane) {
		pool->idle = lane->next;
		return lane;
	}
	if (pool->lane_count >= LANES_MAX)
		return NULL;
	lane = lane_new(pool);
	if (lane && !lane_start(lane)) {
		lane_free(lane);
		lane = NULL;
	}
	pool->lane_count += lane != NULL;
	return lane;
}

static void give_back(struct pool *pool, struct lane *lane)
{
	lane->next = pool->idle;
	pool->idle = lane;
}

/* The lane's thread ends, and touches the pool no more. */
static void retire(struct pool *pool)
{
	pool->lane_count--;
	pthread_cond_signal(&pool->ended);
}

static void hand_to(struct pool *pool, struct lane *lane, struct conn *conn)
{
	lane->conn = conn;
	set_active(pool, lane);
	sem_post(&lane->wake);
}

/* ------------------------------------------------------------------ */

bool lane_was_taken(struct lane *lane)
{
	pthread_mutex_lock(&lane->pool->lock); /* until the watcher has done it all */
	pthread_mutex_unlock(&lane->pool->lock);
	return (atomic_load(&lane->phase) & PHASE_MASK) == PHASE_TAKEN;
}

void pool_give(struct pool *pool, struct conn *conn)
{
	struct lane *lane;
	bool lost;

	pthread_mutex_lock(&pool->lock);
	lane = take_lane(pool);
	lost = !lane && pool->lane_count == 0; /* nobody would ever come for it */
	if (lane) {
		hand_to(pool, lane, conn);
	} else if (!lost) {
		conn->next = NULL;
		*pool->waiting_end = conn;
		pool->waiting_end = &conn->next;
	}
	pthread_mutex_unlock(&pool->lock);
	if (lost)
		conn_unref(conn);
	else if (!lane)
		pool_wake(pool);
}

/* Memory that one large message needed is not kept for the next small ones. */
static void trim(struct lane *lane)
{
	madvise(lane->in, LANE_MAPPING, MADV_DONTNEED);
}

/* True: there is a connection for this lane. False: it has ended. */
static bool lane_wait(struct lane *lane)
{
	struct timespec until;
	bool called;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LANE_IDLE_S;
	do {
		called = sem_timedwait(&lane->wake, &until) == 0;
	} while (!called && errno == EINTR);
	if (called && lane->conn)
		return true;
	pthread_mutex_lock(&lane->pool->lock);
	called = !called && sem_trywait(&lane->wake) == 0 && lane->conn; /* at the last moment */
	if (!called) {
		remove_idle(lane->pool, lane);
		retire(lane->pool);
	}
	pthread_mutex_unlock(&lane->pool->lock);
	return called;
}

/* After a connection: another that waits, or the idle list, or the end. */
static bool lane_rest(struct lane *lane)
{
	struct pool *pool = lane->pool;
	struct conn *conn;
	bool closing;

	trim(lane);
	pthread_mutex_lock(&pool->lock);
	closing = pool->closing;
	unset_active(pool, lane);
	conn = next_waiting(pool);
	if (conn)
		hand_to(pool, lane, conn);
	else if (closing)
		retire(pool);
	else
		give_back(pool, lane);
	pthread_mutex_unlock(&pool->lock);
	return conn || !closing;
}

static void *lane_main(void *arg)
{
	struct lane *lane = arg;

	lane->tid = (pid_t)syscall(SYS_gettid);
	do {
		if (!lane_wait(lane))
			break;
		conn_serve(lane->conn, lane);
	} while (lane_rest(lane));
	lane_free(lane);
	return NULL;
}

void pool_fini(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	while (pool->idle) {
		struct lane *lane = pool->idle;

		pool->idle = lane->next;
		lane->conn = NULL;
		sem_post(&lane->wake);
	}
	while (pool->lane_count)
		pthread_cond_wait(&pool->ended, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	fd_close(&pool->epoll);
	fd_close(&pool->wake);
	pthread_cond_destroy(&pool->ended);
	pthread_mutex_destroy(&pool->lock);
}

/* ---- the watcher ---- */

/* What the new lane goes on with: input that has not been worked on, replies
 * that have not been sent. The old lane keeps the message it is busy with. */
static void move_buffers(struct lane *from, struct lane *to)
{
	to->in_start = 0;
	to->in_end = from->in_end - from->in_start;
	memcpy(to->in, from->in + from->in_start, to->in_end);
	to->out_len = from->out_len;
	memcpy(to->out, from->out, from->out_len);
}

static bool detach(struct lane *lane, struct lane *heir)
{
	struct conn *conn = lane->conn;
	bool may;

	pthread_mutex_lock(&conn->lock);
	may = conn->refs < LANES_PER_CONN;
	if (may) {
		move_buffers(lane, heir);
		lane->next_detached = conn->detached;
		conn->detached = lane;
		conn->refs++;
	}
	pthread_mutex_unlock(&conn->lock);
	return may;
}

/* Takes the connection from a lane whose operation has not ended between two
 * looks. pool.lock is held. */
static void take_over(struct pool *pool, struct lane *lane, unsigned phase)
{
	unsigned taken = (phase & ~PHASE_MASK) | PHASE_TAKEN;
	struct lane *heir = take_lane(pool);

	if (!heir)
		return;
	/* Only from here on is it sure that lane->conn is there and stays. */
	if (!atomic_compare_exchange_strong(&lane->phase, &phase, taken)) {
		give_back(pool, heir);
	} else if (!detach(lane, heir)) {
		atomic_store(&lane->phase, phase);
		give_back(pool, heir);
	} else {
		hand_to(pool, heir, lane->conn);
	}
}

/* A signal may come just before the wait it is to interrupt: it is repeated. */
static bool kick(struct lane *lane)
{
	if (!atomic_load(&lane->cancel) || atomic_load(&lane->kicks) >= KICKS_MAX)
		return false;
	atomic_fetch_add(&lane->kicks, 1);
	pthread_kill(lane->thread, SIGUSR1);
	return true;
}

/* An operation that has taken a while may just be waiting for a CPU, or be at
 * work: only one that sleeps (proc(5), the state in /proc/PID/task/TID/stat),
 * or is at work for long, is worth another thread. */
static bool is_blocked(const struct lane *lane)
{
	char path[48], text[1024];
	const char *state;

	if (lane->ticks >= BUSY_TICKS)
		return true;
	fmt(path, sizeof(path), "/proc/self/task/%d/stat", lane->tid);
	if (file_read(path, text, sizeof(text)) < 0)
		return true;
	state = strrchr(text, ')');
	return !state || state[1] != ' ' || state[2] != 'R';
}

static bool may_park(const struct lane *lane)
{
	return (atomic_load(&lane->phase) & PHASE_MASK) == PHASE_BETWEEN &&
	       !atomic_load(&lane->sending);
}

/* A signal that comes just before the wait it is to interrupt is lost: it is
 * tried again for as long as the lane has not parked. */
static void park(struct lane *lane)
{
	atomic_store(&lane->park, true);
	if (may_park(lane))
		pthread_kill(lane->thread, SIGUSR1);
}

/* While connections wait for a lane, each has one for a turn only, and none
 * for a client that does not read what it asked for. */
static void take_turns(struct lane *lane)
{
	if (lane->held >= TURN_TICKS)
		park(lane);
	if (lane->ticks < STUCK_TICKS || !atomic_load(&lane->sending))
		return;
	atomic_store(&lane->give_up, true);
	pthread_kill(lane->thread, SIGUSR1);
}

static bool look_at(struct pool *pool, struct lane *lane)
{
	unsigned phase = atomic_load(&lane->phase);
	bool busy = phase != lane->seen;

	if ((phase & PHASE_MASK) == PHASE_TAKEN)
		return kick(lane);
	lane->ticks = busy ? 0 : lane->ticks + 1;
	lane->held++;
	if (pool->waiting)
		take_turns(lane);
	else if (lane->ticks >= PARK_TICKS && may_park(lane))
		park(lane);
	if (!busy && (phase & PHASE_MASK) == PHASE_RUNNING) {
		if (is_blocked(lane))
			take_over(pool, lane, phase);
		busy = true;
	}
	lane->seen = phase;
	return busy;
}

static bool look(struct pool *pool)
{
	bool busy;

	pthread_mutex_lock(&pool->lock);
	busy = pool->waiting != NULL;
	for (struct lane *lane = pool->active; lane; lane = lane->next_active)
		busy |= look_at(pool, lane);
	pthread_mutex_unlock(&pool->lock);
	return busy;
}

static bool any_running(struct pool *pool)
{
	bool running = false;

	pthread_mutex_lock(&pool->lock);
	for (struct lane *lane = pool->active; lane && !running; lane = lane->next_active)
		running = (atomic_load(&lane->phase) & PHASE_MASK) == PHASE_RUNNING;
	pthread_mutex_unlock(&pool->lock);
	return running;
}

/* One tick. Falls asleep after some without a request; the second look is for
 * a lane that began before it could see that. */
static void tick(struct pool *pool)
{
	int64_t now = loop_now();

	if (now == pool->looked)
		return;
	pool->looked = now;
	pool->quiet = look(pool) ? 0 : pool->quiet + 1;
	if (pool->quiet < QUIET_TICKS)
		return;
	pool->quiet = 0;
	atomic_store(&pool->asleep, true);
	if (any_running(pool))
		atomic_store(&pool->asleep, false);
}

static bool no_conns(struct pool *pool)
{
	bool none;

	pthread_mutex_lock(&pool->lock);
	none = pool->conn_count == 0;
	pthread_mutex_unlock(&pool->lock);
	return none;
}

/* Nobody ticks: has the lanes that may park do so, if it is time. Are there any? */
static bool park_all(struct pool *pool, bool now)
{
	bool any = false;

	pthread_mutex_lock(&pool->lock);
	for (struct lane *lane = pool->active; lane; lane = lane->next_active) {
		if (!may_park(lane))
			continue;
		any = true;
		if (now)
			park(lane);
	}
	pthread_mutex_unlock(&pool->lock);
	return any;
}

static int wait_ms(struct pool *pool, const struct pool_control *control)
{
	if (!atomic_load(&pool->asleep))
		return 1;
	if (park_all(pool, false))
		return PARK_MS;
	return control->idle_ms >= 0 && no_conns(pool) ? control->idle_ms : -1;
}

/* What epoll's data points at: the pool itself, the control, or a connection. */
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

void pool_run(struct pool *pool, struct pool_control *control)
{
	struct epoll_event events[16];
	bool go_on = watch(pool, control->fd, control) == 0;

	while (go_on) {
		int timeout = wait_ms(pool, control);
		int n = epoll_wait(pool->epoll, events, 16, timeout);

		if (n < 0 && errno != EINTR)
			return;
		for (int i = 0; i < n && go_on; i++)
			go_on = dispatch(pool, control, events[i].data.ptr);
		if (!atomic_load(&pool->asleep))
			tick(pool);
		else if (n == 0 && !park_all(pool, true))
			go_on = !(timeout == control->idle_ms && no_conns(pool));
	}
	epoll_ctl(pool->epoll, EPOLL_CTL_DEL, control->fd, NULL);
}
