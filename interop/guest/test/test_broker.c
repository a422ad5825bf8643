/* test_broker.c: a real broker process between clients and a host's router.
 * Started again as "landbridge-session", this program is the session, and as
 * "landbridge-automount" what mounts drives. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/guest/guest.h"
#include "interop/link/test/ends.h"

enum { CLIENTS = 40 };

struct fixture {
	struct pair pair; /* its host side alone is used */
	char dir[64], link[96], socket[96];
	int listener;
	bool mounts;         /* it is to have the host's drives mounted */
	pid_t broker, spare; /* spare: the last session that was seen waiting */
};

static void start_broker(struct fixture *t, rlim_t files)
{
	char link[128], name[] = "landbridge-broker";
	char nothing[] = "", mounts[] = "mount";
	char *argv[] = { name, link, nothing, nothing, mounts, NULL };

	fmt(link, sizeof(link), "unix:%s", t->link);
	t->broker = fork();
	assert_true(t->broker >= 0);
	if (t->broker > 0)
		return;
	dup2(t->listener, 100);
	for (int fd = 3; fd < 100; fd++)
		close(fd);
	dup2(100, 3);
	close(100);
	if (files)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ files, files });
	_exit(broker_main(t->mounts ? 5 : 2, argv));
}

static void stop_broker(struct fixture *t)
{
	kill(t->broker, SIGKILL);
	waitpid(t->broker, NULL, 0);
}

static int begin(void **state, rlim_t files, uint32_t drives)
{
	struct fixture *t = calloc(1, sizeof(*t));
	const struct hello hello = { .drives = drives };
	struct address to = { .kind = ADDRESS_UNIX };
	struct dialer *dialer;

	assert_non_null(t);
	fmt(t->dir, sizeof(t->dir), "/tmp/broker-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	fmt(t->link, sizeof(t->link), "%s/link", t->dir);
	fmt(t->socket, sizeof(t->socket), "%s/interop.sock", t->dir);
	t->listener = unix_listen(t->socket, 0666, 128);
	assert_true(t->listener >= 0);
	t->mounts = drives != 0;
	start_broker(t, files);
	pair_init(&t->pair);
	router_announce(t->pair.host.router, &hello);
	t->pair.test = t;
	fmt(to.name, sizeof(to.name), "%s", t->link);
	assert_int_equal(dialer_of_host(&dialer, &t->pair.loop, &to, NULL), 0);
	router_dial(t->pair.host.router, dialer);
	*state = t;
	return 0;
}

static int setup(void **state)
{
	return begin(state, 0, 0);
}

static int setup_few_files(void **state)
{
	return begin(state, 12, 0);
}

static int setup_drives(void **state)
{
	return begin(state, 0, 1u << ('Q' - 'A') | 1u << ('Z' - 'A'));
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	stop_broker(t);
	pair_fini(&t->pair);
	close(t->listener);
	unlink(t->link);
	unlink(t->socket);
	assert_int_equal(rmdir(t->dir), 0);
	free(t);
	return 0;
}

static struct end *client(struct fixture *t)
{
	struct end *end = pair_end(&t->pair);
	int fd = unix_connect(t->socket);

	assert_true(fd >= 0);
	end_open(end, &t->pair.loop, fd);
	return end;
}

static bool host_up(struct pair *pair)
{
	return pair->host.up;
}

static bool last_done(struct pair *pair)
{
	const struct fixture *t = pair->test;

	return t->pair.ends[t->pair.count - 1].seen[WIRE_EXIT];
}

static void job_exits(struct end *job, const struct frame *f, const uint8_t *payload)
{
	(void)payload;
	if (f->type == WIRE_OPEN)
		end_exit(job, 5);
}

static void client_runs_a_program(void **state)
{
	struct fixture *t = *state;
	uint8_t payload[64];
	struct end *end;
	struct writer w;

	t->pair.host.on_job_frame = job_exits;
	end = client(t);
	writer_init(&w, payload, sizeof(payload));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(&w, OPEN_TAG_UID, 4242); /* a lie */
	end_hello(end, "client's epoch..", NULL);
	end_send(end, WIRE_OPEN, 0, WIRE_STREAM_ONLY, payload, w.used);
	assert_true(pair_run(&t->pair, pair_done, 5000));
	assert_int_equal(end->exit, 5);
	assert_int_equal(t->pair.host.jobs[0]->launch.uid, getuid());
}

static void host_opens_sessions(void **state)
{
	struct fixture *t = *state;

	assert_true(pair_run(&t->pair, host_up, 5000));
	for (int i = 0; i < 3; i++) {
		pair_endpoint(&t->pair.host, 0);
		end_launch(&t->pair.ends[i], "sh");
	}
	assert_true(pair_run(&t->pair, pair_done, 5000));
	for (int i = 0; i < 3; i++)
		assert_int_equal(t->pair.ends[i].exit, 0);
}

/* The only child that the broker has, or 0: the session that waits. */
static pid_t spare_of(const struct fixture *t)
{
	char path[64], text[64], *end;
	long pid;

	fmt(path, sizeof(path), "/proc/%d/task/%d/children", (int)t->broker, (int)t->broker);
	if (file_read(path, text, sizeof(text)) <= 0)
		return 0;
	pid = strtol(text, &end, 10);
	return strspn(end, " \n") == strlen(end) ? (pid_t)pid : 0;
}

/* Another than before: that one may take its time to end. */
static bool spare_waits(struct pair *pair)
{
	const struct fixture *t = pair->test;
	pid_t pid = spare_of(t);

	return pid > 0 && pid != t->spare;
}

/* Ends within a while: it has answered already. */
static bool gone(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		if (kill(pid, 0) < 0)
			return true;
		usleep(10000);
	}
	return false;
}

static void run_session(struct fixture *t)
{
	struct end *end = pair_endpoint(&t->pair.host, 0);

	end_launch(end, "sh");
	assert_true(pair_run(&t->pair, last_done, 5000));
	assert_int_equal(end->exit, 0);
}

/* The second session is there before it is asked for; one that was killed
 * while it waited is not given to anybody. */
static void next_session_is_ready(void **state)
{
	struct fixture *t = *state;

	assert_true(pair_run(&t->pair, host_up, 5000));
	run_session(t);
	assert_true(pair_run(&t->pair, spare_waits, 5000));
	t->spare = spare_of(t);
	run_session(t);
	assert_true(gone(t->spare)); /* it was the one that ran */
	assert_true(pair_run(&t->pair, spare_waits, 5000));
	t->spare = spare_of(t);
	kill(t->spare, SIGKILL);
	assert_true(gone(t->spare));
	run_session(t);
}

/* PID 1 keeps the listening end, so a client never notices. */
static void new_broker_takes_over(void **state)
{
	struct fixture *t = *state;

	t->pair.host.on_job_frame = job_exits;
	assert_true(pair_run(&t->pair, host_up, 5000));
	stop_broker(t);
	end_launch(client(t), "x");
	start_broker(t, 0);
	assert_true(pair_run(&t->pair, pair_done, 5000));
	assert_int_equal(t->pair.ends[0].exit, 5);
}

static bool never(struct pair *pair)
{
	(void)pair;
	return false;
}

static long cpu_ticks(pid_t pid)
{
	char path[64], stat[512], *at;
	long user, system;

	fmt(path, sizeof(path), "/proc/%d/stat", (int)pid);
	assert_true(file_read(path, stat, sizeof(stat)) > 0);
	at = strrchr(stat, ')');
	for (int field = 2; field < 14; field++)
		at = strchr(at + 1, ' ');
	user = strtol(at, &at, 10);
	system = strtol(at, &at, 10);
	return user + system;
}

/* More clients than descriptors: they wait their turn and nothing spins. */
static void few_descriptors_are_survived(void **state)
{
	struct fixture *t = *state;
	long ticks;

	t->pair.host.on_job_frame = job_exits;
	assert_true(pair_run(&t->pair, host_up, 5000));
	while (t->pair.count < CLIENTS - 1)
		client(t);
	ticks = cpu_ticks(t->broker);
	pair_run(&t->pair, never, 500);
	assert_in_range(cpu_ticks(t->broker) - ticks, 0, 10);
	for (size_t i = 0; i < t->pair.count; i++)
		end_close(&t->pair.ends[i]);
	end_launch(client(t), "x");
	assert_true(pair_run(&t->pair, last_done, 5000));
}

/* --- drives --- */

/* What the broker's helper was told to mount. */
static void told_path(char *out, size_t size, pid_t broker)
{
	fmt(out, size, "/tmp/broker-automount.%d", (int)broker);
}

static bool helper_told(struct pair *pair)
{
	const struct fixture *t = pair->test;
	char path[64];

	told_path(path, sizeof(path), t->broker);
	return access(path, F_OK) == 0;
}

static void drives_are_mounted(void **state)
{
	struct fixture *t = *state;
	char path[64], letters[32] = "";

	assert_true(pair_run(&t->pair, helper_told, 5000));
	assert_true(t->pair.host.features & HELLO_MOUNTS);
	told_path(path, sizeof(path), t->broker);
	file_read(path, letters, sizeof(letters));
	unlink(path);
	assert_string_equal(letters, "QZ");
}

static int automount(const char *letters)
{
	char path[64], made[80];

	told_path(path, sizeof(path), getppid());
	fmt(made, sizeof(made), "%s.new", path);
	return file_create(made, letters, 0600) < 0 || rename(made, path) < 0;
}

/* --- the session --- */

static uint32_t session_complaint(void)
{
	const char *path = getenv("LANDBRIDGE_HOST_PATH");
	struct sigaction action;

	if (!path || strcmp(path, "C:\\a;C:\\b") != 0)
		return 1;
	if (sigaction(SIGCHLD, NULL, &action) || action.sa_handler != SIG_DFL)
		return 2;
	for (int fd = 4; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return (uint32_t)fd;
	return 0;
}

static int session(void)
{
	uint8_t header[WIRE_HEADER], payload[256], bytes[16];
	struct frame f, reply = { 4, WIRE_EXIT, 0, WIRE_STREAM_ONLY };
	struct open l;
	struct writer w;
	uint32_t code = 100;
	uint8_t exit_code[4] = { 0 };

	if (fd_read_full(3, header, sizeof(header)) != WIRE_HEADER || frame_decode(&f, header) ||
	    f.length > sizeof(payload) || fd_read_full(3, payload, f.length) != (ssize_t)f.length)
		return 1;
	if (f.type == WIRE_OPEN && open_decode(&l, payload, f.length) == 0 && l.argc == 1)
		code = session_complaint();
	exit_code[0] = (uint8_t)code;
	writer_init(&w, bytes, sizeof(bytes));
	frame_put(&w, &reply, exit_code);
	return fd_write_all(3, bytes, w.used) < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(client_runs_a_program, setup, teardown),
		cmocka_unit_test_setup_teardown(host_opens_sessions, setup, teardown),
		cmocka_unit_test_setup_teardown(next_session_is_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(new_broker_takes_over, setup, teardown),
		cmocka_unit_test_setup_teardown(drives_are_mounted, setup_drives, teardown),
		cmocka_unit_test_setup_teardown(few_descriptors_are_survived, setup_few_files,
						teardown),
	};

	if (argc > 0 && strcmp(argv[0], "landbridge-session") == 0)
		return session();
	if (argc > 1 && strcmp(argv[0], "landbridge-automount") == 0)
		return automount(argv[1]);
	return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
