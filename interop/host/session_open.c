/* session_open.c: what a host asks a guest for when it opens a session. */
#include "interop/host/session_open.h"

#include <stdlib.h>
#include <string.h>

#include "interop/host/host.h"

static void put_text(struct writer *w, enum open_tag tag, const char *text)
{
	if (text)
		open_put_str(w, tag, text, strlen(text));
}

static void put_variable(struct writer *w, const char *name)
{
	const char *value = getenv(name);
	char entry[256];

	if (value && path_format(entry, sizeof(entry), "%s=%s", name, value) == 0)
		put_text(w, OPEN_TAG_ENV, entry);
}

static void put_terminal(struct writer *w, const struct session *s)
{
	open_put_winsz(w, s->rows ? s->rows : 24, s->cols ? s->cols : 80);
	put_variable(w, "TERM");
	put_variable(w, "COLORTERM");
}

void session_open(struct writer *w, const struct session *s)
{
	const char *program = s->program || !s->command ? s->program : s->command[0];
	uint32_t flags = 0;

	if (s->tty)
		flags |= PROGRAM_TTY;
	else if (s->one_output)
		flags |= PROGRAM_ONE_OUTPUT;
	open_put_u32(w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(w, OPEN_TAG_FLAGS, flags);
	put_text(w, OPEN_TAG_USER, s->user);
	put_text(w, OPEN_TAG_PROGRAM, program);
	for (char *const *arg = s->command; arg && *arg; arg++)
		put_text(w, OPEN_TAG_ARG, *arg);
	put_text(w, OPEN_TAG_CWD, s->cwd);
	if (s->tty)
		put_terminal(w, s);
}
