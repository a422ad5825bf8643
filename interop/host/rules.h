/* rules.h: the host's policy file: what guests may run here.
 *
 * One thing a line; # begins a comment:
 *     default allow|deny      programs that no line names (allow)
 *     allow PATTERN           a program's path on the host: C:\tools\*; * stands for
 *     deny PATTERN            anything, \ too; C:\tools\ and D: for all in it
 *     batch on|off            .bat, .cmd and .ps1 files (on)
 *     running N               programs at a time, 1 to 256 (256)
 *     memory SIZE             for all programs of a machine together, 256M to 1024G
 *     env NAME|none           the only variables that guests may set; a * at its end
 *                             stands for any rest; may be said again for more
 *     ports FIRST[-LAST]|none the only ports of 127.0.0.1 that guests may have; may be
 *                             said again for more
 *     sessions on|off         Windows programs may open sessions in the guest (on)
 *     log on|off              each program in audit.log (on)
 * Of allow and deny the first that matches counts. Case does not matter in paths and
 * names, nor which of \ and / is used. What winname.h refuses stays refused.
 *
 * Pure: a text in, a struct out, which points into the text.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_RULES_H
#define LANDBRIDGE_INTEROP_HOST_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interop/host/host.h"

enum { RULES_MAX = 256, RULES_ENV_MAX = 64, RULES_PORTS_MAX = 32, RULES_RUNNING = 256 };

struct policy_rule {
	bool allow;
	const char *pattern;
};

struct rules {
	bool allow, batch, log, sessions;
	bool sessions_said; /* there was a line */
	unsigned running;
	unsigned memory; /* MiB; 0: no limit */
	struct policy_rule at[RULES_MAX];
	size_t count;
	bool env_listed; /* only these */
	const char *env[RULES_ENV_MAX];
	size_t env_count;
	bool ports_listed; /* only these */
	struct {
		uint32_t first, last;
	} ports[RULES_PORTS_MAX];
	size_t port_count;
};

/* What holds without a file: everything may run, and nothing is logged. */
void rules_init(struct rules *rules);

/* Reads the text, which it writes to, with `len` bytes and room for a NUL. 0, or the
 * number of the first line that is wrong, and why it is. Nothing of it counts then: what
 * is to keep somebody out must not half hold. */
unsigned rules_parse(struct rules *rules, char *text, size_t len, const char **why);

/* The text of the file at `path`, for a person: 0, or -1 and the line that is wrong. */
int rules_read(struct rules *rules, const char *path, char *text, size_t len, struct fault *why);

/* -1, and why the file is no policy, as the end of a sentence. */
int rules_refuse(const char *path, const char *text, struct fault *why);

/* Whether the program at `path`, canonical (C:\dir\x.exe, no links), may run. *by: the
 * line that says so, or NULL: the default. */
bool rules_program(const struct rules *rules, const char *path, const struct policy_rule **by);

/* Whether any line is about paths, so that they must be canonical. */
bool rules_have_paths(const struct rules *rules);

/* Whether a guest may set NAME=value, beyond what winname_env_denied says. */
bool rules_env(const struct rules *rules, const char *entry);

/* What one program may have of the memory of all, in MiB: so it is refused more before the
 * kernel ends somebody, and Wine has room. 0: no limit. */
unsigned rules_memory_each(const struct rules *rules);

/* Whether a guest may have that port, beyond what policy_port says; 0: any at all. */
bool rules_port(const struct rules *rules, uint32_t port);

#endif
