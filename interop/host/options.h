/* options.h: what the person asked for. Pure: argv in, struct out. */
#ifndef LANDBRIDGE_INTEROP_HOST_OPTIONS_H
#define LANDBRIDGE_INTEROP_HOST_OPTIONS_H

#include "interop/host/host.h"
#include "interop/link/link.h"

/* All commands' options; strings point into argv. */
struct options {
	/* run */
	char *name;    /* NULL: from the image */
	char *image;   /* NULL: the default one */
	char *kernel;  /* NULL: Debian's */
	char *modules; /* directory with modules.dep; NULL: the kernel's own, or none */
	struct drives drives;
	unsigned memory; /* MiB */
	unsigned cpus;
	unsigned partition; /* 0: the one with a root file system */
	unsigned timeout;   /* seconds until the guest must be up */
	char *format;       /* raw, qcow2; NULL: as its first bytes have it */
	bool write;
	bool dry_run;
	/* agent, exec, shell, mount; run: where others may reach the agent */
	struct address link; /* run: its VM's port; agent: where the guest is */
	char *socket;
	bool tty;
	/* run, exec, shell, mount */
	char *user;     /* NULL: the image's default */
	char **command; /* NULL-terminated; NULL: the login shell */
	/* mount */
	char *dir;
	char *server;   /* unix:PATH, instead of an agent's socket */
	unsigned cache; /* seconds */
	bool read_only, foreground;
	bool help;
};

enum command {
	COMMAND_RUN = 1,
	COMMAND_AGENT = 2,
	COMMAND_EXEC = 4,
	COMMAND_SHELL = 8,
	COMMAND_MOUNT = 16,
};

/* argv[0] is the command's name. *why is filled in on the first mistake. */
int options_parse(struct options *options, enum command command, char **argv, struct fault *why);

/* What --help prints for one command. */
const char *options_help(enum command command);

#endif
