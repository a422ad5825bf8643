/* server.c: the whole server on a socket, for tests. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fd.h"
#include "lib/lib.h"
#include "p9d/p9d.h"
#include "p9d/test/server.h"

static void make_owned(const char *dir, const char *name, mode_t mode, uid_t uid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	want(file_create(path, "secret", 0600), 0);
	want(chown(path, uid, uid), 0);
	want(chmod(path, mode), 0);
}

void server_start(struct server *f, const char *root, const char *extra)
{
	char listen[100], inherit[32];
	int pair[2], up = -1;

	want(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	snprintf(listen, sizeof(listen), "unix:%s", f->socket);
	snprintf(inherit, sizeof(inherit), "fd:%d", pair[1]);
	f->inherited = pair[0];
	f->server = fork();
	if (f->server == 0) {
		char *argv[] = { (char[]){ "p9d" },
				 (char[]){ "--listen" },
				 listen,
				 (char[]){ "--listen" },
				 inherit,
				 (char[]){ "--root" },
				 strdup(root),
				 extra ? strdup(extra) : NULL,
				 NULL };

		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(p9d_main(extra ? 8 : 7, argv));
	}
	close(pair[1]);
	for (int i = 0; i < 2000 && (up = unix_connect(f->socket)) < 0; i++)
		usleep(10000);
	close(up);
}

int server_setup(void **state)
{
	struct server *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/p9d-dispatcher-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	want(chmod(f->dir, 01777), 0);
	umask(0);
	snprintf(f->socket, sizeof(f->socket), "%s.sock", f->dir);
	make_owned(f->dir, "alice", 0600, ALICE);
	make_owned(f->dir, "bob", 0600, BOB);
	make_owned(f->dir, "roots", 0600, 0);
	server_start(f, f->dir, NULL);
	*state = f;
	return 0;
}

int server_teardown(void **state)
{
	struct server *f = *state;
	char command[200];
	int status;

	want(waitpid(f->server, &status, WNOHANG), 0); /* nothing has ended it */
	close(f->inherited);
	kill(f->server, SIGTERM);
	waitpid(f->server, &status, 0);
	snprintf(command, sizeof(command), "rm -rf %s %s", f->dir, f->socket);
	want(system(command), 0);
	free(f);
	return 0;
}

void connect_in(struct server *f, struct client *c, const char *version, uint32_t uid)
{
	client_connect(c, f->socket);
	want(c_version(c, version, 65536), 0);
	want(c_attach(c, ROOT, uid), 0);
}

void connect_as(struct server *f, struct client *c, uint32_t uid)
{
	connect_in(f, c, "9P2000.L", uid);
}

int open_file(struct client *c, uint32_t root, const char *name, uint32_t flags)
{
	int err = c_walk(c, root, FILE_FID, name);

	if (err)
		return err;
	err = c_open(c, FILE_FID, flags);
	want(c_clunk(c, FILE_FID), 0);
	return err;
}
