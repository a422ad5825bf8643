/* locks.c: byte-range locks between two clients of one server: two mounts. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "p9check.h"

/* A client that was told to wait asks again after 30 s by itself; the server
 * is to answer at once. */
#define SOON_MS 3000
#define STILL_WAITING_MS 200

struct order {
	int command; /* of fcntl, or LOCK_EX | LOCK_NB, LOCK_UN with flock set */
	int flock;
	struct flock lock;
};

/* A process that locks the file through the other mount. */
struct peer {
	pid_t pid;
	int orders, answers;
};

static struct flock range(short type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};
}

static int range_lock(int fd, int command, short type, off_t start, off_t len)
{
	struct flock lock = range(type, start, len);

	return fcntl(fd, command, &lock);
}

static _Noreturn void peer_main(int orders, int answers)
{
	char name[512];
	struct order order;
	int fd;

	snprintf(name, sizeof(name), "%s/locked", other);
	fd = open(name, O_RDWR);
	while (fd >= 0 && read(orders, &order, sizeof(order)) == sizeof(order)) {
		int err = order.flock ? flock(fd, order.command)
				      : fcntl(fd, order.command, &order.lock);

		err = err < 0 ? errno : 0;
		if (write(answers, &err, sizeof(err)) < 0)
			break;
	}
	_exit(0);
}

static struct peer peer_start(void)
{
	struct peer peer = { 0 };
	int orders[2], answers[2];

	ok(pipe(orders) == 0 && pipe(answers) == 0);
	peer.pid = fork();
	if (peer.pid == 0) {
		close(orders[1]);
		close(answers[0]);
		peer_main(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	peer.orders = orders[1];
	peer.answers = answers[0];
	return peer;
}

static void peer_end(struct peer *peer, int signal)
{
	if (signal)
		kill(peer->pid, signal);
	close(peer->orders);
	close(peer->answers);
	waitpid(peer->pid, NULL, 0);
}

static void peer_send(struct peer *peer, int command, short type, off_t start, off_t len)
{
	struct order order = { .command = command, .lock = range(type, start, len) };

	ok(write(peer->orders, &order, sizeof(order)) == sizeof(order));
}

/* The errno of its last order; -1: none within the time. */
static int peer_answer(struct peer *peer, int ms)
{
	struct pollfd p = { .fd = peer->answers, .events = POLLIN };
	int err = -1;

	if (poll(&p, 1, ms) == 1 && read(peer->answers, &err, sizeof(err)) != sizeof(err))
		err = -2; /* it has ended */
	return err;
}

static int peer_try(struct peer *peer, short type, off_t start, off_t len)
{
	peer_send(peer, F_SETLK, type, start, len);
	return peer_answer(peer, SOON_MS);
}

static int peer_flock(struct peer *peer, int command)
{
	struct order order = { .command = command, .flock = 1 };

	ok(write(peer->orders, &order, sizeof(order)) == sizeof(order));
	return peer_answer(peer, SOON_MS);
}

static void check_ranges(int fd, struct peer *peer)
{
	struct flock seen = range(F_WRLCK, 30, 10);

	ok(range_lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
	ok(peer_try(peer, F_WRLCK, 5, 10) == EAGAIN);
	ok(peer_try(peer, F_RDLCK, 0, 1) == EAGAIN);
	ok(peer_try(peer, F_WRLCK, 10, 10) == 0);
	ok(range_lock(fd, F_SETLK, F_UNLCK, 3, 3) == 0); /* a hole in the middle */
	ok(peer_try(peer, F_WRLCK, 2, 1) == EAGAIN);
	ok(peer_try(peer, F_WRLCK, 3, 3) == 0);
	ok(peer_try(peer, F_WRLCK, 6, 1) == EAGAIN);
	ok(peer_try(peer, F_WRLCK, 1000, 0) == 0); /* to the end, however far */
	fails(range_lock(fd, F_SETLK, F_WRLCK, 1LL << 40, 1), EAGAIN);
	ok(fcntl(fd, F_GETLK, &seen) == 0 && seen.l_type == F_UNLCK);
	seen = range(F_WRLCK, 8, 10);
	ok(fcntl(fd, F_GETLK, &seen) == 0 && seen.l_type == F_WRLCK);
	ok(seen.l_start == 10 && seen.l_len == 10);
	ok(peer_try(peer, F_UNLCK, 0, 0) == 0);
	ok(range_lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
}

static void check_shared(int fd, struct peer *peer)
{
	ok(range_lock(fd, F_SETLK, F_RDLCK, 0, 100) == 0);
	ok(peer_try(peer, F_RDLCK, 50, 10) == 0);
	ok(peer_try(peer, F_WRLCK, 50, 10) == EAGAIN);
	fails(range_lock(fd, F_SETLK, F_WRLCK, 0, 100), EAGAIN);
	ok(range_lock(fd, F_SETLK, F_WRLCK, 0, 50) == 0); /* upgraded where it is alone */
	ok(peer_try(peer, F_RDLCK, 40, 20) == EAGAIN);
	ok(peer_try(peer, F_UNLCK, 0, 0) == 0);
	ok(range_lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
	ok(flock(fd, LOCK_EX | LOCK_NB) == 0);
	ok(peer_flock(peer, LOCK_EX | LOCK_NB) == EAGAIN);
	ok(flock(fd, LOCK_UN) == 0);
	ok(peer_flock(peer, LOCK_EX | LOCK_NB) == 0);
	fails(flock(fd, LOCK_SH | LOCK_NB), EAGAIN);
	ok(peer_flock(peer, LOCK_UN) == 0);
}

/* Through a file opened for reading: flock(2) asks for what it likes there, and
 * what fcntl(2) got there grows through another descriptor. */
static void check_reader(int fd, struct peer *peer)
{
	int reader = open("locked", O_RDONLY);

	ok(reader >= 0);
	ok(flock(reader, LOCK_EX | LOCK_NB) == 0);
	ok(peer_flock(peer, LOCK_EX | LOCK_NB) == EAGAIN);
	ok(flock(reader, LOCK_UN) == 0);
	ok(range_lock(reader, F_SETLK, F_RDLCK, 0, 10) == 0);
	ok(range_lock(fd, F_SETLK, F_WRLCK, 5, 1) == 0);
	ok(peer_try(peer, F_RDLCK, 5, 1) == EAGAIN);
	ok(peer_try(peer, F_WRLCK, 0, 1) == EAGAIN);
	ok(peer_try(peer, F_RDLCK, 0, 5) == 0);
	ok(peer_try(peer, F_UNLCK, 0, 0) == 0);
	ok(range_lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
	close(reader);
}

static void check_waking(int fd, struct peer *peer)
{
	for (int round = 0; round < 5; round++) {
		ok(range_lock(fd, F_SETLK, F_WRLCK, 0, 10) == 0);
		peer_send(peer, F_SETLKW, round % 2 ? F_RDLCK : F_WRLCK, 5, 1);
		ok(peer_answer(peer, STILL_WAITING_MS) == -1);
		ok(range_lock(fd, F_SETLK, F_UNLCK, 0, 10) == 0);
		ok(peer_answer(peer, SOON_MS) == 0);
		ok(peer_try(peer, F_UNLCK, 0, 0) == 0);
	}
}

static void check_deaths(int fd)
{
	struct peer holder = peer_start(), waiter = peer_start();

	ok(peer_try(&holder, F_WRLCK, 0, 0) == 0);
	peer_send(&waiter, F_SETLKW, F_WRLCK, 0, 0);
	ok(peer_answer(&waiter, STILL_WAITING_MS) == -1);
	peer_end(&holder, SIGKILL);
	ok(peer_answer(&waiter, SOON_MS) == 0); /* what it held is free */
	ok(peer_try(&waiter, F_UNLCK, 0, 0) == 0);
	ok(range_lock(fd, F_SETLK, F_WRLCK, 0, 0) == 0);
	peer_send(&waiter, F_SETLKW, F_WRLCK, 0, 0);
	ok(peer_answer(&waiter, STILL_WAITING_MS) == -1);
	peer_end(&waiter, SIGKILL);
	ok(range_lock(fd, F_SETLK, F_UNLCK, 0, 0) == 0);
	holder = peer_start();
	ok(peer_try(&holder, F_WRLCK, 0, 0) == 0); /* nobody got what the dead one waited for */
	peer_end(&holder, 0);
}

void check_locks(void)
{
	int fd = open("locked", O_CREAT | O_RDWR, 0644);
	struct peer peer;

	ok(fd >= 0);
	peer = peer_start();
	check_ranges(fd, &peer);
	check_shared(fd, &peer);
	check_reader(fd, &peer);
	check_waking(fd, &peer);
	peer_end(&peer, 0);
	check_deaths(fd);
	close(fd);
}
