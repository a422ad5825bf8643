/* main.c: landbridge: picks the command. */
#include <string.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "interop/stream/stream.h"
#include "lib/lib.h"

static const char usage[] =
	"usage: landbridge COMMAND [OPTION]...\n"
	"Boots Linux guests from which the host's Windows programs can be run.\n"
	"  run     boot an image, open a shell or run a command in it\n"
	"  shell   one more login shell in a running guest\n"
	"  exec    one more command in a running guest\n"
	"  mount   the files of a running guest as a folder\n"
	"  agent   serve a guest that somebody else boots\n"
	"landbridge COMMAND --help says more. Exit status: the command's own, 128+n\n"
	"for signal n; 124 when the guest does not come up, 125 when Landbridge fails.\n";

static const struct command_entry {
	const char *name;
	int (*main)(int argc, char **argv);
} commands[] = {
	{ "run", run_main },     { "agent", agent_main }, { "exec", exec_main },
	{ "shell", shell_main }, { "mount", mount_main },
};

static int print(const char *text)
{
	return fd_write_all(STDOUT_FILENO, text, strlen(text)) < 0 ? HOST_FAILED : 0;
}

int main(int argc, char **argv)
{
	struct fault why = { 0 };

	if (stdio_hold() < 0)
		return HOST_FAILED;
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return print(usage);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return print("landbridge " LANDBRIDGE_VERSION "\n");
	for (size_t i = 0; argc > 1 && i < array_len(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	if (argc > 1)
		fault_set(&why, HOST_FAILED, "unknown command %s (see landbridge --help)", argv[1]);
	else
		fault_set(&why, HOST_FAILED, "give a command (see landbridge --help)");
	return fault_print(&why);
}
