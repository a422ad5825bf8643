/* tool.c: starts programs and waits for them. */
#include "interop/host/posix/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/host.h"
#include "lib/lib.h"

static bool args_grow(struct args *args)
{
	size_t size = args->size ? args->size * 2 : 32;
	char **at;

	if (args->count + 2 <= args->size)
		return true;
	at = reallocarray(args->at, size, sizeof(*at));
	if (!at)
		return false;
	args->at = at;
	args->size = size;
	return true;
}

void args_add(struct args *args, const char *format, ...)
{
	va_list list;
	size_t len;
	char *text;

	va_start(list, format);
	len = fmt_va(NULL, 0, format, list);
	va_end(list);
	text = malloc(len + 1);
	if (!text || !args_grow(args)) {
		free(text);
		args->bad = true;
		return;
	}
	va_start(list, format);
	fmt_va(text, len + 1, format, list);
	va_end(list);
	args->at[args->count++] = text;
	args->at[args->count] = NULL;
}

void args_free(struct args *args)
{
	while (args->count > 0)
		free(args->at[--args->count]);
	free(args->at);
	*args = (struct args){ 0 };
}

static int start_exec(void *arg)
{
	const struct tool *tool = arg;
	int r;

	if (tool->dir && chdir(tool->dir) < 0)
		return -errno;
	for (size_t i = 0; i < tool->keep_count; i++)
		fd_set_cloexec(tool->keep[i], 0);
	if (tool->before && (r = tool->before()) < 0)
		return r;
	execvpe(tool->program, tool->argv, tool->envp ? tool->envp : environ);
	return -errno;
}

pid_t tool_start(const struct tool *tool)
{
	const int stdio[3] = { tool->in, tool->out, tool->err };
	const struct child_setup setup = { .flags = CHILD_SESSION,
					   .death_signal = tool->death_signal,
					   .fds = stdio,
					   .fd_count = 3 };

	return child_exec(&setup, start_exec, (void *)(uintptr_t)tool);
}

void descriptors_own(int first, int last)
{
	for (int fd = first; fd <= last; fd++)
		fd_set_cloexec(fd, 1);
}

void text_last_line(char *text)
{
	size_t len = strlen(text);
	char *start;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	start = strrchr(text, '\n');
	if (start)
		memmove(text, start + 1, strlen(start + 1) + 1);
}

/* Reads to end of file and keeps the end of it. */
static void drain(int fd, char *text, size_t size)
{
	size_t used = 0, half = size / 2;
	ssize_t n;

	for (;;) {
		n = read(fd, text + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used > half) {
			memmove(text, text + used - half, half);
			used = half;
		}
	}
	text[used] = '\0';
}

int tool_finish(struct tool *tool, char *text, size_t size)
{
	int output[2], status;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	tool->out = tool->err = output[1];
	pid = tool_start(tool);
	close(output[1]);
	if (pid > 0)
		drain(output[0], text, size);
	close(output[0]);
	if (pid < 0)
		return pid;
	text_last_line(text);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int tool_run(char *const *argv, char *text, size_t size)
{
	struct tool tool = { .program = argv[0], .argv = argv, .in = -1, .death_signal = SIGTERM };

	return tool_finish(&tool, text, size);
}

int path_search(const char *name, char *path, size_t size)
{
	const char *dir = getenv("PATH");
	size_t len;

	for (dir = dir ? dir : "/usr/bin:/bin"; *dir; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		if (len > 0 && path_format(path, size, "%.*s/%s", (int)len, dir, name) == 0 &&
		    access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}
