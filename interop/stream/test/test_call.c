/* test_call.c: the caller's machine: frames and signals in, frames and an outcome out. */
#include "interop/stream/call.h"

#include <errno.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* Events:  o OPEN was put   s STARTED   g STARTED as a GUI program   x EXIT   k EXIT of a
 *     signal   f FAILED   1 2 DATA   ! @ EOF   C CLOSED   p PING   l lost   I INT   A ABRT
 *     . all output has left   b it cannot leave
 * What comes of them:  i stdin read   n SIGNAL   o PONG   E protocol error   e call ended
 *     d done */
struct bench {
	struct call call;
	struct source in;
	struct sink out[2];
	struct port port;
	struct outcome result;
	bool stuck, done;
	int unread; /* pieces of stdin */
	char text[32];
};

static void note(struct bench *b, char c)
{
	size_t len = strlen(b->text);

	assert_true(len + 1 < sizeof(b->text));
	b->text[len] = c;
}

static bool fake_put(struct port *port, enum wire_type type, int flags, const void *payload,
		     size_t len)
{
	(void)flags, (void)payload, (void)len;
	note(container_of(port, struct bench, port), type == WIRE_SIGNAL ? 'n'
						     : type == WIRE_PONG ? 'o'
									 : '?');
	return true;
}

static void fake_data(struct port *port, int fd, const void *data, size_t len)
{
	(void)fd, (void)data, (void)len;
	note(container_of(port, struct bench, port), 'i');
}

static long fake_read(struct source *s, size_t len, const uint8_t **from)
{
	static const uint8_t byte;
	struct bench *b = container_of(s, struct bench, in);

	(void)len;
	*from = &byte;
	return b->unread-- > 0 ? 1 : -EAGAIN;
}

static void fake_close(struct source *s)
{
	(void)s;
}

static int sink_takes(struct sink *s, const void *data, size_t len)
{
	(void)s, (void)data, (void)len;
	return 0;
}

static bool sink_dry(struct sink *s)
{
	return !container_of(s - (s->number - 1), struct bench, out[0])->stuck;
}

static const struct source_ops fake_source = { .read = fake_read, .close = fake_close };
static const struct sink_ops fake_sink = { .put = sink_takes, .drained = sink_dry };

static void frame(struct bench *b, enum wire_type type, int flags, const void *payload, size_t len)
{
	const struct frame f = { (uint32_t)len, (uint8_t)type, (uint8_t)flags, 1 };

	if (call_frame(&b->call, &f, payload) < 0)
		note(b, 'E');
}

static void connection_event(struct bench *b, char event)
{
	uint8_t started[8] = { 9, 0, 0, 0, event == 'g' ? WIRE_GUI : WIRE_CONSOLE };
	static const uint8_t code[4] = { 7 }, why[] = { 127, 0, 0, 0, 0, 0, 0, 0, 'n', 'o', 0 };

	if (event == 's' || event == 'g')
		frame(b, WIRE_STARTED, 0, started, sizeof(started));
	else if (event == 'x' || event == 'k')
		frame(b, WIRE_EXIT, event == 'k', code, sizeof(code));
	else if (event == 'f')
		frame(b, WIRE_FAILED, 0, why, sizeof(why));
	else if (event == '!' || event == '@')
		frame(b, WIRE_EOF, event == '!' ? 1 : 2, NULL, 0);
	else if (event == 'C')
		frame(b, WIRE_CLOSED, 0, NULL, 0);
	else if (event == 'p')
		frame(b, WIRE_PING, 0, NULL, 0);
	else if (call_data(&b->call, event - '0', "x", 1) < 0)
		note(b, 'E');
}

static void happens(struct bench *b, char event)
{
	size_t before;

	if (event == 'o')
		call_asked(&b->call);
	else if (event == 'l')
		call_lost(&b->call, 0);
	else if (event == 'I' || event == 'A') {
		if (call_signal(&b->call, event == 'I' ? 2 : 6))
			note(b, 'e');
	} else if (event == '.' || event == 'b')
		b->stuck = event == 'b';
	else
		connection_event(b, event);
	do {
		before = strlen(b->text);
		call_fill(&b->call, &b->port);
	} while (strlen(b->text) > before);
	if (!b->done && call_done(&b->call)) {
		b->done = true;
		note(b, 'd');
	}
}

static const struct {
	const char *name;
	uint32_t flags;
	bool looks;
	const char *events, *want;
	enum outcome_how how;
	uint32_t code;
} cases[] = {
	{ "the usual", 0, false, "os1!2@x", "iid", OUTCOME_EXITED, 7 },
	{ "a signal ended it", 0, false, "os!@k", "iid", OUTCOME_SIGNALLED, 7 },
	{ "stdin that stays may begin at once", 0, true, "o", "ii", OUTCOME_LOST, 0 },
	{ "nothing is read for one that fails", 0, false, "of", "d", OUTCOME_FAILED, 127 },
	{ "the end waits for our output", 0, false, "os1bx!.", "iid", OUTCOME_EXITED, 7 },
	{ "lost", 0, false, "osl", "iid", OUTCOME_LOST, 0 },
	{ "lost after the end is no loss", 0, false, "osbxl.", "iid", OUTCOME_EXITED, 7 },
	{ "INT is for the program", 0, false, "osI!@k", "iind", OUTCOME_SIGNALLED, 7 },
	{ "INT twice", 0, false, "osII", "iined", OUTCOME_STOPPED, 2 },
	{ "INT on a terminal", PROGRAM_TTY, false, "osI", "iied", OUTCOME_STOPPED, 2 },
	{ "INT to a GUI program", 0, false, "ogI", "iied", OUTCOME_STOPPED, 2 },
	{ "INT while output is stuck", 0, false, "osbxI.", "iied", OUTCOME_STOPPED, 2 },
	{ "ABRT", 0, false, "osA", "iied", OUTCOME_STOPPED, 6 },
	{ "detached", PROGRAM_DETACH, false, "os", "d", OUTCOME_EXITED, 0 },
	{ "PING", 0, false, "osp", "iio", OUTCOME_LOST, 0 },
	{ "nobody reads stdin", 0, false, "oC", "", OUTCOME_LOST, 0 },
	{ "STARTED twice", 0, false, "oss", "iiE", OUTCOME_LOST, 0 },
	{ "EOF twice", 0, false, "os!!", "iiE", OUTCOME_LOST, 0 },
	{ "DATA after EOF", 0, false, "os!1", "iiE", OUTCOME_LOST, 0 },
	{ "DATA of stdin", 0, false, "os0", "iiE", OUTCOME_LOST, 0 },
};

static void events_and_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct bench b = { .port = { fake_put, fake_data }, .unread = 2 };

		b.result.how = OUTCOME_LOST;
		source_init(&b.in, 0);
		source_start(&b.in, &fake_source);
		for (int n = 0; n < 2; n++) {
			sink_init(&b.out[n], n + 1);
			sink_start(&b.out[n], &fake_sink);
		}
		b.call = (struct call){ .in = &b.in,
					.out = { &b.out[0], &b.out[1] },
					.result = &b.result,
					.flags = cases[i].flags,
					.in_looks = cases[i].looks };
		for (const char *e = cases[i].events; *e; e++)
			happens(&b, *e);
		if (strcmp(b.text, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].name, b.text, cases[i].want);
		assert_int_equal(b.result.how, cases[i].how);
		assert_int_equal(b.result.code, cases[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(events_and_outcomes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
