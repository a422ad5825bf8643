/* service.c: what of the guest the host may open as a stream of bytes. */
#include "interop/guest/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/accounts.h"
#include "lib/lib.h"
#include "lib/places.h"
#include "lib/textfile.h"

static const struct service {
	const char *name, *socket;
} services[] = {
	{ "files", LANDBRIDGE_P9D_SOCKET },
};

static int refuse(struct failed *why, char text[WIRE_FAILED_MAX], uint32_t code, int error)
{
	why->code = code;
	why->os_error = error < 0 ? (uint32_t)-error : 0;
	why->text = (struct wire_str){ text, strlen(text) };
	return error < 0 ? error : -ENOENT;
}

/* Who asks is told by the socket: the kernel notes our effective uid when we
 * connect. The system call and not the C library's function, which would change
 * every thread. */
static int connect_as(const char *path, uid_t uid)
{
	int fd;

	if (syscall(SYS_setresuid, -1, uid, -1) < 0)
		return -errno;
	fd = unix_connect_now(path); /* the broker serves others too */
	if (syscall(SYS_setresuid, -1, 0, -1) < 0)
		abort(); /* never go on as somebody else */
	return fd;
}

/* 0: it is there, or a number, of which everyone is one. Where the file cannot be read, root is there all the same. */
static int user_find(const char *name, uid_t *uid)
{
	struct textfile passwd;
	struct account account;
	int found;
	char *at;

	if (account_id(name, strlen(name), uid))
		return 0;
	found = textfile_read(&passwd, "/etc/passwd");
	at = passwd.at;
	if (found < 0)
		return strcmp(name, "root") == 0 ? 0 : found;
	found = -ENOENT;
	while (found < 0 && account_next(&at, passwd.at + passwd.len, &account))
		found = strcmp(account.name, name) == 0 ? 0 : -ENOENT;
	if (found == 0)
		*uid = account.uid;
	textfile_drop(&passwd);
	return found;
}

int service_open(const struct open *o, struct failed *why, char text[WIRE_FAILED_MAX])
{
	const struct service *service = NULL;
	uid_t uid = 0;
	int fd;

	for (size_t i = 0; i < array_len(services); i++)
		if (strcmp(services[i].name, o->service.at) == 0)
			service = &services[i];
	if (!service) {
		fmt(text, WIRE_FAILED_MAX, "the guest has no service %s", o->service.at);
		return refuse(why, text, WIRE_FAIL_NOT_FOUND, 0);
	}
	if (o->user.len && user_find(o->user.at, &uid) < 0) {
		fmt(text, WIRE_FAILED_MAX, "there is no user %s in the guest", o->user.at);
		return refuse(why, text, WIRE_FAIL_NOT_RUN, 0);
	}
	fd = geteuid() == 0 ? connect_as(service->socket, uid) : unix_connect_now(service->socket);
	if (fd >= 0)
		return fd;
	fmt(text, WIRE_FAILED_MAX, "unable to reach the guest's %s at %s: %s", service->name,
	    service->socket, strerror(-fd));
	return refuse(why, text, WIRE_FAIL_BRIDGE, fd);
}
