/* vsock.c: a vsock(7) device for a VM of ours. */
#include "interop/host/posix/vsock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vhost.h>
#include <linux/vm_sockets.h>

#include "interop/host/posix/tool.h"
#include "lib/lib.h"
#include "lib/places.h"

#define PROGRAM "vhost-device-vsock"

enum {
	CID_TRIES = 64,
	PORT = 1024, /* where one is as good as another */
	START_MS = 5000,
	LOOK_MS = 10,
};

/* Any from 3 on (those below are the hypervisor's and the host's), if it is free. */
static int cid_take(int fd, uint32_t *out)
{
	for (unsigned i = 0; i < CID_TRIES; i++) {
		uint32_t random;
		uint64_t cid;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		cid = random % INT32_MAX + VMADDR_CID_HOST + 1;
		*out = (uint32_t)cid;
		if (ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

int vsock_find(struct vsock *v, int *fd, struct fault *why)
{
	*fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
	if (*fd >= 0 && cid_take(*fd, &v->cid) == 0) {
		note("every user of this host reaches the guest's files, at port %d of vsock "
		     "CID %u (fileServer.enabled=false in its wsl.conf cuts them off)",
		     LANDBRIDGE_P9D_PORT, v->cid);
		return 0;
	}
	fd_close(fd);
	v->cid = 0;
	return path_search(PROGRAM, v->program, sizeof(v->program)) == 0
		       ? 0
		       : fault_set(why, HOST_FAILED,
				   "unable to make a vsock device: this user may not use "
				   "/dev/vhost-vsock, and there is no " PROGRAM
				   " (--link auto needs neither)");
}

/* A socket to it as soon as it listens. */
static int device_call(pid_t pid, const char *path)
{
	int fd = unix_connect(path);

	for (int ms = 0; fd < 0 && ms < START_MS; ms += LOOK_MS) {
		if (child_ends(pid, LOOK_MS) != 0)
			return -ECHILD;
		fd = unix_connect(path);
	}
	return fd;
}

int vsock_start(struct vsock *v, const struct machine *m, int *fd, struct fault *why)
{
	char device[MACHINE_DIR], calls[MACHINE_DIR];
	const char *argv[] = { v->program, "--socket", device, "--uds-path", calls, NULL };
	const struct tool tool = { .program = v->program,
				   .argv = (char **)(uintptr_t)argv,
				   .in = -1,
				   .out = -1,
				   .err = -1,
				   .death_signal = SIGKILL };
	pid_t pid;

	if (v->cid)
		return 0;
	machine_path(m, "device", device);
	machine_path(m, "vsock", calls);
	pid = tool_start(&tool);
	*fd = pid < 0 ? pid : device_call(pid, device);
	if (*fd >= 0) {
		v->pid = pid;
		return 0;
	}
	if (pid > 0)
		child_wait(pid, 0);
	return fault_set(why, HOST_FAILED, "unable to start %s: %s", v->program,
			 *fd == -ECHILD ? "it ended at once" : strerror(-*fd));
}

bool vsock_ended(struct vsock *v, pid_t pid)
{
	if (!v->pid || pid != v->pid)
		return false;
	v->pid = 0;
	return true;
}

/* At a port that was free. */
static int kernel_door(const struct vsock *v, struct address *at)
{
	struct sockaddr_vm name = { 0 };
	socklen_t size = sizeof(name);
	int fd, error;

	*at = (struct address){ .kind = ADDRESS_VSOCK, .cid = v->cid, .port = VMADDR_PORT_ANY };
	fd = link_listen(at);
	if (fd < 0)
		return fd;
	if (getsockname(fd, (struct sockaddr *)&name, &size) == 0) {
		at->port = name.svm_port;
		return fd;
	}
	error = -errno;
	close(fd);
	return error;
}

int vsock_door(const struct vsock *v, const struct machine *m, struct address *at)
{
	char file[16], path[MACHINE_DIR];

	if (v->cid)
		return kernel_door(v, at);
	*at = (struct address){ .kind = ADDRESS_UNIX, .port = PORT };
	fmt(file, sizeof(file), "vsock_%d", PORT);
	machine_path(m, file, path);
	fmt(at->name, sizeof(at->name), "%s", path);
	return link_listen(at);
}
