/* settings.h: what wsl.conf and the kernel command line say.
 *
 * Pure but for settings_load. Strings point into the caller's text, or are
 * literals; unset ones are NULL unless a default is named here.
 */
#ifndef LANDBRIDGE_INIT_SETTINGS_H
#define LANDBRIDGE_INIT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/places.h"

enum { SETTINGS_MAX = 64 };

struct settings {
	/* wsl.conf; the defaults are WSL's */
	bool automount, mount_fstab;
	bool localhost_forwarding;
	const char *automount_root; /* "/mnt" */
	const char *automount_options;
	bool interop, append_windows_path;
	bool shims; /* append_windows_path is one directory of names */
	const char *interop_users, *interop_groups; /* who may; NULL: everybody */
	bool generate_hosts, generate_resolv_conf;
	bool host_timezone; /* time.useWindowsTimezone */
	const char *hostname;
	const char *default_user; /* [user] default, [landbridge] user */
	const char *command;
	bool systemd;
	int init_timeout; /* ms that a session waits for systemd; 30000 */
	int umask;        /* 022 */
	bool file_server;
	/* [landbridge] or landbridge.KEY= */
	const char *name, *dns, *link, *key;
	bool looks_like_wsl;
	/* the kernel command line alone: it is the machine's, or needed before
	 * there is a file to read */
	const char *ip, *gateway;
	const char *timezone;  /* the host's: "Europe/Berlin" */
	const char *host;      /* its address, where the guest reaches it; or NULL */
	const char *drives;    /* letters of those that come over the link: "CD" */
	int partition;         /* 0: not said */
	const char *subvolume; /* or directory of the file system, that is the root */
	const char *root, *root_type;
	bool read_only, writable; /* ro, rw; the last one counts */

	uint64_t seen; /* settings that were set, for duplicates */
	uint64_t from_cmdline;
};

void settings_init(struct settings *s);

/* One "section.key = value". 0, -ENOENT (no such key), -EINVAL (a value that
 * the key cannot have), -EEXIST (set before: the first one counts),
 * -EOPNOTSUPP (WSL has it, nothing here acts on it, and the value is not off), -EPERM (only on the
 * kernel's command line). */
int settings_set(struct settings *s, const char *section, const char *key, const char *value);

/* The kernel command line: root=, rootfstype=, ro, rw and landbridge.KEY=.
 * Unknown words are others'; returns the first landbridge.KEY that is unknown
 * or has a bad value, or NULL. Rewrites the text. Call it before settings_conf,
 * which then leaves alone what was set here. */
const char *settings_cmdline(struct settings *s, char *text);

/* wsl.conf. `say` is called for every line that does not count: what is its key, or
 * how it begins. */
struct settings_complaint {
	void (*say)(void *ctx, unsigned line, const char *why, const char *what);
	void *ctx;
	unsigned *lines; /* NULL, or of each setting (settings_show) the line it comes from */
};
void settings_conf(struct settings *s, char *text, size_t len,
		   const struct settings_complaint *complain);

/* What the boot made of wsl.conf. */
#define SETTINGS_COPY LANDBRIDGE_RUN "/wsl.conf"

/* The text behind a struct settings, for those who read the files. */
struct settings_text {
	char cmdline[4096];
	char conf[32 * 1024];
};

/* Reads wsl.conf, or what is there instead, into text->conf: at most that much,
 * in whole lines, UTF-8 whatever it was. *cut: there was more. The length, or
 * negative errno. */
ssize_t settings_text_read(struct settings_text *text, const char *path, bool *cut);

/* For sessions: what the boot read. Its faults were told then, and what changed
 * in the file since counts at the next boot, as in WSL. The kernel's command
 * line counts only outside of containers. */
void settings_load(struct settings *s, struct settings_text *text);

/* The same of any file, with complaints. 0, or negative errno where it cannot be
 * read: the command line and the defaults count then. */
int settings_load_from(struct settings *s, struct settings_text *text, const char *path,
		       const struct settings_complaint *complain);

/* What setting number `i` is. False: there are no more. */
struct setting_shown {
	const char *section, *key;
	const char *value; /* NULL: none */
	char text[16];     /* where value may be */
	bool fixed;        /* it has no other value here, whatever somebody says */
	bool set, from_cmdline;
	size_t source; /* the setting that was set: another name of this, perhaps */
};
bool settings_show(const struct settings *s, size_t i, struct setting_shown *out);

#endif
