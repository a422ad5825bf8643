/* test_tls.c: two engines, and whoever sits between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bearssl.h>
#include <cmocka.h>

#include "interop/link/tls.h"
#include "lib/macros.h"

enum { WIRE = 256 * 1024, CLIENT = 0, SERVER = 1 };

/* What a side has sent, as a whole and by records. */
struct wire {
	uint8_t bytes[WIRE];
	size_t len, given; /* `given` of them have reached the other side */
};

struct ends {
	struct tls *side[2];
	struct wire from[2];
	uint8_t got[2][WIRE];
	size_t got_len[2];
	size_t cut; /* of what the client sends no more than so much arrives */
};

static struct key client_key, server_key;

static uint8_t *seed(void)
{
	static uint8_t bytes[TLS_SEED];

	bytes[0]++;
	bytes[1] = (uint8_t)(bytes[1] + (bytes[0] == 0));
	return bytes;
}

static struct ends *begin(const struct key *client, const struct key *server)
{
	struct ends *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	e->side[CLIENT] = tls_create(TLS_CLIENT, client, seed());
	e->side[SERVER] = tls_create(TLS_SERVER, server, seed());
	e->cut = SIZE_MAX;
	return e;
}

static void finish(struct ends *e)
{
	tls_destroy(e->side[CLIENT]);
	tls_destroy(e->side[SERVER]);
	free(e);
}

static void drain(struct ends *e, int i)
{
	struct wire *w = &e->from[i];
	uint8_t *at;
	size_t len;

	while ((at = tls_buffer(e->side[i], TLS_WIRE_OUT, &len)) != NULL) {
		assert_true(w->len + len <= WIRE);
		memcpy(w->bytes + w->len, at, len);
		w->len += len;
		tls_passed(e->side[i], TLS_WIRE_OUT, len);
	}
	while ((at = tls_buffer(e->side[i], TLS_DATA_OUT, &len)) != NULL) {
		assert_true(e->got_len[i] + len <= WIRE);
		memcpy(e->got[i] + e->got_len[i], at, len);
		e->got_len[i] += len;
		tls_passed(e->side[i], TLS_DATA_OUT, len);
	}
}

/* To side i, as much as it takes. */
static size_t give(struct ends *e, int i, const uint8_t *bytes, size_t len)
{
	size_t done = 0, room;
	uint8_t *at;

	while (done < len && (at = tls_buffer(e->side[i], TLS_WIRE_IN, &room)) != NULL) {
		room = room < len - done ? room : len - done;
		memcpy(at, bytes + done, room);
		tls_passed(e->side[i], TLS_WIRE_IN, room);
		done += room;
		drain(e, i);
	}
	return done;
}

/* Until nothing moves. */
static void talk(struct ends *e)
{
	size_t moved;

	do {
		moved = 0;
		for (int i = 0; i < 2; i++) {
			struct wire *w = &e->from[i];
			size_t end, n;

			drain(e, i);
			end = i == CLIENT && w->len > e->cut ? e->cut : w->len;
			n = w->given < end ? give(e, 1 - i, w->bytes + w->given, end - w->given)
					   : 0;
			w->given += n;
			moved += n;
		}
	} while (moved);
}

static void say(struct ends *e, int i, const void *text, size_t len)
{
	size_t room;
	uint8_t *at = tls_buffer(e->side[i], TLS_DATA_IN, &room);

	assert_true(at && room >= len);
	memcpy(at, text, len);
	tls_passed(e->side[i], TLS_DATA_IN, len);
	tls_flush(e->side[i]);
	drain(e, i);
}

static struct ends *greeted(void)
{
	struct ends *e = begin(&client_key, &server_key);

	talk(e);
	assert_int_equal(tls_phase(e->side[CLIENT]), TLS_UP);
	assert_int_equal(tls_phase(e->side[SERVER]), TLS_UP);
	return e;
}

static void both_talk(void **state)
{
	struct ends *e = greeted();
	size_t len = 0;
	uint8_t *at;

	(void)state;
	say(e, CLIENT, "ping", 4);
	say(e, SERVER, "pong!", 5);
	talk(e);
	assert_int_equal(e->got_len[SERVER], 4);
	assert_memory_equal(e->got[SERVER], "ping", 4);
	assert_int_equal(e->got_len[CLIENT], 5);
	for (int i = 0; i < 6; i++) { /* whole records */
		at = tls_buffer(e->side[CLIENT], TLS_DATA_IN, &len);
		assert_non_null(at);
		assert_true(len > 16000);
		memset(at, i, len);
		tls_passed(e->side[CLIENT], TLS_DATA_IN, len);
		talk(e);
	}
	assert_int_equal(e->got_len[SERVER], 4 + 6 * len);
	assert_int_equal(e->got[SERVER][e->got_len[SERVER] - 1], 5);
	finish(e);
}

/* Every one of these must be refused by somebody, and bring nobody up on the side
 * that refuses. */
static void expect_refused(const struct key *client, const struct key *server, int who,
			   enum tls_end why)
{
	struct ends *e = begin(client, server);

	talk(e);
	assert_int_equal(tls_phase(e->side[who]), TLS_ENDED);
	assert_int_equal(tls_end(e->side[who]), why);
	assert_int_not_equal(tls_phase(e->side[1 - who]), TLS_UP);
	finish(e);
}

static void keys_that_do_not_fit(void **state)
{
	static const uint8_t other_seed[2 * KEY_SEED] = { 99 };
	struct key c, s, wrong_c, wrong_s;

	(void)state;
	key_make_pair(&wrong_c, &wrong_s, other_seed, 0);
	/* a guest with a key of its own that the host does not know */
	c = client_key;
	memcpy(c.own, wrong_c.own, KEY_OWN);
	key_complete(&c);
	expect_refused(&c, &server_key, SERVER, TLS_KEY);
	/* a host that is not the one the guest knows */
	s = server_key;
	memcpy(s.own, wrong_s.own, KEY_OWN);
	key_complete(&s);
	expect_refused(&client_key, &s, CLIENT, TLS_KEY);
	/* one that shows the right key, and has not its private half */
	c = client_key;
	memcpy(c.own, wrong_c.own, KEY_OWN);
	expect_refused(&c, &server_key, SERVER, TLS_KEY);
	s = server_key;
	memcpy(s.own, wrong_s.own, KEY_OWN);
	expect_refused(&client_key, &s, CLIENT, TLS_KEY);
	/* neither */
	expect_refused(&wrong_c, &server_key, CLIENT, TLS_KEY);
	/* a key that is no point of the curve */
	s = server_key;
	s.peer[40] ^= 1;
	expect_refused(&client_key, &s, SERVER, TLS_KEY);
	/* the host's own key thrown back at it */
	expect_refused(&server_key, &server_key, CLIENT, TLS_KEY);
}

/* The public key is no secret: to show it without its private half must not do. */
static void a_key_is_proved_not_shown(void **state)
{
	struct ends *e = greeted();
	struct ends *again = begin(&client_key, &server_key);

	(void)state;
	/* replayed: all that a right guest has said, said again */
	give(again, SERVER, e->from[CLIENT].bytes, e->from[CLIENT].len);
	assert_int_equal(tls_phase(again->side[SERVER]), TLS_ENDED);
	finish(again);

	/* and all that a right host has */
	again = begin(&client_key, &server_key);
	give(again, CLIENT, e->from[SERVER].bytes, e->from[SERVER].len);
	assert_int_equal(tls_phase(again->side[CLIENT]), TLS_ENDED);
	finish(again);
	finish(e);
}

static void cut_at_every_byte(void **state)
{
	struct ends *e = greeted();
	size_t all = e->from[CLIENT].len;

	(void)state;
	finish(e);
	assert_true(all > 300 && all < 2000);
	for (size_t cut = 0; cut < all; cut += 1 + (cut > 600)) {
		e = begin(&client_key, &server_key);
		e->cut = cut;
		talk(e);
		/* A signature is a byte longer or shorter. */
		if (e->from[CLIENT].len <= cut) {
			finish(e);
			break;
		}
		/* The client is up at the host's last word at the earliest. */
		assert_int_equal(tls_phase(e->side[SERVER]), TLS_GREETING);
		assert_int_equal(tls_phase(e->side[CLIENT]), TLS_GREETING);
		finish(e);
	}
}

/* Whoever changes a byte of a handshake ends it: nobody is up on a side that has
 * not seen all as it was sent. */
static void changed_at_every_byte(void **state)
{
	struct ends *e = greeted();
	size_t all[2] = { e->from[CLIENT].len, e->from[SERVER].len };

	(void)state;
	finish(e);
	for (int who = 0; who < 2; who++) {
		for (size_t at = 0; at < all[who]; at += 3) {
			bool changed = false;

			e = begin(&client_key, &server_key);
			for (int round = 0; round < 8; round++) {
				for (int i = 0; i < 2; i++) {
					struct wire *w = &e->from[i];

					drain(e, i);
					if (i == who && !changed && w->len > at && w->given <= at) {
						w->bytes[at] ^= 0x10;
						changed = true;
					}
					w->given += give(e, 1 - i, w->bytes + w->given,
							 w->len - w->given);
				}
			}
			assert_true(changed || at + 8 > all[who]);
			if (changed)
				assert_int_not_equal(tls_phase(e->side[1 - who]), TLS_UP);
			finish(e);
		}
	}
}

/* Three records of the client's, and where each begins. */
static void three_records(struct ends *e, size_t at[4])
{
	for (int i = 0; i < 3; i++) {
		at[i] = e->from[CLIENT].len;
		say(e, CLIENT, i == 0 ? "one" : i == 1 ? "two" : "six", 3);
	}
	at[3] = e->from[CLIENT].len;
}

static void repeated_left_out_and_swapped_records(void **state)
{
	/* which of the three, in order; 9: nothing more */
	static const int orders[][4] = {
		{ 0, 0, 9, 9 }, { 1, 9, 9, 9 }, { 0, 2, 9, 9 }, { 0, 1, 0, 9 }, { 2, 1, 0, 9 },
	};
	size_t at[4];

	(void)state;
	for (size_t i = 0; i < array_len(orders); i++) {
		struct ends *e = greeted();
		const uint8_t *w = e->from[CLIENT].bytes;

		three_records(e, at);
		for (int j = 0; orders[i][j] != 9; j++)
			give(e, SERVER, w + at[orders[i][j]],
			     at[orders[i][j] + 1] - at[orders[i][j]]);
		assert_int_equal(tls_phase(e->side[SERVER]), TLS_ENDED);
		assert_int_equal(tls_end(e->side[SERVER]), TLS_BROKEN);
		finish(e);
	}
}

/* Not a byte of it comes out on the other side. */
static void a_record_changed_at_every_byte(void **state)
{
	size_t at[4] = { 0, 1, 0, 0 };

	(void)state;
	for (size_t byte = 0; byte < at[1] - at[0]; byte++) {
		struct ends *e = greeted();

		three_records(e, at);
		e->from[CLIENT].bytes[at[0] + byte] ^= 0x80;
		give(e, SERVER, e->from[CLIENT].bytes + at[0], at[3] - at[0]);
		assert_int_equal(e->got_len[SERVER], 0);
		finish(e);
	}
}

/* --- others' clients: what a host says to what is not one of ours ------------------- */

static void foreign(const void *hello, size_t len, enum tls_end why)
{
	struct ends *e = begin(&client_key, &server_key);

	give(e, SERVER, hello, len);
	drain(e, SERVER);
	assert_int_equal(tls_phase(e->side[SERVER]), TLS_ENDED);
	assert_int_equal(tls_end(e->side[SERVER]), why);
	finish(e);
}

/* A ClientHello of ours, with one thing in it changed. */
static size_t our_hello(uint8_t *out)
{
	struct ends *e = begin(&client_key, &server_key);
	size_t len;

	drain(e, CLIENT);
	len = e->from[CLIENT].len;
	memcpy(out, e->from[CLIENT].bytes, len);
	finish(e);
	return len;
}

static void downgrades(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	enum { VERSION = 9, SUITES = 9 + 2 + 32 + 1 };
	uint8_t hello[512];
	size_t len = our_hello(hello);

	(void)state;
	assert_int_equal(hello[VERSION + 1], 3);
	assert_int_equal(hello[SUITES + 1], 4); /* two of them */
	foreign(http, sizeof(http) - 1, TLS_FOREIGN);
	hello[VERSION + 1] = 2; /* TLS 1.1 */
	foreign(hello, len, TLS_FOREIGN);
	hello[VERSION + 1] = 3;
	for (int i = 0; i < 2; i++) { /* ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 */
		hello[SUITES + 2 + 2 * i] = 0xc0;
		hello[SUITES + 3 + 2 * i] = 0x23;
	}
	foreign(hello, len, TLS_FOREIGN);
	len = our_hello(hello);
	hello[1] = 2; /* the record's version: SSL 2 */
	foreign(hello, len, TLS_FOREIGN);
}

/* And what a guest says to a host that is not: its ServerHello, with these bytes in it. */
static void foreign_host(size_t at, uint8_t high, uint8_t low)
{
	struct ends *e = begin(&client_key, &server_key);
	uint8_t *hello = e->from[SERVER].bytes;

	drain(e, CLIENT);
	give(e, SERVER, e->from[CLIENT].bytes, e->from[CLIENT].len);
	drain(e, SERVER);
	assert_true(e->from[SERVER].len > at + 2);
	assert_true(hello[at] != high || hello[at + 1] != low);
	hello[at] = high;
	hello[at + 1] = low;
	give(e, CLIENT, hello, e->from[SERVER].len);
	assert_int_equal(tls_phase(e->side[CLIENT]), TLS_ENDED);
	assert_int_equal(tls_end(e->side[CLIENT]), TLS_FOREIGN);
	assert_int_equal(e->got_len[CLIENT], 0);
	finish(e);
}

static void downgrades_of_a_host(void **state)
{
	enum { RECORD = 1, VERSION = 9, ID = VERSION + 2 + 32, SUITE = ID + 1 + 32 };
	struct ends *e = greeted();

	(void)state;
	assert_int_equal(e->from[SERVER].bytes[VERSION + 1], 3);
	assert_int_equal(e->from[SERVER].bytes[ID], 32);
	finish(e);
	foreign_host(VERSION, 3, 2);     /* TLS 1.1 */
	foreign_host(VERSION, 3, 4);     /* and one that is not there yet */
	foreign_host(RECORD, 2, 0);      /* SSL 2 */
	foreign_host(SUITE, 0xc0, 0x23); /* ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 */
	foreign_host(SUITE, 0, 0);       /* none at all */
}

static void a_guest_without_a_certificate(void **state)
{
	br_ssl_client_context *client = calloc(1, sizeof(*client));
	br_x509_minimal_context *x509 = calloc(1, sizeof(*x509));
	br_x509_knownkey_context known;
	uint8_t *buffer = malloc(BR_SSL_BUFSIZE_BIDI);
	struct ends *e = begin(&client_key, &server_key);
	br_ec_public_key key = { BR_EC_secp256r1, client_key.peer, KEY_PEER };
	uint8_t *at;
	size_t len;

	(void)state;
	br_ssl_client_init_full(client, x509, NULL, 0);
	br_x509_knownkey_init_ec(&known, &key, BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX);
	br_ssl_engine_set_x509(&client->eng, &known.vtable);
	br_ssl_engine_set_buffer(&client->eng, buffer, BR_SSL_BUFSIZE_BIDI, 1);
	br_ssl_client_reset(client, NULL, 0);
	for (int i = 0; i < 100; i++) {
		if ((at = br_ssl_engine_sendrec_buf(&client->eng, &len)) != NULL)
			br_ssl_engine_sendrec_ack(&client->eng, give(e, SERVER, at, len));
		if (e->from[SERVER].given < e->from[SERVER].len &&
		    (at = br_ssl_engine_recvrec_buf(&client->eng, &len)) != NULL) {
			size_t left = e->from[SERVER].len - e->from[SERVER].given;

			len = len < left ? len : left;
			memcpy(at, e->from[SERVER].bytes + e->from[SERVER].given, len);
			e->from[SERVER].given += len;
			br_ssl_engine_recvrec_ack(&client->eng, len);
		}
		if (tls_phase(e->side[SERVER]) == TLS_ENDED)
			break;
	}
	assert_int_equal(tls_phase(e->side[SERVER]), TLS_ENDED);
	assert_int_equal(tls_end(e->side[SERVER]), TLS_KEY);
	finish(e);
	free(buffer);
	free(x509);
	free(client);
}

static int make_keys(void **state)
{
	static const uint8_t random[2 * KEY_SEED] = { 42 };

	(void)state;
	key_make_pair(&client_key, &server_key, random, 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_talk),
		cmocka_unit_test(keys_that_do_not_fit),
		cmocka_unit_test(a_key_is_proved_not_shown),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(changed_at_every_byte),
		cmocka_unit_test(repeated_left_out_and_swapped_records),
		cmocka_unit_test(a_record_changed_at_every_byte),
		cmocka_unit_test(downgrades),
		cmocka_unit_test(downgrades_of_a_host),
		cmocka_unit_test(a_guest_without_a_certificate),
	};

	return cmocka_run_group_tests_name("link TLS", tests, make_keys, NULL);
}
