/* p9mount.c: p9fs as root mounts it in the guest, as a program of its own: for tests.
 *
 *   p9mount SOCKET DIR TYPE CACHE     as the server's user root; returns when it is mounted
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/lib.h"
#include "p9fs/p9fs.h"

static int server_connect(void *owner)
{
	return unix_connect(owner);
}

int main(int argc, char **argv)
{
	struct p9fs_config config = { .connect = server_connect,
				      .user = "root",
				      .way = &p9fs_as_root,
				      .name = "D:",
				      .flags = MS_NOSUID | MS_NODEV,
				      .allow_other = true };
	const char *step;
	struct p9fs *mount;
	int err, ready[2];
	char byte;

	if (argc != 5)
		return 2;
	config.owner = argv[1];
	config.dir = argv[2];
	config.type = argv[3];
	config.cache = atof(argv[4]);
	if (pipe(ready) < 0)
		return 1;
	if (fork() > 0) { /* before it is opened: a thread of its own is no child's */
		close(ready[1]);
		return read(ready[0], &byte, 1) == 1 ? 0 : 1;
	}
	err = p9fs_open(&mount, &config, &step);
	if (err < 0) {
		printf("p9mount: unable to %s: %s\n", step, strerror(-err));
		return 1;
	}
	fd_write_all(ready[1], "x", 1);
	close(ready[1]);
	err = p9fs_serve(mount);
	p9fs_close(mount);
	return err < 0;
}
