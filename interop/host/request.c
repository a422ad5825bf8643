/* request.c: a guest's OPEN as a request to landbridge-start.exe. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interop/host/request.h"
#include "interop/host/start.h"
#include "interop/host/winline.h"
#include "interop/host/winname.h"
#include "lib/bytes.h"
#include "lib/macros.h"

enum { IMAGE_MAX = 1024 };

int start_error(uint32_t error, const char *program, struct fault *why)
{
	static const struct {
		uint32_t error;
		int code;
		const char *text;
	} known[] = {
		{ 2, WIRE_FAIL_NOT_FOUND, "no such file" },
		{ 3, WIRE_FAIL_NOT_FOUND, "no such directory" },
		{ 5, WIRE_FAIL_NOT_RUN, "access denied" },
		{ 8, WIRE_FAIL_NOT_RUN, "the host is short of memory" },
		{ 14, WIRE_FAIL_NOT_RUN, "the host is short of memory" },
		{ 32, WIRE_FAIL_NOT_RUN, "the file is in use" },
		{ 87, WIRE_FAIL_NOT_RUN, "Windows does not accept the request" },
		{ 126, WIRE_FAIL_NOT_RUN, "a DLL that it needs is missing" },
		{ 193, WIRE_FAIL_NOT_RUN, "it is not a Windows program" },
		{ 206, WIRE_FAIL_NOT_RUN, "the command line is too long for Windows" },
		{ 216, WIRE_FAIL_NOT_RUN, "not a program for this machine" },
		{ 225, WIRE_FAIL_NOT_RUN, "the host's virus scanner refuses it" },
		{ 267, WIRE_FAIL_NOT_RUN, "the current directory is none on the host" },
		{ START_ERROR_WOW64, WIRE_FAIL_NOT_RUN,
		  "it is a 32-bit program, and the host's Wine runs only 64-bit ones (install wine32 "
		  "on the host and remove the old Wine prefix)" },
		{ START_ERROR_STAND_IN, WIRE_FAIL_NOT_RUN,
		  "the host's Wine has no PowerShell, only a stand-in that does nothing (install "
		  "PowerShell into the Wine prefix)" },
		{ START_ERROR_DISPLAY, WIRE_FAIL_NOT_RUN,
		  "it opens windows and the host has no display for them (set DISPLAY where the "
		  "guest is started)" },
		{ 740, WIRE_FAIL_NOT_RUN, "it needs elevation, and the bridge never elevates" },
	};

	for (size_t i = 0; i < array_len(known); i++)
		if (known[i].error == error)
			return fault_set(why, known[i].code, "unable to run %s: %s", program,
					 known[i].text);
	return fault_set(why, WIRE_FAIL_NOT_RUN, "unable to run %s: Windows error %u", program,
			 error);
}

static int refuse(const char *program, const char *text, struct fault *why)
{
	return fault_set(why, WIRE_FAIL_NOT_RUN, "unable to run %s: %s", program, text);
}

/* What winline.h's errors mean; index is the argument's, 0 the program itself. */
static int line_error(int error, const char *program, size_t index, struct fault *why)
{
	const char *text = error == -EILSEQ    ? "is not UTF-8, and Windows has no other text"
			   : error == -ENOTSUP ? "has a %, after which Wine's cmd.exe looks for a "
						 "variable whatever its quotes"
					       : "cannot be said on a Windows command line";

	return fault_set(why, WIRE_FAIL_NOT_RUN, "unable to run %s: argument %zu %s", program,
			 index, text);
}

/* So long the line would be, as far as it can be told: quotes that were still to come
 * are not counted. */
static int line_long(const struct winline *line, const struct open *l, size_t pos,
		     struct fault *why)
{
	size_t units = line->units;
	struct wire_str arg;

	while (open_next(l, OPEN_TAG_ARG, &pos, &arg))
		units += 1 + (size_t)(utf16_units(arg.at) > 0 ? utf16_units(arg.at) : 0);
	return fault_set(
		why, WIRE_FAIL_NOT_RUN,
		"unable to run %s: argument list too long for Windows (%zu of %zu characters)",
		l->program.at, units, line->units_max);
}

/* How a program reads its command line. */
struct dialect {
	int (*begin)(struct winline *line, void *buf, size_t size, const char *name);
	int (*arg)(struct winline *line, const char *arg);
	int (*end)(struct winline *line);
	const char *runs_in; /* of a script: what is started to run it, in the system's directory */
};

static const struct dialect *dialect_of(const char *program)
{
	static const struct dialect of_programs = { winline_begin, winline_arg, winline_end, NULL },
				    of_cmd = { winline_begin, wincmd_arg, wincmd_end, NULL },
				    of_batch = { winbatch_begin, winbatch_arg, winbatch_end,
						 "cmd.exe" },
				    of_powershell = { winps_begin, winline_arg, winline_end,
						      "WindowsPowerShell\\v1.0\\powershell.exe" };

	if (winname_is_batch(program))
		return &of_batch;
	if (winname_is_powershell(program))
		return &of_powershell;
	return winname_is_cmd(program) ? &of_cmd : &of_programs;
}

/* Writes the command line; buf holds WINLINE_BYTES. */
static int line_build(char *buf, const struct open *l, unsigned flags, struct fault *why)
{
	const struct dialect *dialect = dialect_of(l->program.at);
	const char *forbidden =
		flags & START_PERCENT_EXPANDS && winname_is_batch(l->program.at) ? "%" : "";
	struct wire_str arg = { l->program.at, l->program.len };
	struct winline line;
	size_t pos = 0, index = 0;
	int r;

	open_next(l, OPEN_TAG_ARG, &pos, &arg);
	r = strpbrk(l->program.at, forbidden) ? -ENOTSUP : 0;
	if (r == 0)
		r = dialect->begin(&line, buf, WINLINE_BYTES,
				   dialect->runs_in ? l->program.at : arg.at);
	while (r == 0 && open_next(l, OPEN_TAG_ARG, &pos, &arg)) {
		index++;
		r = strpbrk(arg.at, forbidden) ? -ENOTSUP : dialect->arg(&line, arg.at);
	}
	if (r == 0)
		r = dialect->end(&line);
	if (r == -E2BIG)
		return line_long(&line, l, pos, why);
	return r < 0 ? line_error(r, l->program.at, index, why) : 0;
}

static void put_string(struct writer *w, const char *text, size_t len)
{
	write_u32(w, (uint32_t)len);
	write_bytes(w, text, len);
}

/* The guest's variables, but for those that would change what code runs. One that is
 * longer than a variable of Windows can be is not cut. */
static int put_env(struct writer *w, const struct open *l, const struct rules *rules,
		   struct fault *why)
{
	size_t pos = 0, length_at = w->used, start;
	struct wire_str entry;

	write_u32(w, 0);
	start = w->used;
	while (open_next(l, OPEN_TAG_ENV, &pos, &entry)) {
		long units = utf16_units(entry.at);

		if (winname_env_denied(entry.at) || !rules_env(rules, entry.at) || units < 0)
			continue;
		if (units > WINLINE_MAX)
			return fault_set(
				why, WIRE_FAIL_NOT_RUN,
				"unable to run %s: the variable %.*s is too long for Windows "
				"(%ld of %d characters)",
				l->program.at, (int)strcspn(entry.at, "="), entry.at, units,
				(int)WINLINE_MAX);
		write_bytes(w, entry.at, entry.len + 1);
	}
	write_u32_at(w, length_at, (uint32_t)(w->used - start));
	return 0;
}

static int check_paths(const struct open *l, struct fault *why)
{
	const char *reason;

	if (l->program.len == 0)
		return fault_set(why, WIRE_FAIL_NOT_FOUND,
				 "unable to run a program: none is named");
	reason = winname_refuse(l->program.at);
	if (reason)
		return refuse(l->program.at, reason, why);
	if (utf16_units(l->program.at) < 0)
		return refuse(l->program.at, "its name is not UTF-8, and Windows has no other text",
			      why);
	reason = l->cwd.len > 0 ? winname_refuse(l->cwd.at) : NULL;
	if (!reason)
		return 0;
	fault_set(why, WIRE_FAIL_NOT_RUN, "unable to run %s in %s: %s", l->program.at, l->cwd.at,
		  reason);
	return -ENOTDIR;
}

/* What is started: the program, or what runs the script, which the guest cannot choose. */
static int image_find(struct wire_str *image, char runner[IMAGE_MAX], const struct open *l,
		      const char *system_dir)
{
	const char *runs_in = dialect_of(l->program.at)->runs_in;

	*image = l->program;
	if (!runs_in)
		return 0;
	if (path_format(runner, IMAGE_MAX, "%s\\%s", system_dir, runs_in) < 0)
		return -ENAMETOOLONG;
	*image = (struct wire_str){ runner, strlen(runner) };
	return 0;
}

int request_build(struct writer *w, const struct open *l, const struct request_host *host,
		  struct fault *why)
{
	char runner[IMAGE_MAX], *line;
	struct wire_str image;
	int r = check_paths(l, why);

	if (r < 0)
		return r;
	if (image_find(&image, runner, l, host->system_dir) < 0)
		return refuse(l->program.at, "the name of Windows' own directory is too long", why);
	line = malloc(WINLINE_BYTES);
	if (!line)
		return fault_set(why, WIRE_FAIL_BRIDGE, "unable to run %s: no memory",
				 l->program.at);
	r = line_build(line, l, host->flags, why);
	if (r == 0) {
		write_u32(w, 0);
		write_u32(w, host->flags | (l->flags & PROGRAM_ONE_OUTPUT ? START_ONE_OUTPUT : 0));
		put_string(w, image.at, image.len);
		put_string(w, line, strlen(line));
		put_string(w, l->cwd.at, l->cwd.len);
		r = put_env(w, l, host->rules, why);
		write_u32_at(w, 0, (uint32_t)(w->used - 4));
	}
	free(line);
	if (r == 0 && (w->bad || w->used - 4 > START_REQUEST_MAX))
		return refuse(l->program.at, "the request is too large", why);
	return r;
}
