/* script.h: the scripts that lie beside the program. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_SCRIPT_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_SCRIPT_H

#include "interop/host/posix/where.h"
#include "interop/host/posix/tool.h"

struct script {
	const char *name;
	struct args args;
	int out; /* a descriptor that it may use, by the same number; -1: none */
	char said[512];
};

/* Runs it to its end, and frees its arguments. What it says last is in `said`, or
 * the fault, if it says "NAME: unable to ...". */
int script_run(struct script *script, const struct dirs *dirs, struct fault *why);

#endif
