/* options.c: command lines of landbridge's commands. */
#include "interop/host/options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "interop/host/disk.h"
#include "interop/host/operand.h"
#include "interop/host/size.h"
#include "lib/macros.h"
#include "lib/text.h"

enum {
	MEMORY_MIN = 128, /* Debian's kernel does not come up with less */
	BOOTS = COMMAND_RUN | COMMAND_START,
	KERNELS = BOOTS | COMMAND_INITRAMFS,
	SESSIONS = COMMAND_EXEC | COMMAND_SHELL | COMMAND_MOUNT,
	OF_DISTRIBUTIONS = COMMAND_EXPORT | COMMAND_REMOVE | COMMAND_SET | COMMAND_COMPACT,
	CALLS = SESSIONS | COMMAND_FORWARD,
	NAMED = COMMAND_EXEC | COMMAND_FORWARD | COMMAND_DRIVE | COMMAND_MOUNT | COMMAND_STOP |
		COMMAND_LOG | OF_DISTRIBUTIONS,
	SETTING = 1 << 30, /* beside commands: a distribution's profile may have it, too */
};

/* --- values ---------------------------------------------------------------- */

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

/* Names go into the kernel's command line and become a host name, and a
 * directory's. */
bool options_name_fits(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 63 && name[0] != '-' && name[0] != '.' &&
	       ascii_span(name, ".-_") == len;
}

static bool user_fits(const char *value)
{
	return *value && strlen(value) <= 255 && !value[strcspn(value, " \t\n\":/")];
}

/* A word of the kernel's command line. */
static bool subvolume_fits(const char *value)
{
	return *value && strlen(value) <= 255 && !value[strcspn(value, " \t\n\"")] &&
	       value[strspn(value, "/")];
}

static bool format_fits(const char *value)
{
	return disk_format_named(value) != DISK_NONE;
}

static bool export_fits(const char *value)
{
	return strcmp(value, "tar") == 0 || strcmp(value, "qcow2") == 0 ||
	       strcmp(value, "vhdx") == 0;
}

static bool net_fits(const char *value)
{
	return strcmp(value, "outside") == 0 || strcmp(value, "host") == 0 ||
	       strcmp(value, "none") == 0;
}

static bool drives_by_fits(const char *value)
{
	return strcmp(value, "virtio-9p") == 0 || strcmp(value, "link") == 0;
}

bool options_drives_by_link(const struct options *options)
{
	return !options->drives_by || strcmp(options->drives_by, "link") == 0;
}

/* Of a VM of ours. */
static bool own_link_fits(const char *value)
{
	struct address a;

	return strcmp(value, "tcp") == 0 || strcmp(value, "vsock") == 0 ||
	       strcmp(value, "auto") == 0 ||
	       (address_parse(&a, value) == 0 && a.kind == ADDRESS_SERIAL);
}

enum address_kind options_own_link(const struct options *o)
{
	if (!o->link)
		return ADDRESS_SERIAL;
	if (strcmp(o->link, "vsock") == 0)
		return ADDRESS_VSOCK;
	return strcmp(o->link, "tcp") == 0 ? ADDRESS_TCP : ADDRESS_SERIAL;
}

static bool names_windows(const char *word)
{
	while (*word && strncasecmp(word, ".exe", 4) != 0)
		word++;
	return *word != '\0';
}

bool options_want_windows(const struct options *o)
{
	for (char **word = o->command; word && *word; word++)
		if (names_windows(*word))
			return true;
	return !o->command;
}

static bool is_link(const char *value, enum address_kind kind)
{
	struct address a;

	return address_parse(&a, value) == 0 && a.kind == kind && dialer_exists(ROUTER_HOST, &a);
}

static bool unix_link_fits(const char *value)
{
	return is_link(value, ADDRESS_UNIX);
}

/* Where a guest calls. */
static bool called_link_fits(const char *value)
{
	return is_link(value, ADDRESS_TCP) || is_link(value, ADDRESS_VSOCK);
}

static bool listen_fits(const char *value)
{
	struct address a;

	return address_parse(&a, value) == 0 && link_listens(&a);
}

static bool is_dashed(const char *value)
{
	return value[0] == '-' && value[1];
}

static bool unix_fits(const char *value)
{
	return strncmp(value, "unix:", 5) == 0 && value[5];
}

/* --- options --------------------------------------------------------------- */

enum value { VALUE_NONE, VALUE_TEXT, VALUE_NUMBER, VALUE_SIZE, VALUE_DRIVE, VALUE_TEXTS };

#define AT(member) offsetof(struct options, member)

static const struct option_kind {
	const char *name;
	unsigned commands; /* enum command */
	enum value value;
	size_t at;
	const char *wanted;              /* what to say of a value that does not fit */
	bool (*fits)(const char *value); /* of a text; NULL: any does */
	unsigned max;                    /* of a number */
} kinds[] = {
	{ "--name", BOOTS, VALUE_TEXT, AT(name), "use letters, digits, dots, dashes, at most 63",
	  options_name_fits, 0 },
	{ "--drive", SETTING | BOOTS | COMMAND_AGENT, VALUE_DRIVE, AT(drives), NULL, NULL, 0 },
	{ "--drives-by", BOOTS, VALUE_TEXT, AT(drives_by), "give virtio-9p or link", drives_by_fits,
	  0 },
	{ "--memory", SETTING | BOOTS, VALUE_SIZE, AT(memory),
	  "give a size from 128M to 1024G, what the guest's kernel needs included", NULL, 1 << 20 },
	{ "--cpus", SETTING | BOOTS, VALUE_NUMBER, AT(cpus), "give a number from 1 to 255", NULL,
	  255 },
	{ "--kernel", KERNELS, VALUE_TEXT, AT(kernel), NULL, NULL, 0 },
	{ "--modules", KERNELS, VALUE_TEXT, AT(modules), NULL, NULL, 0 },
	{ "--user", SETTING | BOOTS | SESSIONS | COMMAND_CP, VALUE_TEXT, AT(user),
	  "give a login name", user_fits, 0 },
	{ "--partition", BOOTS, VALUE_NUMBER, AT(partition), "give a number, from 1", NULL, 255 },
	{ "--subvolume", BOOTS, VALUE_TEXT, AT(subvolume),
	  "give its path on the file system, without blanks and quotes", subvolume_fits, 0 },
	{ "--format", BOOTS | COMMAND_IMPORT, VALUE_TEXT, AT(format), "give " DISK_FORMATS,
	  format_fits, 0 },
	{ "--format", COMMAND_EXPORT, VALUE_TEXT, AT(format), "give tar, qcow2 or vhdx",
	  export_fits, 0 },
	{ "--size", COMMAND_IMPORT | COMMAND_COMPACT, VALUE_SIZE, AT(size),
	  "give a size from 128M to 16384G", NULL, 16 << 20 },
	{ "--net", SETTING | BOOTS, VALUE_TEXT, AT(net), "give outside, host or none", net_fits,
	  0 },
	{ "--disk", BOOTS, VALUE_TEXTS, AT(disks), "16 disks are the most", NULL, 0 },
	{ "--qemu", BOOTS, VALUE_TEXTS, AT(qemu), "16 of them are the most, each with a dash",
	  is_dashed, 0 },
	{ "--write", BOOTS, VALUE_NONE, AT(write), NULL, NULL, 0 },
	{ "--ports", BOOTS | COMMAND_AGENT, VALUE_NONE, AT(ports), NULL, NULL, 0 },
	{ "--no-sandbox", BOOTS | COMMAND_AGENT, VALUE_NONE, AT(no_sandbox), NULL, NULL, 0 },
	{ "--link", BOOTS, VALUE_TEXT, AT(link), "a VM of ours has auto, serial:NAME, vsock or tcp",
	  own_link_fits, 0 },
	{ "--link", COMMAND_AGENT, VALUE_TEXT, AT(link),
	  "give unix:PATH (where the guest calls, it is --listen)", unix_link_fits, 0 },
	{ "--listen", COMMAND_AGENT, VALUE_TEXT, AT(listen),
	  "give tcp:ADDRESS:PORT, vsock:CID:PORT or unix:PATH", listen_fits, 0 },
	{ "--key", COMMAND_AGENT | COMMAND_INITRAMFS, VALUE_TEXT, AT(key), NULL, NULL, 0 },
	{ "--link", COMMAND_ENROLL, VALUE_TEXT, AT(link), "give tcp:ADDRESS:PORT or vsock:2:PORT",
	  called_link_fits, 0 },
	{ "--dir", COMMAND_ENROLL, VALUE_TEXT, AT(dir), NULL, NULL, 0 },
	{ "--days", COMMAND_ENROLL, VALUE_NUMBER, AT(days), "give days, from 1 to 36500", NULL,
	  36500 },
	{ "--timeout", BOOTS, VALUE_NUMBER, AT(timeout), "give seconds, from 1 to 86400", NULL,
	  86400 },
	{ "--socket", BOOTS | CALLS | COMMAND_AGENT, VALUE_TEXT, AT(socket), NULL, NULL, 0 },
	{ "--server", COMMAND_MOUNT, VALUE_TEXT, AT(server), "give unix:PATH", unix_fits, 0 },
	{ "--cache", COMMAND_MOUNT, VALUE_NUMBER, AT(cache), "give seconds, from 1 to 86400", NULL,
	  86400 },
	{ "--read-only", COMMAND_MOUNT, VALUE_NONE, AT(read_only), NULL, NULL, 0 },
	{ "--foreground", COMMAND_MOUNT, VALUE_NONE, AT(foreground), NULL, NULL, 0 },
	{ "--tty", COMMAND_EXEC, VALUE_NONE, AT(tty), NULL, NULL, 0 },
	{ "--dry-run", BOOTS, VALUE_NONE, AT(dry_run), NULL, NULL, 0 },
	{ "-o", COMMAND_INITRAMFS, VALUE_TEXT, AT(output), NULL, NULL, 0 },
	{ "--json", COMMAND_LIST | COMMAND_DOCTOR, VALUE_NONE, AT(json), NULL, NULL, 0 },
	{ "--help", ~0U, VALUE_NONE, AT(help), NULL, NULL, 0 },
	{ "-h", ~0U, VALUE_NONE, AT(help), NULL, NULL, 0 },
};

static int text_append(struct texts *texts, char *value)
{
	if (texts->count == TEXTS_MAX)
		return -1;
	texts->at[texts->count++] = value;
	return 0;
}

bool options_at(size_t i, struct option_about *option)
{
	if (i >= array_len(kinds))
		return false;
	*option = (struct option_about){ kinds[i].name, kinds[i].commands,
					 kinds[i].value != VALUE_NONE };
	return true;
}

static int option_set(struct options *o, const struct option_kind *kind, char *value,
		      struct fault *why)
{
	void *at = (char *)o + kind->at;
	int bad = 0;

	o->given |= 1ULL << (kind - kinds);
	switch (kind->value) {
	case VALUE_NONE:
		*(bool *)at = true;
		break;
	case VALUE_TEXT:
		bad = kind->fits && !kind->fits(value);
		*(char **)at = value;
		break;
	case VALUE_NUMBER:
		bad = number(at, value, kind->max);
		break;
	case VALUE_SIZE:
		bad = size_parse(at, value, MEMORY_MIN, kind->max);
		break;
	case VALUE_DRIVE:
		return drive_parse(at, value, why);
	case VALUE_TEXTS:
		bad = (kind->fits && !kind->fits(value)) || text_append(at, value);
		break;
	}
	return bad ? fault_set(why, HOST_FAILED, "unable to understand %s %s: %s", kind->name,
			       value, kind->wanted)
		   : 0;
}

static const struct option_kind *setting_kind(const char *key)
{
	for (size_t i = 0; i < array_len(kinds); i++)
		if (kinds[i].commands & SETTING && kinds[i].value != VALUE_NONE &&
		    strcmp(kinds[i].name + 2, key) == 0)
			return &kinds[i];
	return NULL;
}

bool options_is_setting(const char *key)
{
	return setting_kind(key) != NULL;
}

int options_default(struct options *o, const char *key, char *value, struct fault *why)
{
	const struct option_kind *kind = setting_kind(key);
	struct drives one = { .count = 0 };
	uint64_t given = o->given;
	int r;

	if (!kind)
		return fault_set(why, HOST_FAILED,
				 "unable to understand %s: a distribution has memory, cpus, user, "
				 "net and drive",
				 key);
	if (kind->value == VALUE_DRIVE) {
		if (drive_parse(&one, value, why) < 0)
			return -1;
		if (!drives_find(&o->drives, one.at[0].letter))
			o->drives.at[o->drives.count++] = one.at[0];
		return 0;
	}
	if (given & 1ULL << (kind - kinds))
		return 0;
	r = option_set(o, kind, value, why);
	o->given = given;
	return r;
}

/* --- command lines --------------------------------------------------------------- */

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
	const char *name = options_name(command);
	size_t len = strcspn(argv[0], "=");
	const struct option_kind *kind = find_kind(command, argv[0], len);
	char *value = argv[0][len] ? argv[0] + len + 1 : argv[1];

	if (!kind)
		return fault_set(why, HOST_FAILED,
				 "unknown option %s of %s (see landbridge help %s)", argv[0], name,
				 name);
	if (kind->value == VALUE_NONE) {
		if (argv[0][len])
			return fault_set(why, HOST_FAILED, "option %s takes no value", kind->name);
		return option_set(o, kind, NULL, why) < 0 ? -1 : 1;
	}
	if (!value)
		return fault_set(why, HOST_FAILED,
				 "option %s needs a value (see landbridge help %s)", kind->name,
				 name);
	if (option_set(o, kind, value, why) < 0)
		return -1;
	return argv[0][len] ? 1 : 2;
}

/* Where the next argument that is no option goes; NULL: nowhere. */
static char **place(struct options *o)
{
	switch (o->command_is) {
	case COMMAND_RUN:
	case COMMAND_START:
		return o->image ? NULL : &o->image;
	case COMMAND_IMPORT:
		return o->image ? NULL : o->name ? &o->image : &o->name;
	case COMMAND_EXPORT:
		return o->file ? NULL : o->machine ? &o->file : &o->machine;
	case COMMAND_DRIVE:
		return o->file ? (o->machine ? NULL : &o->machine) : &o->file;
	case COMMAND_COMPLETION:
		return o->file ? NULL : &o->file;
	case COMMAND_ENROLL:
		return o->name ? NULL : &o->name;
	case COMMAND_MOUNT:
		if (o->dir && !o->machine && !o->socket && !o->server)
			o->machine = o->dir;
		else if (o->dir)
			return NULL;
		return &o->dir;
	case COMMAND_EXEC:
	case COMMAND_FORWARD:
	case COMMAND_SHELL:
	case COMMAND_STOP:
	case COMMAND_LOG:
	case COMMAND_DOCTOR:
	case COMMAND_REMOVE:
	case COMMAND_SET:
	case COMMAND_SET_DEFAULT:
	case COMMAND_COMPACT:
		return o->machine || o->socket ? NULL : &o->machine;
	default:
		return NULL;
	}
}

/* 0: what is left is exec's command, or the like. */
static int take_word(struct options *o, char **argv, struct fault *why)
{
	char **at = place(o);

	if (at) {
		*at = *argv;
		return 1;
	}
	if (o->command_is &
	    (COMMAND_EXEC | COMMAND_SET | COMMAND_FORWARD | COMMAND_CP | COMMAND_DRIVE)) {
		o->command = argv;
		return 0;
	}
	return fault_set(why, HOST_FAILED, "unexpected argument %s%s", *argv,
			 o->command_is == COMMAND_RUN ? " (a command comes after --)" : "");
}

static int check_guest(const struct options *o, struct fault *why)
{
	const bool takes_name = o->command_is & NAMED;

	if (o->socket && o->server)
		return fault_set(why, HOST_FAILED, "give --socket or --server, not both");
	if (o->machine && (o->socket || o->server))
		return fault_set(why, HOST_FAILED, "give a machine's name or --%s, not both",
				 o->socket ? "socket" : "server");
	if (takes_name && !o->machine && !o->socket && !o->server)
		return fault_set(
			why, HOST_FAILED, "give a machine's name%s (landbridge list has them)",
			o->command_is & CALLS ? " or its agent's socket: --socket PATH" : "");
	if (o->command_is == COMMAND_SET_DEFAULT && o->machine && strcmp(o->machine, "-") == 0)
		return 0;
	if (o->machine && !options_name_fits(o->machine))
		return fault_set(why, HOST_FAILED,
				 "unable to find the machine %s: no machine has such a name",
				 o->machine);
	return 0;
}

static int check_link(const struct options *o, struct fault *why)
{
	if (!o->link == !o->listen)
		return fault_set(why, HOST_FAILED,
				 "give the guest's link, one of --link unix:PATH and --listen "
				 "tcp:ADDRESS:PORT, vsock:CID:PORT or unix:PATH");
	if (o->listen && !o->key && strncmp(o->listen, "tcp:", 4) == 0)
		return fault_set(why, HOST_FAILED,
				 "unable to listen on %s without a key: a tcp link is always under "
				 "TLS (--key FILE; landbridge enroll makes one)",
				 o->listen);
	if (o->listen && !o->key && strncmp(o->listen, "unix:", 5) == 0)
		return fault_set(
			why, HOST_FAILED,
			"unable to listen on %s without a key: nobody sees there which user of "
			"the guest calls (--key FILE; landbridge enroll makes one)",
			o->listen);
	if (o->key && !o->listen)
		return fault_set(why, HOST_FAILED, "--key belongs to --listen: give both");
	return 0;
}

static int check_distribution(const struct options *o, struct fault *why)
{
	if (o->command_is == COMMAND_EXPORT && !o->file)
		return fault_set(why, HOST_FAILED,
				 "give a file to export to, or - for standard output");
	if (o->command_is == COMMAND_IMPORT && !o->image)
		return fault_set(why, HOST_FAILED, "give a file or directory to import");
	if (o->command_is == COMMAND_IMPORT && o->name && !options_name_fits(o->name))
		return fault_set(why, HOST_FAILED,
				 "unable to call a distribution %s: use letters, digits, dots, "
				 "dashes, at most 63",
				 o->name);
	return 0;
}

/* Which directory is for who opens it to find. */
static int check_drive(const struct options *o, struct fault *why)
{
	const char *wish = o->file ? o->file : "", *word = o->command ? o->command[0] : NULL;
	struct drives one = { .count = 0 };

	if (strcmp(wish, "list") == 0)
		return word ? fault_set(why, HOST_FAILED, "unexpected argument %s", word) : 0;
	if (strcmp(wish, "add") != 0 && strcmp(wish, "remove") != 0)
		return fault_set(why, HOST_FAILED,
				 "say what to do: landbridge drive add, remove or list");
	if (!o->machine)
		return 0; /* that is said */
	if (word && o->command[1])
		return fault_set(why, HOST_FAILED, "unexpected argument %s", o->command[1]);
	if (strcmp(wish, "add") == 0)
		return word ? drive_parse(&one, word, why)
			    : fault_set(why, HOST_FAILED, "say which drive: E:=DIR or E:=DIR,ro");
	return word && drive_letter(word)
		       ? 0
		       : fault_set(why, HOST_FAILED, "say which drive to remove: E:");
}

static int check(const struct options *o, struct fault *why)
{
	if (o->help)
		return 0;
	if (o->command_is == COMMAND_DRIVE && check_drive(o, why) < 0)
		return -1;
	if (check_guest(o, why) < 0 || check_distribution(o, why) < 0)
		return -1;
	if (o->command_is == COMMAND_MOUNT && !o->dir)
		return fault_set(why, HOST_FAILED, "give a directory to mount on");
	if (o->command_is == COMMAND_AGENT && check_link(o, why) < 0)
		return -1;
	if (options_own_link(o) == ADDRESS_TCP && (!o->net || strcmp(o->net, "host") != 0))
		return fault_set(
			why, HOST_FAILED,
			"--link tcp needs --net host: the guest calls this host's 127.0.0.1, "
			"which it does not reach otherwise");
	if (o->command_is == COMMAND_ENROLL && (!o->name || !options_name_fits(o->name)))
		return fault_set(
			why, HOST_FAILED,
			"give the guest a name: letters, digits, dots, dashes, at most 63");
	if (o->command_is == COMMAND_EXEC && !o->command)
		return fault_set(why, HOST_FAILED,
				 "give a command to run (landbridge shell opens a shell)");
	if (o->command_is == COMMAND_INITRAMFS && !o->output)
		return fault_set(why, HOST_FAILED, "say where to write it: -o FILE");
	if (o->command_is == COMMAND_FORWARD && !o->command)
		return fault_set(why, HOST_FAILED, "say which port: [[ADDRESS:]PORT:HOST:]PORT");
	if (o->command_is == COMMAND_CP && operands_check(o->command, why) < 0)
		return -1;
	if (o->modules && !o->kernel)
		return fault_set(why, HOST_FAILED, "--modules belongs to --kernel: give both");
	return 0;
}

/* One word alone is what is imported. */
static int settle(struct options *o, struct fault *why)
{
	if (o->command_is == COMMAND_IMPORT && !o->image) {
		o->image = o->name;
		o->name = NULL;
	}
	return check(o, why);
}

int options_parse(struct options *o, enum command command, char **argv, struct fault *why)
{
	int n;

	*o = (struct options){ .command_is = command, .memory = 512, .cpus = 1, .timeout = 60 };
	for (argv++; *argv && strcmp(*argv, "--") != 0; argv += n) {
		n = (*argv)[0] == '-' && (*argv)[1] ? take_option(o, command, argv, why)
						    : take_word(o, argv, why);
		if (n < 0)
			return -1;
		if (n == 0)
			return settle(o, why);
	}
	if (*argv && argv[1] && !(command & (COMMAND_RUN | COMMAND_EXEC | COMMAND_CP)))
		return fault_set(why, HOST_FAILED, "unexpected argument %s", argv[1]);
	if (*argv && argv[1])
		o->command = argv + 1;
	return settle(o, why);
}
