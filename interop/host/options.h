/* options.h: what the person asked for. Pure: argv in, struct out. */
#ifndef LANDBRIDGE_INTEROP_HOST_OPTIONS_H
#define LANDBRIDGE_INTEROP_HOST_OPTIONS_H

#include "interop/host/drives.h"
#include "interop/host/host.h"
#include "interop/link/link.h"

enum command {
	COMMAND_RUN = 1,
	COMMAND_AGENT = 2,
	COMMAND_EXEC = 4,
	COMMAND_SHELL = 8,
	COMMAND_MOUNT = 16,
	COMMAND_START = 32,
	COMMAND_LIST = 64,
	COMMAND_STOP = 128,
	COMMAND_LOG = 256,
	COMMAND_ENROLL = 512,
	COMMAND_INITRAMFS = 1024,
	COMMAND_IMPORT = 2048,
	COMMAND_EXPORT = 4096,
	COMMAND_REMOVE = 8192,
	COMMAND_SET = 16384,
	COMMAND_SET_DEFAULT = 32768,
	COMMAND_COMPACT = 65536,
	COMMAND_COMPLETION = 131072,
	COMMAND_DOCTOR = 262144,
	COMMAND_FORWARD = 524288,
	COMMAND_CP = 1048576,
	COMMAND_DRIVE = 2097152,
};

/* What an option was given each time. */
enum { TEXTS_MAX = 16 };
struct texts {
	char *at[TEXTS_MAX];
	size_t count;
};

/* All commands' options; strings point into argv. */
struct options {
	enum command command_is;
	uint64_t given; /* which of the options' table */
	/* run, start; name, image and format of import, too */
	char *name;           /* NULL: from the image */
	char *image;          /* or a distribution's name; NULL: the default one */
	char *kernel;         /* NULL: Debian's */
	char *modules;        /* directory with modules.dep; NULL: the kernel's own, or none */
	struct drives drives; /* as asked for, see drives_decide */
	unsigned memory;      /* MiB */
	unsigned cpus;
	unsigned partition; /* 0: the one with a root file system */
	unsigned timeout;   /* seconds until the guest must be up */
	char *subvolume;    /* or directory, that is the root; NULL: found */
	char *format;       /* disk.h; NULL: as its first bytes have it */
	char *net;          /* outside, host, none; NULL: outside where it can be had */
	char *drives_by;    /* how they travel: virtio-9p, link; NULL: link */
	struct texts disks; /* more of them: FILE[,ro] */
	struct texts qemu;  /* for QEMU: "-option", "-option value" */
	bool write;
	bool stock;      /* the default image, whatever distribution is the default */
	bool ports;      /* the guest's are this host's; agent too */
	bool no_sandbox; /* Windows programs run without one, where there can be none; agent too */
	bool dry_run;
	char *file;    /* export: where to; "-": standard output. Its format is `format`.
			  drive: add, remove or list */
	unsigned size; /* import, compact: MiB; 0: as usual, as it is */
	/* which guest: a machine's name, or where its agent listens (run, start,
	 * agent: where it shall) */
	char *machine;
	char *socket;
	char *link; /* agent: unix:PATH; run, start: auto, serial:NAME, vsock, tcp; enroll: tcp:, vsock: */
	char *listen; /* agent: tcp:ADDRESS:PORT, vsock:CID:PORT, unix:PATH */
	char *key;    /* agent: the file with its own for that; initramfs: the guest's */
	bool tty;
	/* run, exec, shell, mount, cp */
	char *user; /* NULL: the image's default */
	char **command; /* NULL-terminated; NULL: the login shell. Of set: its settings; of forward: what;
				of cp: what, and where to; of drive: which */
	/* mount */
	char *dir;      /* enroll: where the keys go; NULL: keys/ at home */
	char *server;   /* unix:PATH, instead of an agent's socket */
	unsigned cache; /* seconds */
	bool read_only, foreground;
	bool json;     /* list, doctor */
	unsigned days; /* enroll; 0: for ever */
	char *output;  /* initramfs */
	bool help;
};

/* argv[0] is the command's name. *why is filled in on the first mistake. */
int options_parse(struct options *options, enum command command, char **argv, struct fault *why);

/* What a machine's link is: serial, tcp or vsock. */
enum address_kind options_own_link(const struct options *options);

/* The tables, for who tells of them all: false behind the last. An option of several
 * commands may be there more than once. */
struct option_about {
	const char *name;
	unsigned commands;
	bool has_value;
};
bool options_at(size_t i, struct option_about *option);
bool options_command_at(size_t i, enum command *command, const char **name);

/* The command of that name; 0: none. */
enum command options_command(const char *name);

/* The name of a command that is one. */
const char *options_name(enum command command);

/* What a distribution's profile says: an option that was given weighs more. The
 * value must outlive the options. */
int options_default(struct options *options, const char *key, char *value, struct fault *why);

bool options_is_setting(const char *key);

/* What --help prints for one command. */
const char *options_help(enum command command);

/* Whether the agent serves the drives, over the link, and not QEMU. */
bool options_drives_by_link(const struct options *options);

/* Whether a Windows program may be wanted as soon as the guest is up: there is a shell,
 * or a command that names one. */
bool options_want_windows(const struct options *options);

/* A name that a machine or guest may have. */
bool options_name_fits(const char *name);

#endif
