/* wslview.c: wslview(1), which opens a file or a URL with what Windows has for it. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interop/guest/guest.h"
#include "interop/guest/program.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "pathconv/pathconv.h"

static const struct log view_log = { .fd = STDERR_FILENO, .who = "wslview", .max = LOG_LEVEL_NOTE };

/* A scheme comes first; one letter before the colon is a drive. */
static bool is_url(const char *text)
{
	size_t len = strcspn(text, ":/\\ ");

	return len > 1 && text[len] == ':';
}

static const char *what_to_open(const char *given, char out[PATH_WINDOWS_MAX])
{
	ssize_t len = access(given, F_OK) < 0 ? -errno : 0;

	/* A file may be called so. */
	if (len < 0 && is_url(given))
		return given;
	if (len == 0)
		len = path_to_windows_here(given, out, PATH_WINDOWS_MAX);
	if (len >= 0)
		return out;
	log_err(&view_log, "unable to open %s: %s", given, strerror((int)-len));
	return NULL;
}

/* Wine's own program says whether there was one for it; Windows has none of that name. */
static bool has_start(void)
{
	struct program program;

	return program_find(&program, "start.exe", getenv("PATH"), NULL) == 0;
}

int wslview_main(int argc, char **argv)
{
	static char name[] = "landbridge-run", start[] = "start.exe", rundll[] = "rundll32.exe",
		    entry[] = "url.dll,FileProtocolHandler";
	char out[PATH_WINDOWS_MAX], *run[5] = { name };
	const char *what;
	int count = 1;

	if (argc != 2 || argv[1][0] == '-') {
		log_err(&view_log, "usage: wslview FILE|URL");
		return 1;
	}
	what = what_to_open(argv[1], out);
	if (!what)
		return 1;
	if (has_start()) {
		run[count++] = start;
	} else {
		run[count++] = rundll;
		run[count++] = entry;
	}
	run[count++] = what == out ? out : argv[1];
	return landbridge_run_main(count, run);
}
