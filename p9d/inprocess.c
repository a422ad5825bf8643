/* inprocess.c: the library's way in: one connection in this process. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "p9d/confine.h"
#include "p9d/conn.h"
#include "p9d/owners.h"
#include "p9d/p9d.h"
#include "p9d/worker.h"

#define FIDS_MAX 65536

static int serve_on(struct posix_tree *tree, const struct p9_policy *policy, int fd,
		    enum confine_role role)
{
	static const struct conn_greeting greeting = { .msize = 0 };
	struct pool_control control = { .fd = -1, .idle_ms = 0 };
	struct pool pool;
	int err = pool_init(&pool);

	if (!err && role)
		err = confine(role);
	if (err)
		close(fd);
	else
		err = conn_start(&pool, fd, &tree->tree, policy, &greeting);
	if (!err)
		pool_run(&pool, &control);
	pool_fini(&pool);
	return err;
}

int p9d_serve(const struct p9d_config *config, int fd, bool confined)
{
	enum confine_role role = config->drive ? CONFINE_DRIVE : CONFINE_SERVER;
	struct fid_share share;
	struct p9_policy policy = {
		.self = geteuid(),
		.runs_as = geteuid(),
		.all_self = config->drive,
		.read_only = config->read_only,
		.umask = config->umask,
		.fid_limit = FIDS_MAX,
		.accounts = &user_files_system,
		.share = &share,
	};
	const struct owners_config owning = { .folds = config->folds, .server = geteuid() };
	struct posix_tree tree;
	struct changes *changes = config->drive ? malloc(sizeof(*changes)) : NULL;
	struct owners owners;
	int err = posix_tree_init(&tree, config->root);

	if (config->drive) {
		tree.is_drive = true;
		owners_wrap(&owners, &tree.tree, &owning);
	}
	worker_prepare(&share);
	if (changes && changes_init(changes) == 0)
		tree.changes = changes;
	if (err)
		close(fd);
	else
		err = serve_on(&tree, &policy, fd, confined ? role : CONFINE_NOT);
	posix_tree_fini(&tree);
	if (changes)
		changes_fini(changes);
	free(changes);
	return err;
}
