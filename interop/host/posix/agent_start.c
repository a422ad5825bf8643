/* agent_start.c: the agent of a machine, as a child of its supervisor. */
#include "interop/host/posix/agent_start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/agent.h"
#include "interop/host/posix/apart.h"
#include "interop/host/posix/ration.h"
#include "lib/lib.h"

/* Its descriptors: the machine lives as long as its supervisor, and no longer. */
enum { LISTENER = 3, CONTROL = 4, LOCK = 5, DOOR = 6 };

enum { LAYER_MS = 12000 };

/* QEMU needs what C: is, and only the agent has a path to it. */
static void layer_enter(struct plan *p)
{
	struct fault why = { 0 };
	int fd = wine_enter(&p->wine);

	if (fd < 0)
		_exit(-fd);
	fd_send(CONTROL, fd, "", 1);
	close(fd);
	if (wine_settle(&p->wine, &p->drives, &why) < 0)
		_exit(fault_print(&why));
}

/* The other side of that. */
static int layer_hear(struct plan *p, pid_t agent, int control, struct fault *why)
{
	char byte;
	int status;

	if (!p->wine.layer[0] || fd_recv(control, &p->vm.ends[VM_C], &byte, 1) > 0)
		return 0;
	status = child_wait(agent, LAYER_MS);
	return fault_set(
		why, HOST_FAILED, "unable to lay %s over the Wine prefix: %s", p->wine.layer,
		status >= 0 && WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "killed");
}

static _Noreturn void agent_child(struct plan *p)
{
	char path[MACHINE_DIR], link[MACHINE_DIR + 8], group[CGROUP_NAME];
	struct agent_config config = { .link = link,
				       .socket = p->socket,
				       .listener = LISTENER,
				       .control = CONTROL,
				       .share = p->wine.layer[0] ? p->vm.name : NULL,
				       .group = group,
				       .apart = true,
				       .wine_ahead = options_want_windows(&p->options),
				       .ports = p->options.ports,
				       .no_sandbox = p->options.no_sandbox,
				       .drives = &p->drives,
				       .rules = &p->rules,
				       .home = p->dirs.home,
				       .wine = &p->wine };

	p->wine.lock = LOCK;
	ration_of_machine(group, &p->machine);
	descriptors_own(LISTENER, DOOR);
	machine_path(&p->machine, "link", path);
	fmt(link, sizeof(link), "unix:%s", path);
	if (options_own_link(&p->options) != ADDRESS_SERIAL) {
		config.link = NULL;
		config.door = DOOR;
		config.at = p->vm.at;
		config.key = &p->vm.host_key;
	}
	if (p->wine.layer[0])
		layer_enter(p);
	_exit(agent_serve(&config));
}

static int ends_make(struct agent_ends *ends, int its[2])
{
	int pair[2], pipe[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ends->control = pair[0];
	its[0] = pair[1];
	if (pipe2(pipe, O_CLOEXEC) < 0)
		return -errno;
	ends->said = pipe[0];
	its[1] = pipe[1];
	return fd_set_nonblock(ends->said);
}

pid_t agent_start(struct plan *p, struct agent_ends *ends, struct fault *why)
{
	int listener = agent_listen(p->socket, why), its[2] = { -1, -1 }, r;
	int fds[] = { -1, -1, -1, listener, -1, p->wine.lock, p->vm.door };
	const struct child_setup setup = { .flags = CHILD_SESSION | CHILD_ALONE,
					   .death_signal = SIGTERM,
					   .fds = fds,
					   .fd_count = array_len(fds),
					   .name = "lb-agent" };
	char own[MACHINE_DIR];
	pid_t pid;

	*ends = (struct agent_ends){ -1, -1 };
	if (listener < 0)
		return -1;
	machine_path(&p->machine, "agent", own);
	r = ends_make(ends, its);
	if (r == 0 && p->options.socket && symlink(p->socket, own) < 0)
		r = -errno;
	if (r < 0)
		return fault_set(why, HOST_FAILED, "unable to start the agent: %s", strerror(-r));
	fds[2] = its[1];
	fds[4] = its[0];
	pid = p->apart && p->wine.layer[0] ? apart_fork(&setup) : child_fork(&setup);
	if (pid == 0)
		agent_child(p);
	close(listener);
	close(its[0]);
	close(its[1]);
	fd_close(&p->vm.door);
	key_forget(&p->vm.host_key);
	if (pid < 0)
		return fault_set(why, HOST_FAILED, "unable to start the agent: %s", strerror(-pid));
	return layer_hear(p, pid, ends->control, why) < 0 ? -1 : pid;
}
