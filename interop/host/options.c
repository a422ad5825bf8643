/* options.c: command lines of landbridge's commands. */
#include "interop/host/options.h"

#include <stdlib.h>
#include <string.h>

#include "lib/lib.h"

static int bad_value(const char *what, const char *value, const char *wanted, struct fault *why)
{
	return fault_set(why, HOST_FAILED, "unable to understand %s %s: %s", what, value, wanted);
}

static int number(unsigned *out, const char *value, unsigned max)
{
	char *end;
	unsigned long n;

	if (*value < '0' || *value > '9')
		return -1;
	n = strtoul(value, &end, 10);
	if (*end || n == 0 || n > max)
		return -1;
	*out = (unsigned)n;
	return 0;
}

static int set_memory(struct options *o, char *value, struct fault *why)
{
	char *end = value;
	unsigned long n = 0;

	if (*value >= '0' && *value <= '9')
		n = strtoul(value, &end, 10);
	if (n <= 1UL << 20 && (*end == 'G' || *end == 'g'))
		n *= 1024;
	if (*end && strchr("MmGg", *end))
		end++;
	if (end == value || *end || n < 64 || n > 1UL << 20)
		return bad_value("--memory", value, "give a size from 64M to 1024G", why);
	o->memory = (unsigned)n;
	return 0;
}

static int set_cpus(struct options *o, char *value, struct fault *why)
{
	return number(&o->cpus, value, 255) < 0
		       ? bad_value("--cpus", value, "give a number from 1 to 255", why)
		       : 0;
}

static int set_partition(struct options *o, char *value, struct fault *why)
{
	return number(&o->partition, value, 255) < 0
		       ? bad_value("--partition", value, "give a number, from 1", why)
		       : 0;
}

static int set_timeout(struct options *o, char *value, struct fault *why)
{
	return number(&o->timeout, value, 86400) < 0
		       ? bad_value("--timeout", value, "give seconds, from 1 to 86400", why)
		       : 0;
}

static int set_drive(struct options *o, char *value, struct fault *why)
{
	return drive_parse(&o->drives, value, why);
}

static int set_run_link(struct options *o, char *value, struct fault *why)
{
	if (address_parse(&o->link, value))
		return bad_value("--link", value, "give " ADDRESS_GRAMMAR, why);
	if (o->link.kind != ADDRESS_SERIAL)
		return bad_value("--link", value, "a VM that run makes has serial:NAME only", why);
	return 0;
}

static int set_agent_link(struct options *o, char *value, struct fault *why)
{
	if (address_parse(&o->link, value))
		return bad_value("--link", value, "give " ADDRESS_GRAMMAR, why);
	if (!dialer_exists(ROUTER_HOST, &o->link))
		return bad_value("--link", value, "an agent has no way to it yet: give unix:PATH",
				 why);
	return 0;
}

static int set_format(struct options *o, char *value, struct fault *why)
{
	if (strcmp(value, "raw") != 0 && strcmp(value, "qcow2") != 0)
		return bad_value("--format", value, "give raw or qcow2", why);
	o->format = value;
	return 0;
}

/* Names go into the kernel's command line and become a host name. */
static int set_name(struct options *o, char *value, struct fault *why)
{
	size_t len = strlen(value);

	if (len == 0 || len > 63 || value[0] == '-' || value[0] == '.' ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") !=
		    len)
		return bad_value("--name", value, "use letters, digits, dots, dashes, at most 63",
				 why);
	o->name = value;
	return 0;
}

static int set_user(struct options *o, char *value, struct fault *why)
{
	if (!*value || strlen(value) > 255 || value[strcspn(value, " \t\n\":/")])
		return bad_value("--user", value, "give a login name", why);
	o->user = value;
	return 0;
}

/* The plain ones. */
static int set_kernel(struct options *o, char *value, struct fault *why)
{
	(void)why;
	o->kernel = value;
	return 0;
}

static int set_modules(struct options *o, char *value, struct fault *why)
{
	(void)why;
	o->modules = value;
	return 0;
}

static int set_socket(struct options *o, char *value, struct fault *why)
{
	(void)why;
	o->socket = value;
	return 0;
}

static int set_write(struct options *o, char *value, struct fault *why)
{
	(void)value, (void)why;
	o->write = true;
	return 0;
}

static int set_dry_run(struct options *o, char *value, struct fault *why)
{
	(void)value, (void)why;
	o->dry_run = true;
	return 0;
}

static int set_tty(struct options *o, char *value, struct fault *why)
{
	(void)value, (void)why;
	o->tty = true;
	return 0;
}

static int set_server(struct options *o, char *value, struct fault *why)
{
	if (strncmp(value, "unix:", 5) != 0 || !value[5])
		return bad_value("--server", value, "give unix:PATH", why);
	o->server = value + 5;
	return 0;
}

static int set_cache(struct options *o, char *value, struct fault *why)
{
	return number(&o->cache, value, 86400) < 0
		       ? bad_value("--cache", value, "give seconds, from 1 to 86400", why)
		       : 0;
}

static int set_read_only(struct options *o, char *value, struct fault *why)
{
	(void)value, (void)why;
	o->read_only = true;
	return 0;
}

static int set_foreground(struct options *o, char *value, struct fault *why)
{
	(void)value, (void)why;
	o->foreground = true;
	return 0;
}

static int set_help(struct options *o, char *value, struct fault *why)
{
	(void)value, (void)why;
	o->help = true;
	return 0;
}

static const struct option_kind {
	const char *name;
	unsigned commands; /* enum command */
	bool has_value;
	int (*set)(struct options *o, char *value, struct fault *why);
} kinds[] = {
	{ "--name", COMMAND_RUN, true, set_name },
	{ "--drive", COMMAND_RUN | COMMAND_AGENT, true, set_drive },
	{ "--memory", COMMAND_RUN, true, set_memory },
	{ "--cpus", COMMAND_RUN, true, set_cpus },
	{ "--kernel", COMMAND_RUN, true, set_kernel },
	{ "--modules", COMMAND_RUN, true, set_modules },
	{ "--user", COMMAND_RUN | COMMAND_EXEC | COMMAND_SHELL | COMMAND_MOUNT, true, set_user },
	{ "--partition", COMMAND_RUN, true, set_partition },
	{ "--format", COMMAND_RUN, true, set_format },
	{ "--write", COMMAND_RUN, false, set_write },
	{ "--link", COMMAND_RUN, true, set_run_link },
	{ "--link", COMMAND_AGENT, true, set_agent_link },
	{ "--timeout", COMMAND_RUN, true, set_timeout },
	{ "--socket", COMMAND_RUN | COMMAND_AGENT | COMMAND_EXEC | COMMAND_SHELL | COMMAND_MOUNT,
	  true, set_socket },
	{ "--server", COMMAND_MOUNT, true, set_server },
	{ "--cache", COMMAND_MOUNT, true, set_cache },
	{ "--read-only", COMMAND_MOUNT, false, set_read_only },
	{ "--foreground", COMMAND_MOUNT, false, set_foreground },
	{ "--tty", COMMAND_EXEC, false, set_tty },
	{ "--dry-run", COMMAND_RUN, false, set_dry_run },
	{ "--help", ~0U, false, set_help },
	{ "-h", ~0U, false, set_help },
};

static const struct option_kind *find_kind(enum command command, const char *arg, size_t len)
{
	for (size_t i = 0; i < array_len(kinds); i++)
		if ((kinds[i].commands & command) && strlen(kinds[i].name) == len &&
		    strncmp(kinds[i].name, arg, len) == 0)
			return &kinds[i];
	return NULL;
}

/* Takes one option; returns how many arguments it was. */
static int take_option(struct options *o, enum command command, char **argv, struct fault *why)
{
	size_t len = strcspn(argv[0], "=");
	const struct option_kind *kind = find_kind(command, argv[0], len);
	char *value = argv[0][len] ? argv[0] + len + 1 : argv[1];

	if (!kind)
		return fault_set(why, HOST_FAILED, "unknown option %s (see landbridge --help)",
				 argv[0]);
	if (!kind->has_value) {
		if (argv[0][len])
			return fault_set(why, HOST_FAILED, "option %s takes no value", kind->name);
		return kind->set(o, NULL, why) < 0 ? -1 : 1;
	}
	if (!value)
		return fault_set(why, HOST_FAILED,
				 "option %s needs a value (see landbridge --help)", kind->name);
	if (kind->set(o, value, why) < 0)
		return -1;
	return argv[0][len] ? 1 : 2;
}

/* The first argument that is no option: an image, or already the command. */
static int take_positional(struct options *o, enum command command, char ***argv, struct fault *why)
{
	if (command == COMMAND_EXEC) {
		o->command = *argv;
		return 0;
	}
	if (command == COMMAND_MOUNT && !o->dir) {
		o->dir = *(*argv)++;
		return 1;
	}
	if (command != COMMAND_RUN || o->image)
		return fault_set(why, HOST_FAILED, "unexpected argument %s%s", **argv,
				 command == COMMAND_RUN ? " (a command comes after --)" : "");
	o->image = *(*argv)++;
	return 1;
}

static int check(const struct options *o, enum command command, struct fault *why)
{
	if (o->help)
		return 0;
	if (command == COMMAND_MOUNT && !o->dir)
		return fault_set(why, HOST_FAILED, "give a directory to mount on");
	if (command == COMMAND_MOUNT && o->socket && o->server)
		return fault_set(why, HOST_FAILED, "give --socket or --server, not both");
	if (command != COMMAND_RUN && !o->socket && !o->server)
		return fault_set(why, HOST_FAILED, "give the agent's socket: --socket PATH");
	if (command == COMMAND_AGENT && !o->link.name[0])
		return fault_set(why, HOST_FAILED, "give the guest's link: --link unix:PATH");
	if (command == COMMAND_EXEC && !o->command)
		return fault_set(why, HOST_FAILED,
				 "give a command to run (landbridge shell opens a shell)");
	if (o->modules && !o->kernel)
		return fault_set(why, HOST_FAILED, "--modules belongs to --kernel: give both");
	return 0;
}

int options_parse(struct options *o, enum command command, char **argv, struct fault *why)
{
	int n;

	*o = (struct options){ .memory = 512, .cpus = 1, .timeout = 60 };
	if (command == COMMAND_RUN)
		address_parse(&o->link, "serial:landbridge.0");
	for (argv++; *argv && strcmp(*argv, "--") != 0;) {
		if ((*argv)[0] == '-' && (*argv)[1]) {
			n = take_option(o, command, argv, why);
			if (n < 0)
				return -1;
			argv += n;
			continue;
		}
		n = take_positional(o, command, &argv, why);
		if (n < 0)
			return -1;
		if (n == 0)
			return check(o, command, why);
	}
	if (*argv && argv[1] && command != COMMAND_RUN && command != COMMAND_EXEC)
		return fault_set(why, HOST_FAILED, "unexpected argument %s", argv[1]);
	if (*argv && argv[1])
		o->command = argv + 1;
	return check(o, command, why);
}

const char *options_help(enum command command)
{
	switch (command) {
	case COMMAND_RUN:
		return "usage: landbridge run [OPTION]... [IMAGE] [-- COMMAND [ARG]...]\n"
		       "Boots IMAGE (a raw or qcow2 disk, a tar, a directory; default: Debian) and\n"
		       "opens its login shell, or runs COMMAND and exits with its status.\n"
		       "  --name NAME          the guest's name (default: the image's)\n"
		       "  --drive C:=DIR[,ro]  a directory as a drive; C: is Wine's by default\n"
		       "  --memory 512M        --cpus 1\n"
		       "  --kernel FILE        --modules DIR   (with modules.dep in it)\n"
		       "  --user NAME          log in as NAME\n"
		       "  --partition N        the partition with the root file system\n"
		       "  --format raw|qcow2   what the disk is, if not what it looks like\n"
		       "  --write              keep what the guest writes to the image\n"
		       "  --link serial:NAME   --timeout SECONDS   (60)\n"
		       "  --socket PATH        where landbridge shell and exec may join in\n"
		       "  --dry-run            print QEMU's command line\n";
	case COMMAND_AGENT:
		return "usage: landbridge agent --link unix:PATH --socket PATH [--drive C:=DIR[,ro]]...\n"
		       "Serves the guest at the other end of PATH until it is told to stop.\n";
	case COMMAND_EXEC:
		return "usage: landbridge exec --socket PATH [--tty] [--user NAME] [--] COMMAND [ARG]...\n"
		       "Runs COMMAND in the guest and exits with its status.\n";
	case COMMAND_SHELL:
		return "usage: landbridge shell --socket PATH [--user NAME]\n"
		       "Opens a login shell in the guest.\n";
	case COMMAND_MOUNT:
		return "usage: landbridge mount --socket PATH [OPTION]... DIR\n"
		       "Mounts the files of a running guest on DIR; fusermount3 -u DIR takes them away.\n"
		       "  --user NAME          with the rights of NAME in the guest\n"
		       "  --read-only          --foreground   (stay until it is unmounted)\n"
		       "  --cache SECONDS      what the guest changes may show so much later (0)\n"
		       "  --server unix:PATH   a file server's socket (p9d), instead of a guest's\n";
	}
	return "";
}
