/* help.c: landbridge's commands, and what is said of them. */
#include <string.h>

#include "interop/host/options.h"
#include "lib/macros.h"

static const struct command_kind {
	enum command command;
	const char *name;
	const char *help;
} commands[] = {
	{ COMMAND_RUN, "run",
	  "usage: landbridge run [OPTION]... [NAME|IMAGE] [-- COMMAND [ARG]...]\n"
	  "Boots the distribution NAME (see import), or IMAGE (a disk, a tar, a directory;\n"
	  "default: Debian), and opens its login shell, or runs COMMAND and exits with its\n"
	  "status.\n"
	  "  --name NAME          the guest's name (default: the image's)\n"
	  "  --drive C:=DIR[,ro]  a directory as a drive; C: is Wine's by default\n"
	  "  --drives-by link|virtio-9p   who carries them to the guest: our agent over\n"
	  "                       the link (the default), or QEMU\n"
	  "  --memory 512M        --cpus 1\n"
	  "  --kernel FILE        --modules DIR   (with modules.dep in it)\n"
	  "  --user NAME          log in as NAME\n"
	  "  --partition N        the partition with the root file system\n"
	  "  --subvolume NAME     the btrfs subvolume, or directory, that is the root\n"
	  "  --format NAME        what the disk is, if not what it looks like: raw, qcow2,\n"
	  "                       vhdx, vhd, vmdk or vdi\n"
	  "  --net outside|host|none   what the guest reaches: not this host's 127.0.0.1\n"
	  "                       (the default), that too, nothing\n"
	  "  --disk FILE[,ro]     one more disk for the guest; may be given again\n"
	  "  --qemu OPTION        one for QEMU, with its value: --qemu '-rtc base=localtime'\n"
	  "  --write              keep what the guest writes to the image\n"
	  "  --ports              what listens in the guest is at this host's 127.0.0.1, too\n"
	  "  --no-sandbox         Windows programs run where this user may have no namespaces, too\n"
	  "  --link auto|serial:NAME|vsock|tcp   tcp: under TLS, and with --net host\n"
	  "  --timeout SECONDS    (60)\n"
	  "  --socket PATH        where its agent listens, instead of the machine's directory\n"
	  "  --dry-run            print QEMU's command line\n" },
	{ COMMAND_START, "start",
	  "usage: landbridge start [OPTION]... [NAME|IMAGE]\n"
	  "Boots a machine that stays when this command is over; landbridge stop ends it.\n"
	  "The options are those of landbridge run.\n" },
	{ COMMAND_IMPORT, "import",
	  "usage: landbridge import [OPTION]... [NAME] FILE|DIR\n"
	  "Makes a distribution of a tar, a directory, a .wsl or a disk: a system of its\n"
	  "own, that keeps what is written to it and is known by its name from then on.\n"
	  "Without NAME it is called what a .wsl says, or FILE.\n"
	  "  --size SIZE          how large it may grow (64G); a disk stays what it is\n"
	  "  --format NAME        what the disk is, if not what it looks like\n" },
	{ COMMAND_EXPORT, "export",
	  "usage: landbridge export [--format tar|qcow2|vhdx] NAME FILE|-\n"
	  "Writes a distribution that is not running to FILE, or to standard output.\n"
	  "  --format NAME        tar (the default; of ext4), or the whole disk\n" },
	{ COMMAND_REMOVE, "remove",
	  "usage: landbridge remove NAME\n"
	  "Removes a distribution, with all that is in it.\n" },
	{ COMMAND_SET, "set",
	  "usage: landbridge set NAME [KEY=VALUE]...\n"
	  "Says what a distribution has when it is started without the option of that name:\n"
	  "memory, cpus, user, net, or drive=D:=DIR[,ro], one for each letter. KEY= (drive=D:)\n"
	  "takes it back. Without any: prints them.\n" },
	{ COMMAND_SET_DEFAULT, "set-default",
	  "usage: landbridge set-default [NAME|-]\n"
	  "Makes a distribution the one that run, start and shell mean when none is named;\n"
	  "- for none. Without: prints which it is.\n" },
	{ COMMAND_COMPACT, "compact",
	  "usage: landbridge compact [--size SIZE] NAME\n"
	  "Gives room back that a distribution's disk has and does not need, while it is not\n"
	  "running.\n"
	  "  --size SIZE          and makes it so large, or so small (ext4)\n" },
	{ COMMAND_LIST, "list",
	  "usage: landbridge list [--json]\n"
	  "Lists the machines that are there, and the distributions that are not running:\n"
	  "name, phase, QEMU's process, image.\n" },
	{ COMMAND_STOP, "stop",
	  "usage: landbridge stop NAME\n"
	  "Powers a machine off, and returns when it is gone.\n" },
	{ COMMAND_LOG, "log",
	  "usage: landbridge log NAME\n"
	  "Prints the newest part of what a machine's console said.\n" },
	{ COMMAND_EXEC, "exec",
	  "usage: landbridge exec [OPTION]... NAME|--socket PATH [--] COMMAND [ARG]...\n"
	  "Runs COMMAND in a machine's guest and exits with its status. A distribution that\n"
	  "is not running is started, and stays.\n"
	  "  --user NAME          as NAME\n"
	  "  --tty                on this terminal\n" },
	{ COMMAND_SHELL, "shell",
	  "usage: landbridge shell [--user NAME] [NAME|--socket PATH]\n"
	  "Opens a login shell in a machine's guest, as exec runs a command.\n" },
	{ COMMAND_MOUNT, "mount",
	  "usage: landbridge mount [OPTION]... NAME|--socket PATH DIR\n"
	  "Mounts the files of a machine's guest on DIR; fusermount3 -u DIR takes them away.\n"
	  "  --user NAME          with the rights of NAME in the guest\n"
	  "  --read-only          --foreground   (stay until it is unmounted)\n"
	  "  --cache SECONDS      what the guest changes may show so much later (0)\n"
	  "  --server unix:PATH   a file server's socket (p9d), instead of a guest's\n" },
	{ COMMAND_CP, "cp",
	  "usage: landbridge cp [--user NAME] [MACHINE:]FILE|DIR... [MACHINE:]FILE|DIR\n"
	  "Copies files between this host and machines' guests, directories with all that is\n"
	  "in them, as cp -a does. In a guest a path that begins without / is one of the\n"
	  "user's home. ./a:b is a file of this host.\n"
	  "  --user NAME          with the rights of NAME in the guest\n" },
	{ COMMAND_FORWARD, "forward",
	  "usage: landbridge forward NAME|--socket PATH [[ADDRESS:]PORT:HOST:]PORT...\n"
	  "Listens on PORT of this host's 127.0.0.1, or ADDRESS, until it is told to stop; who\n"
	  "calls there reaches HOST:PORT as the guest does, or the guest's own localhost:PORT.\n" },
	{ COMMAND_DRIVE, "drive",
	  "usage: landbridge drive add NAME E:=DIR[,ro]\n"
	  "       landbridge drive remove NAME E:\n"
	  "       landbridge drive list NAME\n"
	  "Gives a machine that is running one more drive, or takes one away that came so: its\n"
	  "guest and its Windows programs have it, or not, at once. list prints all it has.\n" },
	{ COMMAND_AGENT, "agent",
	  "usage: landbridge agent --link unix:PATH --socket PATH [--drive C:=DIR[,ro]]...\n"
	  "       landbridge agent --listen tcp:ADDRESS:PORT --key FILE --socket PATH ...\n"
	  "       landbridge agent --listen vsock:CID:PORT [--key FILE] --socket PATH ...\n"
	  "       landbridge agent --listen unix:PATH_PORT --key FILE --socket PATH ...\n"
	  "Serves a guest until it is told to stop: the one at the other end of PATH, or\n"
	  "the one that calls and has the key that fits (landbridge enroll). --ports: what\n"
	  "listens in the guest is at this host's 127.0.0.1, too. --no-sandbox: Windows programs\n"
	  "run where this user may have no namespaces, too. The drives are to be those that the\n"
	  "guest was given.\n" },
	{ COMMAND_DOCTOR, "doctor",
	  "usage: landbridge doctor [--json] [NAME]\n"
	  "Says what works on this host, and in the guest of a machine, what does not and what\n"
	  "to do: a line for each, and 1 as exit status where something does not.\n"
	  "  --json               an object a line, with check, state and text\n" },
	{ COMMAND_COMPLETION, "completion",
	  "usage: landbridge completion bash|zsh|fish\n"
	  "Prints what makes that shell complete landbridge's commands and options.\n" },
	{ COMMAND_ENROLL, "enroll",
	  "usage: landbridge enroll [OPTION]... NAME\n"
	  "Makes two keys that fit each other, NAME.host.key and NAME.guest.key, for a guest\n"
	  "that is to call over the network, and says what it is to be told.\n"
	  "  --link tcp:ADDRESS:PORT|vsock:2:PORT   where the guest will find its agent, for\n"
	  "                       what is said\n"
	  "  --dir DIR            where to put them, instead of Landbridge's own keys/\n"
	  "  --days N             they are void after so long (default: never)\n" },
	{ COMMAND_INITRAMFS, "initramfs",
	  "usage: landbridge initramfs -o FILE [OPTION]...\n"
	  "Writes the initramfs of a guest that another hypervisor is to boot: /init and\n"
	  "the modules that it may need, of Debian's kernel unless another is given.\n"
	  "  --kernel FILE        --modules DIR   (with modules.dep in it)\n"
	  "  --key FILE           the guest's key, for a link that needs one\n" },
};

bool options_command_at(size_t i, enum command *command, const char **name)
{
	if (i >= array_len(commands))
		return false;
	*command = commands[i].command;
	*name = commands[i].name;
	return true;
}

enum command options_command(const char *name)
{
	for (size_t i = 0; i < array_len(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].command;
	return 0;
}

static const struct command_kind *kind_of(enum command command)
{
	size_t i = 0;

	while (i + 1 < array_len(commands) && commands[i].command != command)
		i++;
	return &commands[i];
}

const char *options_help(enum command command)
{
	return kind_of(command)->help;
}

const char *options_name(enum command command)
{
	return kind_of(command)->name;
}
