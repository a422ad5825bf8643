/* fuzz_settings.c: wsl.conf and the kernel command line. Every value stays
 * inside the text and is NUL-terminated there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/settings.h"
#include "init/wslconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const char *s, const char *text, size_t len)
{
	if (s < text || s > text + len || strnlen(s, len + 1) > len)
		abort();
}

static void try_walk(char *text, size_t len)
{
	struct wslconf conf;
	enum wslconf_what what;
	unsigned lines = 0;

	wslconf_init(&conf, text, len);
	while ((what = wslconf_next(&conf)) != WSLCONF_END) {
		if (conf.line <= lines || conf.line > len + 1)
			abort();
		lines = conf.line;
		if (what != WSLCONF_ENTRY)
			continue;
		inside(conf.section, text, len);
		inside(conf.key, text, len);
		inside(conf.value, text, len);
	}
}

static void try_settings(char *cmdline, char *text, size_t len)
{
	struct settings s;

	settings_init(&s);
	settings_cmdline(&s, cmdline);
	settings_conf(&s, text, len, NULL);
	if (s.umask < 0 || s.partition < 0 || !s.automount_root || !s.automount_options)
		abort();
}

static void try_encoding(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	bool cut = false;

	if (!text)
		return;
	memcpy(text, data, size);
	if (wslconf_utf8(text, size, size, &cut) > size)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *cmdline = malloc(size + 1);

	try_encoding(data, size);
	if (text && cmdline) {
		memcpy(text, data, size);
		try_walk(text, size);
		memcpy(text, data, size);
		memcpy(cmdline, data, size);
		cmdline[size] = '\0';
		try_settings(cmdline, text, size);
	}
	free(text);
	free(cmdline);
	return 0;
}
