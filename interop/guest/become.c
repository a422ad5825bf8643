/* become.c: programs of the guest's own that a handler of ours took in: they begin
 * or end like Windows ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "binfmt/binfmt.h"
#include "interop/guest/program.h"

/* {first, arg, given, args...}; `arg` may be NULL. */
static int run_by(const char *first, const char *arg, const char *given, char *const *args)
{
	size_t count = 0, n = 0;
	char **argv;

	while (args[count])
		count++;
	argv = malloc((count + 4) * sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[n++] = (char *)(uintptr_t)first;
	if (arg)
		argv[n++] = (char *)(uintptr_t)arg;
	argv[n++] = (char *)(uintptr_t)given;
	for (size_t i = 0; i <= count; i++)
		argv[n++] = args[i];
	execv(first, argv);
	free(argv);
	return -errno;
}

/* By its descriptor, whose name has no extension that a handler could match. */
static int run_elf(const char *path, char *const *argv)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		fexecve(fd, argv, environ);
	return -errno;
}

/* The loader, where it is installed; else the program is a shell script too. */
static int run_ape(const char *given, char *const *args)
{
	int error = run_by("/usr/bin/ape", NULL, given, args);

	return error == -ENOENT ? run_by("/bin/sh", NULL, given, args) : error;
}

int program_become(struct program *program, const char *given, char *const *argv)
{
	const char *interpreter, *arg;

	switch (program->kind) {
	case PROGRAM_ELF:
		return run_elf(program->path, argv);
	case PROGRAM_APE:
		return run_ape(given, argv + 1);
	default:
		return script_line(program->line, &interpreter, &arg)
			       ? run_by(interpreter, arg, given, argv + 1)
			       : -ENOEXEC;
	}
}
