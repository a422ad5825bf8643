/* checkconf.c: init --check-config: what of wsl.conf counts. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "init/init.h"
#include "init/settings.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/text.h"

struct check {
	struct log log;
	const char *path;
	bool bad;
	struct settings settings;
	struct settings_text text;
	unsigned lines[SETTINGS_MAX];
};

static void complain(void *ctx, unsigned line, const char *why, const char *what)
{
	struct check *c = ctx;

	c->bad = true;
	log_err(&c->log, "%s:%u: %s%s%s; the line is ignored", c->path, line, what,
		*what ? ": " : "", why);
}

/* As wslconf.h reads it back. */
static void value_quote(char *out, size_t size, const char *value)
{
	static const char from[] = "\"\\\n\t\b", to[] = "\"\\ntb";
	size_t used = 0;

	if (ascii_span(value, "/._-:,=+@%") == strlen(value)) {
		fmt(out, size, "%s", value);
		return;
	}
	out[used++] = '"';
	for (; *value && used + 4 < size; value++) {
		const char *escape = strchr(from, *value);

		if (escape)
			out[used++] = '\\';
		out[used++] = escape ? to[escape - from] : *value;
	}
	out[used++] = '"';
	out[used] = '\0';
}

static void origin(const struct check *c, const struct setting_shown *k, char *out, size_t size)
{
	if (k->fixed)
		fmt(out, size, "fixed here");
	else if (k->from_cmdline)
		fmt(out, size, "kernel command line");
	else if (k->set)
		fmt(out, size, "%s:%u", c->path, c->lines[k->source]);
	else
		fmt(out, size, "default");
}

static int settings_print(const struct check *c)
{
	char value[1024], where[256], line[2048];
	const char *section = "";
	struct setting_shown k;
	int err = 0;

	for (size_t i = 0; err == 0 && settings_show(&c->settings, i, &k); i++) {
		bool first = strcmp(section, k.section) != 0;

		value_quote(value, sizeof(value), k.value ? k.value : "");
		origin(c, &k, where, sizeof(where));
		fmt(line, sizeof(line), "%s%s%s%s%s = %s # %s\n", *section && first ? "\n" : "",
		    first ? "[" : "", first ? k.section : "", first ? "]\n" : "", k.key, value,
		    where);
		section = k.section;
		err = fd_write_all(1, line, strlen(line));
	}
	return err;
}

int check_config_main(int argc, char **argv)
{
	struct check c = { .log = { .fd = 2, .who = "init", .max = LOG_LEVEL_NOTE },
			   .path = argc > 2 ? argv[2] : "/etc/wsl.conf" };
	const struct settings_complaint say = { complain, &c, c.lines };
	int err = settings_load_from(&c.settings, &c.text, c.path, &say);

	if (err < 0 && (err != -ENOENT || argc > 2)) {
		log_err(&c.log, "unable to read %s: %s", c.path, strerror(-err));
		return 2;
	}
	return settings_print(&c) < 0 || c.bad ? 1 : 0;
}
