/* request.c: what a client asks for, as an OPEN payload. */
#include "interop/guest/request.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "interop/wire/wire.h"

/* The kernel's own limit for one argument or variable (MAX_ARG_STRLEN). */
enum { STRING_MAX = 128 * 1024 };

static const char *value_of(char *const *env, const char *name, size_t len)
{
	for (; *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static int put_path(const struct request *rq, struct writer *w, enum open_tag tag, const char *path)
{
	struct pathconv pc = { .mounts = rq->mounts, .name = rq->name };
	char text[PATH_MAX];
	ssize_t len = path_to_windows(&pc, path, 0, text, sizeof(text));

	if (len < 0)
		return (int)len;
	open_put_str(w, tag, text, (size_t)len);
	return 0;
}

/* An argv[0] that only repeats the path says nothing on the other side, and
 * cmd.exe would read its slashes as switches: the name will do. */
static const char *argv0_of(const struct request *rq)
{
	const char *slash = strrchr(rq->argv0, '/');

	return slash && strcmp(rq->argv0, rq->given) == 0 ? slash + 1 : rq->argv0;
}

static int put_args(const struct request *rq, struct writer *w)
{
	const char *first = argv0_of(rq);
	size_t count = 1;

	open_put_str(w, OPEN_TAG_ARG, first, strlen(first));
	for (; rq->args[count - 1]; count++)
		open_put_str(w, OPEN_TAG_ARG, rq->args[count - 1], strlen(rq->args[count - 1]));
	return w->bad || count > WIRE_OPEN_STRINGS ? -E2BIG : 0;
}

/* One variable, in `text` of STRING_MAX bytes. What has no form on the other
 * side is left out. */
static void put_variable(struct request *rq, struct writer *w, const struct wslenv *entry,
			 char *text)
{
	struct pathconv pc = { .mounts = rq->mounts, .name = rq->name, .cwd = rq->cwd };
	const char *value = value_of(rq->env, entry->name, entry->name_len);
	ssize_t len;

	if (entry->name_len + 1 >= STRING_MAX || memchr(entry->name, '=', entry->name_len))
		return;
	memcpy(text, entry->name, entry->name_len);
	text[entry->name_len] = '=';
	len = wslenv_to_windows(&pc, entry, value, text + entry->name_len + 1,
				STRING_MAX - entry->name_len - 1);
	if (len >= 0)
		open_put_str(w, OPEN_TAG_ENV, text, entry->name_len + 1 + (size_t)len);
	else if (!rq->env_left_out.name)
		rq->env_left_out = *entry;
}

static int put_env(struct request *rq, struct writer *w)
{
	const char *at = value_of(rq->env, "WSLENV", 6);
	static const struct wslenv list = { .name = "WSLENV", .name_len = 6 };
	struct wslenv entry;
	char *text;

	if (!at || !*at)
		return 0;
	text = malloc(STRING_MAX);
	if (!text)
		return -ENOMEM;
	while (wslenv_next(&at, &entry))
		if (wslenv_goes(&entry, WSLENV_TO_WINDOWS))
			put_variable(rq, w, &entry, text);
	put_variable(rq, w, &list, text);
	free(text);
	return w->bad ? -E2BIG : 0;
}

int request_encode(struct request *rq, struct writer *w)
{
	int error;

	open_put_u32(w, OPEN_TAG_KIND, OPEN_PROGRAM);
	open_put_u32(w, OPEN_TAG_FLAGS, rq->flags);
	error = put_path(rq, w, OPEN_TAG_PROGRAM, rq->path);
	if (error < 0)
		return error;
	rq->cwd_left_out =
		rq->cwd_left_out || !rq->cwd || put_path(rq, w, OPEN_TAG_CWD, rq->cwd) < 0;
	if (rq->flags & PROGRAM_TTY)
		open_put_winsz(w, rq->rows, rq->cols);
	error = put_args(rq, w);
	return error < 0 ? error : put_env(rq, w);
}
