/* test_vsock.c: the gate where a hypervisor brings the guest's vsock connections as unix
 * sockets, and, where the kernel has vsock's loopback, a guest that calls a real one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "interop/link/dialer.h"
#include "interop/link/socket_name.h"
#include "interop/link/test/ends.h"
#include "lib/lib.h"

struct fixture {
	struct pair pair; /* its routers have no link of their own */
	struct key guest, host;
	struct dialer *gate, *call;
	struct transport *let_in;
	int refused, called; /* the last error */
	char who[64], dir[32], path[48];
};

static struct fixture *now;

static void gate_done(struct dialer *d, struct transport *t, int error)
{
	(void)d;
	assert_int_equal(error, 0);
	transport_close(now->let_in);
	now->let_in = t;
}

static void gate_refused(struct dialer *d, const char *who, int error)
{
	(void)d;
	now->refused = error;
	fmt(now->who, sizeof(now->who), "%s", who);
}

static void call_done(struct dialer *d, struct transport *t, int error)
{
	(void)d;
	now->called = error ? error : 1;
	transport_close(t);
}

static int setup(void **state)
{
	static const uint8_t random[2 * KEY_SEED] = { 9 };
	struct fixture *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pair_init(&t->pair);
	key_make_pair(&t->guest, &t->host, random, 0);
	fmt(t->dir, sizeof(t->dir), "/tmp/gate.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	fmt(t->path, sizeof(t->path), "%s/vsock_5000", t->dir);
	now = t;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	transport_close(t->let_in);
	dialer_destroy(t->gate);
	dialer_destroy(t->call);
	unlink(t->path);
	rmdir(t->dir);
	pair_fini(&t->pair);
	free(t);
	return 0;
}

static void gate_open(struct fixture *t, struct address *a, const struct key *key)
{
	int fd = link_listen(a);

	assert_true(fd >= 0);
	assert_int_equal(dialer_of_socket(&t->gate, &t->pair.loop, fd, a, key), 0);
	t->gate->done = gate_done;
	t->gate->refused = gate_refused;
	t->gate->ops->start(t->gate);
}

static void unix_gate_open(struct fixture *t)
{
	struct address a = { .kind = ADDRESS_UNIX };

	fmt(a.name, sizeof(a.name), "%s", t->path);
	gate_open(t, &a, &t->host);
}

static bool decided(struct pair *pair)
{
	(void)pair;
	return now->let_in || now->refused;
}

/* As a hypervisor brings it. */
static int caller_says(struct fixture *t, const uint8_t *says, size_t len)
{
	int fd = unix_connect(t->path);

	assert_true(fd >= 0);
	assert_int_equal(send(fd, says, len, 0), len);
	return fd;
}

static void halves_of_a_pair_agree(void **state)
{
	static const uint8_t random[2 * KEY_SEED] = { 10 };
	struct fixture *t = *state;
	uint8_t one[KEY_PROOF], other[KEY_PROOF];
	struct key a, b;

	assert_true(key_proof(&t->guest, one) && key_proof(&t->host, other));
	assert_memory_equal(one, other, KEY_PROOF);
	key_make_pair(&a, &b, random, 0);
	assert_true(key_proof(&a, other));
	assert_memory_not_equal(one, other, KEY_PROOF);
	a.peer[10] ^= 1; /* off the curve */
	assert_false(key_proof(&a, other));
}

static void who_has_the_key_is_let_in(void **state)
{
	struct fixture *t = *state;
	uint8_t says[KEY_PROOF + 3];
	char got[8];
	struct iovec room = { got, sizeof(got) };
	int fd;

	unix_gate_open(t);
	assert_true(key_proof(&t->guest, says));
	memcpy(says + KEY_PROOF, "abc", 3);
	fd = caller_says(t, says, sizeof(says));
	assert_true(pair_run(&t->pair, decided, 2000));
	assert_non_null(t->let_in);
	assert_int_equal(t->let_in->ops->readv(t->let_in, &room, 1), 3);
	assert_memory_equal(got, "abc", 3);
	close(fd);
}

static void a_key_in_pieces(void **state)
{
	struct fixture *t = *state;
	uint8_t says[KEY_PROOF];
	int fd;

	unix_gate_open(t);
	assert_true(key_proof(&t->guest, says));
	fd = caller_says(t, says, 7);
	assert_false(pair_run(&t->pair, decided, 50));
	assert_int_equal(send(fd, says + 7, KEY_PROOF - 7, 0), KEY_PROOF - 7);
	assert_true(pair_run(&t->pair, decided, 2000));
	assert_non_null(t->let_in);
	close(fd);
}

static void others_are_refused(void **state)
{
	struct fixture *t = *state;
	uint8_t says[KEY_PROOF];

	unix_gate_open(t);
	for (size_t i = 0; i < KEY_PROOF; i += 13) {
		int fd;

		t->refused = 0;
		assert_true(key_proof(&t->guest, says));
		says[i] ^= 0x10;
		fd = caller_says(t, says, KEY_PROOF);
		assert_true(pair_run(&t->pair, decided, 2000));
		assert_int_equal(t->refused, -EKEYREJECTED);
		assert_string_equal(t->who, "the hypervisor");
		close(fd);
	}
	assert_null(t->let_in);
}

/* Who is gone before the last byte of a key that is right. */
static void cut_at_every_byte(void **state)
{
	struct fixture *t = *state;
	uint8_t says[KEY_PROOF];

	unix_gate_open(t);
	assert_true(key_proof(&t->guest, says));
	for (size_t len = 0; len < KEY_PROOF; len++) {
		t->refused = 0;
		close(caller_says(t, says, len));
		assert_true(pair_run(&t->pair, decided, 2000));
		assert_int_equal(t->refused, -ECONNRESET);
	}
	assert_null(t->let_in);
}

static void no_key_no_unix_gate(void **state)
{
	struct fixture *t = *state;
	struct address a = { .kind = ADDRESS_UNIX };

	fmt(a.name, sizeof(a.name), "%s", t->path);
	assert_int_equal(dialer_of_socket(&t->gate, &t->pair.loop, link_listen(&a), &a, NULL),
			 -ENOKEY);
}

/* --- vsock itself ------------------------------------------------------------------------ */

static bool has_loopback(struct address *a)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = a->port };
	int fd = link_listen(a), caller = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bool has =
		fd >= 0 && caller >= 0 && connect(caller, (struct sockaddr *)&to, sizeof(to)) == 0;

	fd_close(&fd);
	fd_close(&caller);
	return has;
}

static void call(struct fixture *t, const struct address *a, const struct key *key)
{
	dialer_destroy(t->call);
	assert_int_equal(dialer_of_guest(&t->call, &t->pair.loop, a, key), 0);
	t->call->done = call_done;
	t->call->ops->start(t->call);
}

static void over_the_loopback(void **state)
{
	struct fixture *t = *state;
	struct address a = { .kind = ADDRESS_VSOCK, .cid = VMADDR_CID_LOCAL, .port = 50123 };
	struct address other = a;

	if (!has_loopback(&a)) {
		print_message("this kernel has no vsock loopback (modprobe vsock_loopback)\n");
		skip();
	}
	gate_open(t, &a, geteuid() == 0 ? NULL : &t->host);
	call(t, &a, geteuid() == 0 ? NULL : &t->guest);
	assert_true(pair_run(&t->pair, decided, 2000));
	assert_non_null(t->let_in);
	dialer_destroy(t->gate);
	transport_close(t->let_in);
	t->let_in = NULL;
	other.cid = 77;
	gate_open(t, &other, &t->host);
	call(t, &a, &t->guest);
	assert_true(pair_run(&t->pair, decided, 2000));
	assert_int_equal(t->refused, -EHOSTUNREACH);
}

/* Whatever the kernel has, the caller hears of it. */
static void nobody_there_is_an_error(void **state)
{
	struct fixture *t = *state;
	const struct address a = { .kind = ADDRESS_VSOCK, .cid = 999, .port = 1 };
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (fd >= 0)
		close(fd);
	call(t, &a, &t->guest);
	if (fd < 0)
		assert_int_equal(t->called, -EAFNOSUPPORT);
	t->call->ops->stop(t->call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(halves_of_a_pair_agree, setup, teardown),
		cmocka_unit_test_setup_teardown(who_has_the_key_is_let_in, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(others_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(no_key_no_unix_gate, setup, teardown),
		cmocka_unit_test_setup_teardown(over_the_loopback, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_there_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests_name("vsock", tests, NULL, NULL);
}
