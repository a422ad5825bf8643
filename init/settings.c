/* settings.c: what wsl.conf and the kernel command line say. */
#include "init/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "init/ns.h"
#include "init/wslconf.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"

enum kind {
	KIND_TEXT,
	KIND_PATH, /* a text that begins with / */
	KIND_BOOL,
	KIND_WINDOWS_PATH, /* a bool, or shims */
	KIND_INT,
	KIND_MASK,   /* permission bits */
	KIND_OTHER,  /* known, not acted on: off is what it is */
	KIND_ALWAYS, /* on is what it is */
	KIND_V2,
};

enum section {
	AUTOMOUNT,
	FILESYSTEM,
	INTEROP,
	NETWORK,
	TIME,
	FILESERVER,
	GPU,
	USER,
	BOOT,
	GENERAL,
	LANDBRIDGE,
};

static const char sections[][11] = {
	[AUTOMOUNT] = "automount",
	[FILESYSTEM] = "filesystem",
	[INTEROP] = "interop",
	[NETWORK] = "network",
	[TIME] = "time",
	[FILESERVER] = "fileServer",
	[GPU] = "gpu",
	[USER] = "user",
	[BOOT] = "boot",
	[GENERAL] = "general",
	[LANDBRIDGE] = "landbridge",
};

/* No pointers, which would have to be relocated at each start. */
struct setting {
	uint8_t section; /* enum section */
	char key[20];
	uint16_t offset;
	uint8_t kind; /* enum kind */
	bool cmdline_only;
};

#define OTHER(section, key)                        \
	{                                          \
		section, key, 0, KIND_OTHER, false \
	}
#define FIXED(section, key, kind)            \
	{                                    \
		section, key, 0, kind, false \
	}
#define AT(section, key, kind, member)                                       \
	{                                                                    \
		section, key, offsetof(struct settings, member), kind, false \
	}
#define CMDLINE(key, kind, member)                                             \
	{                                                                      \
		LANDBRIDGE, key, offsetof(struct settings, member), kind, true \
	}

static const struct setting known[] = {
	AT(AUTOMOUNT, "enabled", KIND_BOOL, automount),
	AT(AUTOMOUNT, "mountFsTab", KIND_BOOL, mount_fstab),
	AT(AUTOMOUNT, "root", KIND_PATH, automount_root),
	AT(AUTOMOUNT, "options", KIND_TEXT, automount_options),
	OTHER(AUTOMOUNT, "ldconfig"),
	FIXED(AUTOMOUNT, "cgroups", KIND_V2),
	AT(FILESYSTEM, "umask", KIND_MASK, umask),
	AT(INTEROP, "enabled", KIND_BOOL, interop),
	AT(INTEROP, "appendWindowsPath", KIND_WINDOWS_PATH, append_windows_path),
#if CFG_INTEROP_USERS
	AT(INTEROP, "users", KIND_TEXT, interop_users),
	AT(INTEROP, "groups", KIND_TEXT, interop_groups),
#endif
	AT(NETWORK, "generateHosts", KIND_BOOL, generate_hosts),
	AT(NETWORK, "generateResolvConf", KIND_BOOL, generate_resolv_conf),
	AT(NETWORK, "hostname", KIND_TEXT, hostname),
	AT(TIME, "useWindowsTimezone", KIND_BOOL, host_timezone),
	AT(FILESERVER, "enabled", KIND_BOOL, file_server),
	OTHER(FILESERVER, "logFile"),
	OTHER(FILESERVER, "logLevel"),
	OTHER(FILESERVER, "logTruncate"),
	OTHER(GPU, "enabled"),
	OTHER(GPU, "appendLibPath"),
	AT(USER, "default", KIND_TEXT, default_user),
	AT(BOOT, "command", KIND_TEXT, command),
#if CFG_SYSTEMD
	AT(BOOT, "systemd", KIND_BOOL, systemd),
	AT(BOOT, "initTimeout", KIND_INT, init_timeout),
#else
	OTHER(BOOT, "systemd"),
	OTHER(BOOT, "initTimeout"),
#endif
	FIXED(BOOT, "protectBinfmt", KIND_ALWAYS),
	OTHER(GENERAL, "guiApplications"),
	AT(LANDBRIDGE, "name", KIND_TEXT, name),
	AT(LANDBRIDGE, "user", KIND_TEXT, default_user),
	AT(LANDBRIDGE, "looksLikeWsl", KIND_BOOL, looks_like_wsl),
#if CFG_FORWARD
	AT(LANDBRIDGE, "localhostForwarding", KIND_BOOL, localhost_forwarding),
#endif
	CMDLINE("partition", KIND_INT, partition),
	CMDLINE("subvolume", KIND_TEXT, subvolume),
	CMDLINE("ip", KIND_TEXT, ip),
	CMDLINE("gateway", KIND_TEXT, gateway),
	CMDLINE("timezone", KIND_TEXT, timezone),
	CMDLINE("host", KIND_TEXT, host),
#if CFG_P9FS
	CMDLINE("drives", KIND_TEXT, drives),
#endif
	AT(LANDBRIDGE, "dns", KIND_TEXT, dns),
	AT(LANDBRIDGE, "link", KIND_TEXT, link),
	AT(LANDBRIDGE, "key", KIND_TEXT, key),
};

static const char *section_of(const struct setting *k)
{
	return sections[k->section];
}

void settings_init(struct settings *s)
{
	*s = (struct settings){
		.automount = true,
		.localhost_forwarding = true,
		.mount_fstab = true,
		.automount_root = "/mnt",
		.automount_options = "",
		.interop = true,
		.file_server = true,
		.append_windows_path = true,
		.generate_hosts = true,
		.generate_resolv_conf = true,
		.host_timezone = true,
		.init_timeout = 30000,
		.umask = 022,
	};
}

static int bool_parse(const char *value, bool *out)
{
	if (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*out = true;
	else if (strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*out = false;
	else
		return -EINVAL;
	return 0;
}

/* As strtol(3) with base 0, so 022 is octal, as in WSL. */
static int int_parse(const char *value, int max, int *out)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 0);
	if (end == value || *end || errno || v < 0 || v > max)
		return -EINVAL;
	*out = (int)v;
	return 0;
}

static int setting_store(struct settings *s, const struct setting *k, const char *value)
{
	char *member = (char *)s + k->offset;
	bool on;

	if (k->kind == KIND_PATH && *value != '/')
		return -EINVAL;
	switch (k->kind) {
	case KIND_PATH:
	case KIND_TEXT:
		*(const char **)(void *)member = value;
		return 0;
	case KIND_WINDOWS_PATH:
		s->shims = CFG_SHIMS && strcasecmp(value, "shims") == 0;
		return bool_parse(s->shims ? "1" : value, (bool *)(void *)member);
	case KIND_BOOL:
		return bool_parse(value, (bool *)(void *)member);
	case KIND_INT:
		return int_parse(value, INT_MAX, (int *)(void *)member);
	case KIND_MASK:
		return int_parse(value, 0777, (int *)(void *)member);
	case KIND_V2:
		return strcasecmp(value, "v2") == 0 ? 0 : -EOPNOTSUPP;
	default:
		return bool_parse(value, &on) == 0 && on == (k->kind == KIND_ALWAYS) ? 0
										     : -EOPNOTSUPP;
	}
}

int settings_set(struct settings *s, const char *section, const char *key, const char *value)
{
	_Static_assert(array_len(known) <= SETTINGS_MAX, "settings::seen has a bit for each");

	for (size_t i = 0; i < array_len(known); i++) {
		uint64_t bit = (uint64_t)1 << i;
		int err;

		if (strcasecmp(section_of(&known[i]), section) != 0 ||
		    strcasecmp(known[i].key, key) != 0)
			continue;
		if (s->seen & bit)
			return -EEXIST;
		err = setting_store(s, &known[i], value);
		if (err == 0)
			s->seen |= bit;
		return err;
	}
	return -ENOENT;
}

/* Cuts the next word off, as the kernel does: a " may stand at the word's
 * start or anywhere in it, and blanks between two of them do not end it. */
static char *word_next(char **at)
{
	char *word, *out;
	bool quoted = false;

	*at += strspn(*at, " \t\n");
	if (!**at)
		return NULL;
	word = out = *at;
	for (; **at && (quoted || !strchr(" \t\n", **at)); ++*at) {
		if (**at == '"')
			quoted = !quoted;
		else
			*out++ = **at;
	}
	if (**at)
		++*at;
	*out = '\0';
	return word;
}

static bool cmdline_word(struct settings *s, char *word)
{
	static const char ours[] = "landbridge.";
	char *value = strchr(word, '=');

	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0) {
		s->read_only = word[1] == 'o';
		s->writable = !s->read_only;
	} else if (strncmp(word, "root=", 5) == 0) {
		s->root = word + 5;
	} else if (strncmp(word, "rootfstype=", 11) == 0) {
		s->root_type = word + 11;
	} else if (strncmp(word, ours, sizeof(ours) - 1) == 0) {
		if (!value)
			return false;
		*value = '\0';
		if (settings_set(s, "landbridge", word + sizeof(ours) - 1, value + 1) < 0) {
			*value = '='; /* for the message */
			return false;
		}
	}
	return true;
}

const char *settings_cmdline(struct settings *s, char *text)
{
	const char *bad = NULL;
	char *word;

	while ((word = word_next(&text)) != NULL) {
		/* What follows is init's own arguments. */
		if (strcmp(word, "--") == 0)
			break;
		if (!cmdline_word(s, word) && !bad)
			bad = word;
	}
	s->from_cmdline = s->seen;
	return bad;
}

/* [user] default and landbridge.user are one setting with two names. */
static bool overruled(const struct settings *s, const char *section, const char *key)
{
	bool user = strcasecmp(section, "user") == 0 && strcasecmp(key, "default") == 0;

	for (size_t i = 0; i < array_len(known); i++) {
		if (!(s->from_cmdline >> i & 1))
			continue;
		if (user ? strcmp(known[i].key, "user") == 0
			 : strcasecmp(section_of(&known[i]), section) == 0 &&
				    strcasecmp(known[i].key, key) == 0)
			return true;
	}
	return false;
}

static int conf_set(struct settings *s, const struct wslconf *conf)
{
	if (overruled(s, conf->section, conf->key))
		return 0;
	for (size_t i = 0; i < array_len(known); i++)
		if (known[i].cmdline_only &&
		    strcasecmp(section_of(&known[i]), conf->section) == 0 &&
		    strcasecmp(known[i].key, conf->key) == 0)
			return -EPERM;
	return settings_set(s, conf->section, conf->key, conf->value);
}

static const char *why(int err)
{
	switch (err) {
	case -ENOENT:
		return "unknown key";
	case -EEXIST:
		return "said before; the first one counts";
	case -EOPNOTSUPP:
		return "not supported yet";
	case -EPERM:
		return "this goes on the kernel's command line, as landbridge.KEY=";
	default:
		return "a value it cannot have";
	}
}

void settings_conf(struct settings *s, char *text, size_t len,
		   const struct settings_complaint *complain)
{
	struct wslconf conf;
	enum wslconf_what what;

	wslconf_init(&conf, text, len);
	while ((what = wslconf_next(&conf)) != WSLCONF_END) {
		uint64_t before = s->seen;
		int err = what == WSLCONF_ENTRY ? conf_set(s, &conf) : 0;

		if (!complain)
			continue;
		if (what == WSLCONF_BAD)
			complain->say(complain->ctx, conf.line, conf.why, conf.text);
		else if (err < 0)
			complain->say(complain->ctx, conf.line, why(err), conf.key);
		else if (complain->lines && s->seen != before)
			complain->lines[__builtin_ctzll(s->seen & ~before)] = conf.line;
	}
}

ssize_t settings_text_read(struct settings_text *text, const char *path, bool *cut)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO, perhaps */
	ssize_t len;
	char *end;

	if (fd < 0)
		return -errno;
	len = fd_read_full(fd, text->conf, sizeof(text->conf));
	close(fd);
	if (len < 0)
		return len;
	*cut = (size_t)len == sizeof(text->conf);
	len = (ssize_t)wslconf_utf8(text->conf, (size_t)len - *cut, sizeof(text->conf) - 1, cut);
	if (*cut) {
		end = memrchr(text->conf, '\n', (size_t)len);
		len = end ? end + 1 - text->conf : 0;
	}
	text->conf[len] = '\0';
	return len;
}

int settings_load_from(struct settings *s, struct settings_text *text, const char *path,
		       const struct settings_complaint *complain)
{
	ssize_t len;
	bool cut;

	settings_init(s);
	if (!in_container() && file_read("/proc/cmdline", text->cmdline, sizeof(text->cmdline)) > 0)
		settings_cmdline(s, text->cmdline);
	len = settings_text_read(text, path, &cut);
	if (len > 0)
		settings_conf(s, text->conf, (size_t)len, complain);
	return len < 0 ? (int)len : 0;
}

void settings_load(struct settings *s, struct settings_text *text)
{
	settings_load_from(s, text, SETTINGS_COPY, NULL);
}

/* --- what they are ------------------------------------------------------------- */

static void value_show(const struct settings *s, const struct setting *k, struct setting_shown *out)
{
	const char *member = (const char *)s + k->offset;

	out->value = out->text;
	switch (k->kind) {
	case KIND_TEXT:
	case KIND_PATH:
		out->value = *(const char *const *)(const void *)member;
		break;
	case KIND_INT:
		fmt(out->text, sizeof(out->text), "%d", *(const int *)(const void *)member);
		break;
	case KIND_MASK:
		fmt(out->text, sizeof(out->text), "0%o",
		    (unsigned)*(const int *)(const void *)member);
		break;
	case KIND_V2:
		out->value = "v2";
		break;
	case KIND_WINDOWS_PATH:
	case KIND_BOOL:
		out->value = *(const bool *)(const void *)member ? "true" : "false";
		if (k->kind == KIND_WINDOWS_PATH && s->shims)
			out->value = "shims";
		break;
	default:
		out->value = k->kind == KIND_ALWAYS ? "true" : "false";
	}
}

/* The one that gave `i` its value: another name of it, perhaps. */
static size_t source_of(const struct settings *s, size_t i)
{
	for (size_t j = 0; known[i].offset && !(s->seen >> i & 1) && j < array_len(known); j++)
		if (known[j].offset == known[i].offset && s->seen >> j & 1)
			return j;
	return i;
}

bool settings_show(const struct settings *s, size_t i, struct setting_shown *out)
{
	size_t source;

	if (i >= array_len(known))
		return false;
	source = source_of(s, i);
	*out = (struct setting_shown){ .section = section_of(&known[i]),
				       .key = known[i].key,
				       .fixed = known[i].kind >= KIND_OTHER,
				       .source = source,
				       .set = s->seen >> source & 1,
				       .from_cmdline = s->from_cmdline >> source & 1 };
	value_show(s, &known[i], out);
	return true;
}
