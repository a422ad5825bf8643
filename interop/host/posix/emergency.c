/* emergency.c: puts a person at the guest's console. */
#include "interop/host/posix/emergency.h"

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/lib.h"

void terminal_save(struct terminal *terminal)
{
	terminal->known = tcgetattr(STDIN_FILENO, &terminal->was) == 0;
}

void terminal_restore(const struct terminal *terminal)
{
	sigset_t set;

	if (!terminal->known)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->was);
}

static void keyboard_ready(struct watch *watch, uint32_t events)
{
	struct emergency *e = container_of(watch, struct emergency, keyboard);
	char keys[256];
	ssize_t n = read(watch->fd, keys, sizeof(keys));

	(void)events;
	if (n > 0 && e->console.fd >= 0)
		fd_write_all(e->console.fd, keys, (size_t)n);
	else if (n == 0)
		e->over(e);
}

static void console_ready(struct watch *watch, uint32_t events)
{
	char text[4096];
	ssize_t n = read(watch->fd, text, sizeof(text));
	int fd = watch->fd;

	(void)events;
	if (n > 0) {
		fd_write_all(STDERR_FILENO, text, (size_t)n);
		return;
	}
	watch_remove(watch);
	close(fd);
}

int emergency_start(struct emergency *e, struct loop *loop, const struct terminal *terminal,
		    const char *path)
{
	struct termios raw = terminal->was;
	int fd = unix_connect(path), error;

	e->keyboard.ready = keyboard_ready;
	e->console.ready = console_ready;
	if (fd < 0)
		return fd;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	error = watch_add(loop, &e->console, fd, EPOLLIN);
	if (!error)
		error = watch_add(loop, &e->keyboard, STDIN_FILENO, EPOLLIN);
	if (!error)
		fd_write_all(fd, "\r", 1); /* for a prompt: the first one is past */
	return error;
}
