/* agent_command.c: landbridge agent: serves a guest that somebody else boots. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "interop/host/posix/agent.h"
#include "interop/host/posix/commands.h"
#include "interop/host/posix/ration.h"
#include "interop/host/posix/rules_file.h"
#include "lib/lib.h"

/* Holds PATH.lock, or another takes it at the same time. */
static int lock_beside(const char *path, char *lock, size_t size)
{
	struct stat held, there;
	int fd, error;

	if (path_format(lock, size, "%s.lock", path) < 0)
		return -ENAMETOOLONG;
	for (;;) {
		fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -errno;
		error = flock(fd, LOCK_EX) < 0 ? -errno : 0;
		/* Its last holder took the file away: that one is nobody's now. */
		if (!error && fstat(fd, &held) == 0 && lstat(lock, &there) == 0 &&
		    held.st_ino == there.st_ino && held.st_dev == there.st_dev)
			return fd;
		close(fd);
		if (error && error != -EINTR)
			return error;
	}
}

int agent_listen(const char *path, struct fault *why)
{
	char lock[PATH_MAX];
	int held = lock_beside(path, lock, sizeof(lock)), fd = held;

	if (held >= 0) {
		fd = unix_listen(path, 0600, 16);
		unlink(lock);
		close(held);
	}
	return fd < 0 ? fault_set(why, HOST_FAILED, "unable to listen on %s: %s%s", path,
				  strerror(-fd), fd == -EADDRINUSE ? " by another agent" : "")
		      : fd;
}

/* From the moment the socket is there it is also taken away: what would end us
 * waits until it is taken as an event. */
static void signals_hold(void)
{
	const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < array_len(ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int agent_key(struct key *key, const char *path, struct fault *why)
{
	int error = key_load(key, path);

	if (!error && key_expired(key, time(NULL)))
		error = -EKEYEXPIRED;
	if (!error)
		return 0;
	return fault_set(why, HOST_FAILED, "unable to use the key %s: %s", path,
			 error == -EKEYEXPIRED ? link_why(error) : key_why(error));
}

/* Who can reach the socket of a hypervisor could be its guest, and who can put another in
 * its place, the guest's host. */
static int dir_is_ours(const char *path, struct fault *why)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	fmt(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (stat(dir, &st) < 0)
		return fault_set(why, HOST_FAILED, "unable to listen on %s: %s", path,
				 strerror(errno));
	if (st.st_uid == geteuid() && !(st.st_mode & 077))
		return 0;
	return fault_set(why, HOST_FAILED,
			 "unable to listen on %s: its directory is not yours alone (chmod 700)",
			 path);
}

static int guest_listen(struct agent_config *config, const char *listen, struct fault *why)
{
	int error = address_parse(&config->at, listen);

	if (!error && config->at.kind == ADDRESS_UNIX && dir_is_ours(config->at.name, why) < 0)
		return -1;
	config->door = error ? error : link_listen(&config->at);
	return config->door < 0 ? fault_set(why, HOST_FAILED, "unable to listen on %s: %s", listen,
					    link_why(config->door))
				: 0;
}

static int agent_command(const struct options *o, struct fault *why)
{
	struct agent_config config = {
		.socket = o->socket, .control = -1, .door = -1, .wine_ahead = true
	};
	struct drives drives;
	char policy[PATH_MAX], group[CGROUP_NAME];
	struct rules rules;
	struct dirs dirs;
	struct wine wine;
	struct key key;

	if (!o->socket)
		return fault_set(why, HOST_FAILED, "say where to listen: --socket PATH");
	if (o->key && agent_key(&key, o->key, why) < 0)
		return -1;
	config.key = o->key ? &key : NULL;
	if (dirs_find(&dirs, why) < 0 || drives_decide(&drives, &o->drives, &dirs, why) < 0 ||
	    rules_load(&rules, &dirs, &drives, policy, why) < 0 ||
	    rules_check_ports(&rules, o->ports, policy, why) < 0 ||
	    wine_find(&wine, &dirs, &drives, why) < 0 || wine_prepare(&wine, &drives, why) < 0)
		return -1;
	if (o->listen && guest_listen(&config, o->listen, why) < 0)
		return -1;
	config.link = o->link;
	config.ports = o->ports;
	config.no_sandbox = o->no_sandbox;
	ration_of_socket(group, o->socket);
	config.group = group;
	config.drives = &drives;
	config.rules = &rules;
	config.home = dirs.home;
	config.wine = &wine;
	signals_hold();
	config.listener = agent_listen(o->socket, why);
	if (config.listener < 0)
		return -1;
	return agent_serve(&config);
}

int agent_main(const struct options *options)
{
	struct fault why = { 0 };
	int status = agent_command(options, &why);

	return status < 0 ? fault_print(&why) : status;
}
