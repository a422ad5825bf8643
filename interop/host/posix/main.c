/* main.c: landbridge: picks the command. */
#include <string.h>
#include <unistd.h>

#include "interop/host/completion.h"
#include "interop/host/posix/commands.h"
#include "interop/stream/stream.h"
#include "lib/lib.h"

static const char usage[] =
	"usage: landbridge COMMAND [OPTION]...\n"
	"Boots Linux guests from which the host's Windows programs can be run.\n"
	"  run     boot an image, open a shell or run a command in it\n"
	"  start   boot a machine that stays\n"
	"  list    the machines and distributions that are there\n"
	"  shell   one more login shell in a machine\n"
	"  exec    one more command in a machine\n"
	"  mount   a machine's files as a folder\n"
	"  cp      copy files between this host and a machine\n"
	"  import  make a distribution, kept by its name, of an image\n"
	"  export  write one to a file\n"
	"  set     what one has when it starts; set-default: which one is meant\n"
	"  compact give back the room that one does not need\n"
	"  remove  remove one\n"
	"  forward ports of this host that lead to a machine's\n"
	"  drive   give a machine that runs a drive, or take it away\n"
	"  log     what a machine's console said\n"
	"  stop    power a machine off\n"
	"  agent   serve a guest that somebody else boots\n"
	"  doctor  what works here and in a machine, and what to do\n"
	"  completion what makes bash, zsh or fish complete all this\n"
	"  enroll  make the keys for such a guest to call over the network\n"
	"  initramfs   what such a guest boots\n"
	"landbridge help COMMAND says more. Exit status: the command's own, 128+n\n"
	"for signal n; 124 when the guest does not come up, 125 when Landbridge fails.\n";

static int completion_main(const struct options *o)
{
	static char text[64 * 1024];
	struct fault why = { 0 };
	struct writer w;

	writer_init(&w, text, sizeof(text));
	if (!o->file || completion_write(&w, o->file) < 0) {
		fault_set(&why, HOST_FAILED, "give the shell to complete in: bash, zsh or fish");
		return fault_print(&why);
	}
	return w.bad || fd_write_all(STDOUT_FILENO, text, w.used) < 0 ? HOST_FAILED : 0;
}

static const struct command_entry {
	enum command command;
	int (*main)(const struct options *options);
} mains[] = {
	{ COMMAND_RUN, run_main },
	{ COMMAND_START, start_main },
	{ COMMAND_LIST, list_main },
	{ COMMAND_STOP, stop_main },
	{ COMMAND_LOG, log_main },
	{ COMMAND_EXEC, exec_main },
	{ COMMAND_SHELL, shell_main },
	{ COMMAND_MOUNT, mount_main },
	{ COMMAND_AGENT, agent_main },
	{ COMMAND_ENROLL, enroll_main },
	{ COMMAND_INITRAMFS, initramfs_main },
	{ COMMAND_IMPORT, import_main },
	{ COMMAND_EXPORT, export_main },
	{ COMMAND_REMOVE, remove_main },
	{ COMMAND_SET, set_main },
	{ COMMAND_SET_DEFAULT, set_default_main },
	{ COMMAND_COMPACT, compact_main },
	{ COMMAND_COMPLETION, completion_main },
	{ COMMAND_DOCTOR, doctor_main },
	{ COMMAND_FORWARD, forward_main },
	{ COMMAND_CP, cp_main },
	{ COMMAND_DRIVE, drive_main },
};

static int print(const char *text)
{
	return fd_write_all(STDOUT_FILENO, text, strlen(text)) < 0 ? HOST_FAILED : 0;
}

static int command_main(enum command command, char **argv)
{
	struct fault why = { 0 };
	struct options options;

	if (options_parse(&options, command, argv, &why) < 0)
		return fault_print(&why);
	if (options.help)
		return print(options_help(command));
	for (size_t i = 0; i < array_len(mains); i++)
		if (mains[i].command == command)
			return mains[i].main(&options);
	return HOST_FAILED;
}

static bool is_word(const char *word, const char *plain, const char *option, const char *letter)
{
	return strcmp(word, plain) == 0 || strcmp(word, option) == 0 || strcmp(word, letter) == 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	bool help = word && is_word(word, "help", "--help", "-h");
	struct fault why = { 0 };
	enum command command;

	if (stdio_hold() < 0)
		return HOST_FAILED;
	if (help && argc == 2)
		return print(usage);
	if (word && is_word(word, "version", "--version", "-V"))
		return print("landbridge " LANDBRIDGE_VERSION "\n");
	if (help)
		word = argv[2];
	command = word ? options_command(word) : 0;
	if (command && help)
		return print(options_help(command));
	if (command)
		return command_main(command, argv + 1);
	if (word)
		fault_set(&why, HOST_FAILED, "unknown command %s (see landbridge help)", word);
	else
		fault_set(&why, HOST_FAILED, "give a command (see landbridge help)");
	return fault_print(&why);
}
