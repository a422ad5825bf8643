/* winname.c: Windows paths and variables that a guest may not use. */
#include "interop/host/winname.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/macros.h"

/* COM and LPT take the digits 1-9 and the superscript ones of Latin-1. */
static bool port_number(const char *at, size_t len)
{
	if (len == 1)
		return *at >= '1' && *at <= '9';
	return len == 2 && at[0] == '\xc2' &&
	       (at[1] == '\xb9' || at[1] == '\xb2' || at[1] == '\xb3');
}

static bool is_device(const char *name, size_t len)
{
	static const char *const devices[] = { "con", "prn", "aux", "nul", "conin$", "conout$" };
	const char *dot = memchr(name, '.', len);
	size_t i;

	if (dot)
		len = (size_t)(dot - name);
	while (len > 0 && name[len - 1] == ' ')
		len--;
	for (i = 0; i < array_len(devices); i++)
		if (len == strlen(devices[i]) && strncasecmp(name, devices[i], len) == 0)
			return true;
	return len > 3 && (strncasecmp(name, "com", 3) == 0 || strncasecmp(name, "lpt", 3) == 0) &&
	       port_number(name + 3, len - 3);
}

static const char *refuse_component(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || (len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0))
		return NULL;
	for (i = 0; i < len; i++) {
		if (name[i] == ':')
			return "it names a stream of a file";
		if ((unsigned char)name[i] < 32 || strchr("\"*<>?|", name[i]))
			return "it has a character that no Windows file name has";
	}
	if (name[len - 1] == '.' || name[len - 1] == ' ')
		return "a name in it ends in a dot or space";
	return is_device(name, len) ? "it names a device" : NULL;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_separator(char c)
{
	return c == '\\' || c == '/';
}

/* NAME of \\wsl.localhost\NAME, or NULL; no ".", which would be another's. */
static const char *share_of(const char *path)
{
	static const char *const servers[] = { "wsl.localhost", "wsl$" };

	if (!is_separator(path[0]) || !is_separator(path[1]))
		return NULL;
	for (size_t i = 0; i < array_len(servers); i++) {
		size_t len = 2 + strlen(servers[i]);

		if (strncasecmp(path + 2, servers[i], len - 2) == 0 && is_separator(path[len]) &&
		    path[len + 1] && path[len + 1] != '.' && !is_separator(path[len + 1]))
			return path + len + 1;
	}
	return NULL;
}

bool winname_is_shared(const char *path)
{
	return path && share_of(path);
}

bool winname_is_of(const char *path, const char *name)
{
	const char *share = path ? share_of(path) : NULL;
	size_t len = strlen(name);

	return share && strncasecmp(share, name, len) == 0 &&
	       (!share[len] || is_separator(share[len]));
}

bool winname_mentions(const char *text, const char *name)
{
	while (*text && !winname_is_of(text, name))
		text++;
	return *text;
}

const char *winname_refuse(const char *path)
{
	const char *reason, *share = share_of(path);
	size_t len;

	if (!share && is_separator(path[0]))
		return "it is not on a drive";
	if (!share && (!is_letter(path[0]) || path[1] != ':' || !is_separator(path[2])))
		return "it is not an absolute path on a drive";
	for (path = share ? share : path + 3;; path += len + 1) {
		len = strcspn(path, "\\/");
		reason = refuse_component(path, len);
		if (reason || !path[len])
			return reason;
	}
}

/* What follows the last separator. */
static const char *last_name(const char *path)
{
	const char *p;

	for (p = path; *p; p++)
		if (*p == '\\' || *p == '/')
			path = p + 1;
	return path;
}

bool winname_is_cmd(const char *path)
{
	return strcasecmp(last_name(path), "cmd.exe") == 0;
}

/* Whether Windows takes it for a file of this kind: of the last name what is
 * before a stream, without dots and spaces at its end. */
static bool has_extension(const char *path, const char *extension)
{
	const char *name = last_name(path), *end = name + strcspn(name, ":");
	size_t len = strlen(extension);

	while (end > name && (end[-1] == '.' || end[-1] == ' '))
		end--;
	return (size_t)(end - name) >= len && strncasecmp(end - len, extension, len) == 0;
}

bool winname_is_batch(const char *path)
{
	return has_extension(path, ".bat") || has_extension(path, ".cmd");
}

bool winname_is_powershell(const char *path)
{
	return has_extension(path, ".ps1");
}

const char *winname_of_final(const char *path)
{
	static const char prefix[] = "\\\\?\\";
	const char *at = path + sizeof(prefix) - 1;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	return is_letter(at[0]) && at[1] == ':' && at[2] == '\\' ? at : NULL;
}

bool winname_env_is(const char *entry, const char *name)
{
	size_t has = strcspn(entry, "="), len = strlen(name);

	if (len > 0 && name[len - 1] == '*')
		return has >= len - 1 && strncasecmp(entry, name, len - 1) == 0;
	return has == len && strncasecmp(entry, name, len) == 0;
}

bool winname_env_denied(const char *entry)
{
	/* A * at the end stands for any rest. */
	static const char *const denied[] = {
		"path",
		"pathext",
		"comspec",
		"systemroot",
		"systemdrive",
		"windir",
		"__compat_layer",
		"cor_enable_profiling",
		"cor_profiler*",
		"coreclr_*",
		"dotnet_startup_hooks",
		"dotnet_additional_deps",
		"node_options",
		"wine*",
		"ld_*",
		"landbridge_*",
	};
	size_t name = strcspn(entry, "=");

	if (name == 0 || entry[name] != '=')
		return true;
	for (size_t i = 0; i < array_len(denied); i++)
		if (winname_env_is(entry, denied[i]))
			return true;
	return false;
}
