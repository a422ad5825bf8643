/* judge.h: whether a program that a guest asks for may run, by the host's policy. Pure, but
 * for what it asks of the host through its ops.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_JUDGE_H
#define LANDBRIDGE_INTEROP_HOST_JUDGE_H

#include "interop/host/host.h"
#include "interop/host/rules.h"
#include "interop/wire/wire.h"

enum { JUDGE_PATH_MAX = 4096, JUDGE_SHOWN_MAX = 512, JUDGE_ENTRY_MAX = 1200 };

/* What only the host knows. Paths are UTF-8, and winname.h has let them pass. */
struct judge_ops {
	/* The one name of a file: without links, short names and a case of its own. 0, or -1
	 * and 127 or 126 in *why, about the program as it is `shown`. `out` has
	 * JUDGE_PATH_MAX bytes. Not called where no rule is about paths. */
	int (*canonical)(void *owner, const char *path, const char *shown, char *out,
			 struct fault *why);
	/* As rules_program says it, of all names that the file has. */
	bool (*may_run)(void *owner, const char *canonical, const struct policy_rule **by);
	/* Why a path of some guest's leads nowhere, as the end of a sentence; NULL: it does,
	 * or is no such path. Asked about the program, then about the directory; may wait. */
	const char *(*share)(void *owner, const char *path);
};

/* One stream's: `ops`, `owner` and `rules` are given, the rest begins as zeros. */
struct judge {
	const struct judge_ops *ops;
	void *owner;
	const struct rules *rules;
	char program[JUDGE_SHOWN_MAX];  /* as the guest names it: for messages */
	char canonical[JUDGE_PATH_MAX]; /* what OPEN's program may come to point to */
	struct fault fault;             /* the first: why it does not run; judge_fail */
};

/* The rules first, then whether its files are there. What is judged is what runs: where
 * rules are about paths the program of OPEN becomes its one name. What winname.h refuses
 * passes, as request_build says why. 0; or with the fault -1, or -ENOTDIR: it is about the
 * directory alone. */
int judge_open(struct judge *j, struct open *l);

/* The fault as FAILED, whose text points into it: r is what judge_open or request_build
 * returned, os_error 0 or Windows' own. Returns -1. */
int judge_fail(const struct judge *j, int r, uint32_t os_error, struct failed *why);

/* What audit.log says of it, after the number of the job, with as many of the arguments as
 * fit: "uid=1000 run C:\x.exe: x.exe a b"; `what` is run or refused. */
void judge_entry(const struct judge *j, const struct open *l, const char *what,
		 char out[JUDGE_ENTRY_MAX]);

#endif
