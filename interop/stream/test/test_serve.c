/* test_serve.c: the runner's machine: events in, frames and deeds out. */
#include "interop/stream/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* What an event is written as, and what comes of it. Events:
 *     O OPEN   T on a terminal   R but for stdout   D detached   H with a helper   F that fails
 *     s started   g started as a GUI program   f failed   x exited   k killed
 *     1 2 output is there   ! @ end of file of stdout, stderr
 *     r something was reaped   c the last was   z the timer
 *     i stdin comes   t the program takes it   e its end   p PING   w WINSZ   n SIGNAL
 *     C K nobody reads stdout, stderr   A ABORT   G gone   E told to end
 *     B U the port takes nothing, takes all again
 * Frames: S STARTED   F FAILED   X EXIT   1 2 DATA   ! @ EOF   u CONSUMED   o PONG
 * Deeds: h asked to end   q killed   + - timer set, stopped   w resized   n signalled
 *     _ stdin ended   . done
 */
struct bench {
	struct serve serve;
	struct sink in;
	struct source out[2];
	struct port port;
	bool blocked, helper, refuse, done;
	bool has[2], over[2]; /* what reading stdout, stderr brings */
	uint64_t taken;
	char text[64];
};

static void note(struct bench *b, char c)
{
	size_t len = strlen(b->text);

	assert_true(len + 1 < sizeof(b->text));
	b->text[len] = c;
}

/* --- the tables, faked ----------------------------------------------------------------- */

static bool fake_put(struct port *port, enum wire_type type, int flags, const void *payload,
		     size_t len)
{
	struct bench *b = container_of(port, struct bench, port);

	(void)payload, (void)len;
	if (b->blocked)
		return false;
	note(b, type == WIRE_EOF        ? (flags == 1 ? '!' : '@')
		: type == WIRE_STARTED  ? 'S'
		: type == WIRE_FAILED   ? 'F'
		: type == WIRE_EXIT     ? 'X'
		: type == WIRE_CONSUMED ? 'u'
		: type == WIRE_PONG     ? 'o'
					: '?');
	return true;
}

static void fake_data(struct port *port, int fd, const void *data, size_t len)
{
	(void)data, (void)len;
	note(container_of(port, struct bench, port), (char)('0' + fd));
}

static long fake_read(struct source *s, size_t len, const uint8_t **from)
{
	static const uint8_t byte = 'x';
	struct bench *b = container_of(s - (s->number - 1), struct bench, out[0]);
	int i = s->number - 1;

	(void)len;
	*from = &byte;
	if (b->has[i]) {
		b->has[i] = false;
		return 1;
	}
	return b->over[i] ? 0 : -EAGAIN;
}

static void fake_close(struct source *s)
{
	(void)s;
}

static const struct source_ops fake_source = { .read = fake_read, .close = fake_close };

static int sink_takes(struct sink *s, const void *data, size_t len)
{
	(void)data;
	sink_wrote(s, len);
	return 0;
}

static bool sink_is_dry(struct sink *s)
{
	(void)s;
	return true;
}

static void sink_finishes(struct sink *s)
{
	note(container_of(s, struct bench, in), '_');
}

static uint64_t sink_taken(struct sink *s)
{
	return container_of(s, struct bench, in)->taken;
}

static void sink_nothing(struct sink *s)
{
	(void)s;
}

static const struct sink_ops fake_sink = {
	.put = sink_takes,
	.drained = sink_is_dry,
	.finish = sink_finishes,
	.taken = sink_taken,
	.widen = sink_nothing,
	.close = sink_nothing,
};

static int fake_start(void *owner, const struct open *l, struct failed *why)
{
	struct bench *b = owner;

	if (b->refuse) {
		*why = (struct failed){ 126, 0, { "no", 2 } };
		return -EACCES;
	}
	sink_start(&b->in, &fake_sink);
	source_start(&b->out[0], &fake_source);
	if (!b->serve.shows || l->flags & PROGRAM_APART)
		source_start(&b->out[1], &fake_source);
	if (!b->helper)
		serve_started(&b->serve);
	return 0;
}

static void fake_signal(void *owner, int signal)
{
	(void)signal;
	note(owner, 'n');
}

static void fake_resize(void *owner, uint16_t rows, uint16_t cols)
{
	(void)rows, (void)cols;
	note(owner, 'w');
}

static void fake_stop(void *owner, bool kill)
{
	note(owner, kill ? 'q' : 'h');
}

static void fake_timer(void *owner, int ms)
{
	note(owner, ms < 0 ? '-' : '+');
}

static const struct process_ops fake_process = { fake_start, fake_signal, fake_resize, fake_stop,
						 fake_timer };

/* --- events ------------------------------------------------------------------------------- */

static void bench_init(struct bench *b)
{
	*b = (struct bench){ .port = { fake_put, fake_data } };
	sink_init(&b->in, 0);
	source_init(&b->out[0], 1);
	source_init(&b->out[1], 2);
	b->serve = (struct serve){
		.ops = &fake_process, .owner = b, .in = &b->in, .out = { &b->out[0], &b->out[1] }
	};
}

static void frame(struct bench *b, enum wire_type type, int flags, const void *payload, size_t len)
{
	const struct frame f = { (uint32_t)len, (uint8_t)type, (uint8_t)flags, 1 };

	if (serve_frame(&b->serve, &f, payload) < 0)
		note(b, 'E'); /* the channel breaks */
}

static void open_with(struct bench *b, uint32_t flags)
{
	uint8_t bytes[64];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	open_put_u32(&w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(&w, OPEN_TAG_FLAGS, flags);
	open_put_str(&w, OPEN_TAG_PROGRAM, "/x", 2);
	frame(b, WIRE_OPEN, 0, bytes, w.used);
}

static void output(struct bench *b, int i, bool end)
{
	b->has[i] |= !end;
	b->over[i] |= end;
	source_wake(&b->out[i]);
}

static void program_event(struct bench *b, char event)
{
	const struct failed why = { 127, 2, { "none", 4 } };

	if (event == 'g')
		b->serve.subsystem = WIRE_GUI;
	if (event == 's' || event == 'g')
		serve_started(&b->serve);
	else if (event == 'f')
		serve_failed(&b->serve, &why);
	else if (event == 'x' || event == 'k')
		serve_exited(&b->serve, event == 'x' ? WIRE_EXITED : WIRE_SIGNALLED, 7);
	else if (event == '1' || event == '2')
		output(b, event - '1', false);
	else if (event == '!' || event == '@')
		output(b, event == '@', true);
	else if (event == 'r' || event == 'c')
		serve_reaped(&b->serve, event == 'c');
	else if (event == 't')
		b->taken = b->in.written;
	else
		serve_timer(&b->serve);
}

static void peer_event(struct bench *b, char event)
{
	static const uint8_t number[4] = { 15 };

	b->helper |= event == 'H';
	b->refuse |= event == 'F';
	if (strchr("OTRDHF", event))
		open_with(b, event == 'T'   ? PROGRAM_TTY
			     : event == 'R' ? PROGRAM_TTY | PROGRAM_OUT_APART
			     : event == 'D' ? PROGRAM_DETACH
					    : 0);
	else if (event == 'i' && serve_data(&b->serve, 0, "abc", 3) < 0)
		note(b, 'E');
	else if (event == 'e')
		frame(b, WIRE_EOF, 0, NULL, 0);
	else if (event == 'p')
		frame(b, WIRE_PING, 0, NULL, 0);
	else if (event == 'w' || event == 'n')
		frame(b, event == 'w' ? WIRE_WINSZ : WIRE_SIGNAL, 0, number, 4);
	else if (event == 'C' || event == 'K')
		frame(b, WIRE_CLOSED, event == 'C' ? 1 : 2, NULL, 0);
	else if (event == 'A')
		frame(b, WIRE_ABORT, 0, NULL, 0);
	else if (event == 'G')
		serve_gone(&b->serve);
	else if (event == 'E')
		serve_told_to_end(&b->serve);
	else if (event == 'B' || event == 'U')
		b->blocked = event == 'B';
}

/* As a channel does: fills until nothing comes, then settles. */
static void happens(struct bench *b, char event)
{
	size_t before;

	if (strchr("sgfxk12!@rctz", event))
		program_event(b, event);
	else
		peer_event(b, event);
	do {
		before = strlen(b->text);
		if (!b->blocked)
			serve_fill(&b->serve, &b->port);
	} while (strlen(b->text) > before);
	if (!b->done && serve_settle(&b->serve, !b->blocked)) {
		b->done = true;
		note(b, '.');
	}
}

/* --- tables ---------------------------------------------------------------------------------- */

static const struct {
	const char *name, *events, *want;
} cases[] = {
	{ "the usual", "O12!@x", "S12!@X." },
	{ "exit first", "O1x2!@", "S12!@X." },
	{ "exit in the middle", "O!x@", "S!@X." },
	{ "what was written before the exit is read", "Ox1!@", "S1!@X." },
	{ "the last one goes", "Ox1c", "S1@!X." },
	{ "a filter goes on", "Oxr1r1c", "S11@!X." },
	{ "nobody, but not seen yet", "Oc1x", "S1@!X." },
	{ "killed", "Ok!@", "S!@X." },
	{ "it does not start", "F", "F." },
	{ "a helper", "Hpis1x!@", "oS1!@X." },
	{ "a helper that fails", "Hf", "F." },
	{ "a helper that fails late", "Hsf", "SF." },
	{ "exit before the helper's word", "Hx!@", "S!@X." },
	{ "exit only once", "Oxk!@", "S!@X." },
	{ "a port that takes nothing", "BO1xU!@", "S1!@X." },
	{ "a port blocked at the end", "O!@BxU", "S!@X." },
	{ "PING", "Opp", "Soo" },
	{ "stdin", "Oie", "S_" },
	{ "stdin taken", "Oit", "Su" },
	{ "stdin taken in part", "Oitix!@", "Su!@X." },
	{ "taken at the end is said before EXIT", "Oix!@", "S!@X." },
	{ "no more stdin after its end", "Oei", "S_E" },
	{ "its end twice", "Oee", "S_E" },
	{ "OPEN twice", "OO", "SE" },
	{ "a signal", "On", "Sn" },
	{ "a signal before and after", "nOxn!@", "S!@X." },
	{ "a size without a terminal", "Ow", "S" },
	{ "a size", "Tw", "Sw" },
	{ "nobody reads stdout", "OC1x@", "S!@X." },
	{ "nobody reads either", "OCKx", "S!@X." },
	{ "nobody sees the terminal", "TCc", "Sh+." },
	{ "nobody sees one beside a file", "RKc", "Sh+." },
	{ "nobody reads the file beside one", "RC2x@", "S!2+@X." },
	{ "a file beside one has no limit", "Rx@z!", "S+@!X." },
	{ "a terminal with a limit", "T1xz", "S1+!X." },
	{ "that moves on with a byte", "Tx1z", "S+1-+!X." },
	{ "a GUI program with a limit", "Hgxz", "S+@!X." },
	{ "none for others", "Oxz", "S" },
	{ "ABORT", "OAc", "Sh+." },
	{ "ABORT and a grace", "OArzrc", "Sh+hqq." },
	{ "gone", "OGc", "Sh+." },
	{ "gone before OPEN", "G", "." },
	{ "gone after a failure", "BFG", "." },
	{ "gone at the end", "BO!@xG", "h+" },
	{ "gone twice", "OGGEc", "Sh+." },
	{ "told to end", "OEc", "Sh+." },
	{ "a GUI program lives on", "HgG1x!@", "S_." },
	{ "until its last child, too", "HgGxc", "S_." },
	{ "but not when told to end", "HgGEc", "S_h+." },
	{ "detached", "DG1x!@", "S_." },
	{ "nothing is said to who is gone", "DGpx!@", "S_." },
	{ "SIGNAL of none", "nO", "S" },
};

static void events_and_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct bench b;

		bench_init(&b);
		for (const char *e = cases[i].events; *e; e++)
			happens(&b, *e);
		if (strcmp(b.text, cases[i].want) != 0)
			fail_msg("%s: %s gives %s, not %s", cases[i].name, cases[i].events, b.text,
				 cases[i].want);
	}
}

/* --- every order ---------------------------------------------------------------------------- */

static int count(const char *text, char c)
{
	int n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

/* EXIT is the last frame, and comes when and only when both ends and the exit
 * have; each end comes once, and no data after it. */
static void order_holds(const char *events, const struct bench *b)
{
	const char *text = b->text, *exit = strchr(text, 'X');
	const char *end[2] = { strchr(text, '!'), strchr(text, '@') };
	bool left = strpbrk(events, "AGE");

	if (count(text, 'X') > 1 || count(text, '!') > 1 || count(text, '@') > 1 ||
	    count(text, 'S') > 1)
		fail_msg("%s: twice in %s", events, text);
	if (exit && (!end[0] || !end[1] || strpbrk(exit + 1, "12!@SFuo")))
		fail_msg("%s: EXIT too early in %s", events, text);
	for (int i = 0; i < 2; i++)
		if (end[i] && strchr(end[i], '1' + i))
			fail_msg("%s: data after its end in %s", events, text);
	if (!left && !exit)
		fail_msg("%s: no EXIT in %s", events, text);
	if (!b->done || count(text, '.') != 1)
		fail_msg("%s: does not end in %s", events, text);
}

static void permute(char *events, size_t at)
{
	if (events[at] == '\0') {
		struct bench b;

		bench_init(&b);
		happens(&b, 'O');
		for (const char *e = events; *e; e++)
			happens(&b, *e);
		happens(&b, 'U');
		order_holds(events, &b);
		return;
	}
	for (size_t i = at; events[i]; i++) {
		char c = events[i];

		events[i] = events[at];
		events[at] = c;
		permute(events, at + 1);
		events[at] = events[i];
		events[i] = c;
	}
}

static void every_order(void **state)
{
	static const char *const sets[] = { "x!@",     "x!@12",  "x!@1C",  "xc12",
					    "x!@cCK",  "k1!@rc", "x!@cA",  "x1!@cG",
					    "x1!@cEz", "xcAGEz", "x!@BUi", "x!@ietc" };
	char events[16];

	(void)state;
	for (size_t i = 0; i < array_len(sets); i++) {
		snprintf(events, sizeof(events), "%s", sets[i]);
		permute(events, 0);
	}
}

/* --- credit ----------------------------------------------------------------------------------- */

static void windows(void **state)
{
	struct window w;

	(void)state;
	window_init(&w);
	assert_int_equal(window_fit(&w, 10), 10);
	assert_int_equal(window_fit(&w, WIRE_CREDIT + 1), WIRE_CREDIT);
	assert_int_equal(window_grant(&w, WIRE_CREDIT_MAX - WIRE_CREDIT + 1), -EPROTO);
	window_spend(&w, WIRE_CREDIT);
	assert_int_equal(window_fit(&w, 10), 0);
	assert_int_equal(window_grant(&w, UINT32_MAX), -EPROTO);
	assert_int_equal(window_grant(&w, WIRE_CREDIT), 0);

	window_init(&w);
	assert_int_equal(window_take(&w, WIRE_CREDIT + 1), -EPROTO);
	assert_int_equal(window_take(&w, WIRE_CREDIT), 0);
	assert_int_equal(window_take(&w, 1), -EPROTO);
	window_drain(&w, 10);
	assert_int_equal(window_due(&w, true), 0);
	window_drain(&w, WIRE_CREDIT / 2);
	assert_int_equal(window_due(&w, false), WIRE_CREDIT / 2 + 10);
	window_given(&w, WIRE_CREDIT / 2 + 10);
	assert_int_equal(window_due(&w, false), 0);
	assert_int_equal(window_take(&w, WIRE_CREDIT / 2 + 10), 0);
}

/* A reader that keeps up gets a window twice as large, up to the bound. */
static void windows_grow(void **state)
{
	uint32_t most = WIRE_CREDIT;
	struct window w;

	(void)state;
	window_init(&w);
	while (most < WIRE_CREDIT_MAX) {
		assert_int_equal(window_take(&w, most), 0);
		window_drain(&w, most);
		assert_int_equal(window_due(&w, false), most);
		most = most * 2 < WIRE_CREDIT_MAX ? most * 2 : WIRE_CREDIT_MAX;
		assert_int_equal(window_due(&w, true), most);
		window_given(&w, window_due(&w, true));
	}
	assert_int_equal(window_take(&w, most), 0);
	window_drain(&w, most);
	assert_int_equal(window_due(&w, true), most);
}

static void consumed(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b);
	source_start(&b.out[0], &fake_source);
	b.has[0] = true;
	assert_true(source_fill(&b.out[0], &b.port));
	assert_int_equal(source_consumed(&b.out[0], 2), -EPROTO);
	assert_int_equal(source_consumed(&b.out[0], 1), 0);
	assert_int_equal(source_consumed(&b.out[0], 0), 0);
	assert_int_equal(b.out[0].taken, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_and_frames), cmocka_unit_test(every_order),
		cmocka_unit_test(windows),           cmocka_unit_test(windows_grow),
		cmocka_unit_test(consumed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
