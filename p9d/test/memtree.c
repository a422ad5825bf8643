/* memtree.c: a file tree in memory. */
#include "p9d/owners.h"
#include "p9d/test/memtree.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/fmt.h"

static struct memtree *of(struct filetree *tree)
{
	return (struct memtree *)(void *)tree;
}

/* A handle that was closed, or never given, is a fault of the session. */
static struct memtree_node *node_of(struct filetree *tree, const struct tree_file *file)
{
	int n = file->path >= 0 ? file->path : file->data;

	if (n < 0)
		return NULL;
	if (n >= MEMTREE_NODES || !of(tree)->nodes[n].used || !of(tree)->nodes[n].held)
		abort();
	return &of(tree)->nodes[n];
}

static int index_of(struct filetree *tree, const struct memtree_node *node)
{
	return (int)(node - of(tree)->nodes);
}

static void hold(struct filetree *tree, struct memtree_node *node)
{
	node->held++;
	of(tree)->held++;
}

static void drop(struct filetree *tree, int n)
{
	struct memtree_node *node = &of(tree)->nodes[n];

	if (!node->used || !node->held || !of(tree)->held)
		abort();
	of(tree)->held--;
	if (--node->held == 0 && node->parent < 0 && n != 0)
		node->used = false;
}

static void give(struct filetree *tree, struct memtree_node *node, struct tree_file *out)
{
	hold(tree, node);
	*out = (struct tree_file){
		.path = index_of(tree, node),
		.data = -1,
		.type = node->type,
		.dev = 1,
		.ino = (uint64_t)index_of(tree, node) + 1,
		.version = (uint32_t)node->size + 1,
	};
}

static struct memtree_node *child(struct filetree *tree, const struct tree_file *dir,
				  const char *name)
{
	int parent = index_of(tree, node_of(tree, dir));

	for (int n = 1; n < MEMTREE_NODES; n++) {
		struct memtree_node *node = &of(tree)->nodes[n];

		if (node->used && node->parent == parent && strcmp(node->name, name) == 0)
			return node;
	}
	return NULL;
}

static struct memtree_node *add(struct filetree *tree, int parent, const char *name, uint8_t type,
				uint32_t mode)
{
	for (int n = 1; n < MEMTREE_NODES; n++) {
		struct memtree_node *node = &of(tree)->nodes[n];

		if (node->used)
			continue;
		*node = (struct memtree_node){
			.used = true,
			.type = type,
			.parent = parent,
			.mode = mode,
		};
		fmt(node->name, sizeof(node->name), "%s", name);
		return node;
	}
	return NULL;
}

static int make(struct filetree *tree, const struct tree_file *dir, const char *name, uint8_t type,
		uint32_t mode)
{
	struct memtree_node *up = node_of(tree, dir);

	if (!up || up->type != TREE_DIR)
		return -ENOTDIR;
	if (strchr(name, '/') || !*name)
		abort();
	if (child(tree, dir, name))
		return -EEXIST;
	return add(tree, index_of(tree, up), name, type, mode) ? 0 : -ENOSPC;
}

static int mem_attach(struct filetree *tree, const char *path, struct tree_file *out)
{
	if (*path && strcmp(path, "/") != 0)
		return -ENOENT;
	give(tree, &of(tree)->nodes[0], out);
	return 0;
}

static int mem_walk(struct filetree *tree, const struct tree_file *dir, const char *name,
		    struct tree_file *out)
{
	struct memtree_node *node;

	if (!node_of(tree, dir) || node_of(tree, dir)->type != TREE_DIR)
		return -ENOTDIR;
	node = child(tree, dir, name);
	if (!node)
		return -ENOENT;
	give(tree, node, out);
	return 0;
}

static int mem_walk_up(struct filetree *tree, const struct tree_file *dir,
		       const struct tree_file *top, struct tree_file *out)
{
	struct memtree_node *node = node_of(tree, dir);

	node_of(tree, top);
	if (node->parent >= 0)
		node = &of(tree)->nodes[node->parent];
	give(tree, node, out);
	return 0;
}

static int mem_clone(struct filetree *tree, const struct tree_file *file, struct tree_file *out)
{
	struct memtree_node *node = node_of(tree, file);

	*out = TREE_FILE_NONE;
	if (!node)
		return -EBADF;
	give(tree, node, out);
	return 0;
}

static int mem_close(struct filetree *tree, struct tree_file *file)
{
	if (file->path >= 0)
		drop(tree, file->path);
	if (file->data >= 0)
		drop(tree, file->data);
	*file = TREE_FILE_NONE;
	return 0;
}

static mode_t format_of(uint8_t type)
{
	static const mode_t formats[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO };

	return formats[type];
}

static int mem_getattr(struct filetree *tree, const struct tree_file *file, uint64_t mask,
		       struct p9_qid *qid, struct p9_attr *attr)
{
	struct memtree_node *node = node_of(tree, file);

	(void)mask;
	if (!node)
		return -EBADF;
	*qid = tree_qid(file);
	*attr = (struct p9_attr){ .mode = format_of(node->type) | node->mode, .size = node->size };
	return 0;
}

static int mem_lookup(struct filetree *tree, const struct tree_file *dir, const char *name,
		      struct p9_qid *qid, struct p9_attr *attr)
{
	struct tree_file file;
	int err = strcmp(name, ".") == 0 ? mem_clone(tree, dir, &file)
					 : mem_walk(tree, dir, name, &file);

	if (!err)
		err = mem_getattr(tree, &file, 0, qid, attr);
	if (!err)
		mem_close(tree, &file);
	return err;
}

static int mem_setattr(struct filetree *tree, const struct tree_file *file, uint32_t valid,
		       const struct p9_attr *attr)
{
	struct memtree_node *node = node_of(tree, file);

	if (!node)
		return -EBADF;
	if (valid & P9_SET_SIZE && attr->size > MEMTREE_DATA)
		return -EFBIG;
	if (valid & P9_SET_SIZE)
		node->size = attr->size;
	if (valid & P9_SET_MODE)
		node->mode = attr->mode & 07777;
	return 0;
}

static int mem_statfs(struct filetree *tree, const struct tree_file *file, struct p9_statfs *out)
{
	*out = (struct p9_statfs){ .type = 1 };
	return node_of(tree, file) ? 0 : -EBADF;
}

static int mem_access(struct filetree *tree, const struct tree_file *file,
		      const struct tree_file *top, uint32_t bits)
{
	(void)bits;
	node_of(tree, top);
	return node_of(tree, file) ? 0 : -EBADF;
}

static ssize_t mem_readlink(struct filetree *tree, const struct tree_file *file, char *buf,
			    size_t size)
{
	struct memtree_node *node = node_of(tree, file);
	size_t len = node->size < size ? node->size : size;

	memcpy(buf, node->data, len);
	return (ssize_t)len;
}

static int mem_open(struct filetree *tree, struct tree_file *file, uint32_t flags)
{
	struct memtree_node *node = node_of(tree, file);

	if (!node || file->data >= 0)
		abort();
	if (node->type == TREE_LINK || node->type == TREE_OTHER)
		return -ENXIO;
	if (node->type == TREE_DIR && flags & (P9_O_ACCMODE | P9_O_TRUNC))
		return -EISDIR;
	if (flags & P9_O_TRUNC)
		node->size = 0;
	hold(tree, node);
	file->data = index_of(tree, node);
	return 0;
}

static int mem_create(struct filetree *tree, const struct tree_file *dir, const char *name,
		      const struct tree_create *how, struct tree_file *out)
{
	int err = make(tree, dir, name, TREE_FILE, how->mode);

	if (err && (err != -EEXIST || how->flags & P9_O_EXCL))
		return err;
	err = mem_walk(tree, dir, name, out);
	if (!err)
		err = mem_open(tree, out, how->flags);
	if (err)
		mem_close(tree, out);
	return err;
}

static ssize_t mem_read(struct filetree *tree, const struct tree_file *file, void *buf,
			size_t count, uint64_t offset)
{
	struct memtree_node *node = node_of(tree, file);

	if (file->data < 0)
		abort();
	if (offset >= node->size)
		return 0;
	if (count > node->size - offset)
		count = node->size - offset;
	memcpy(buf, node->data + offset, count);
	return (ssize_t)count;
}

static ssize_t mem_write(struct filetree *tree, const struct tree_file *file, const void *buf,
			 size_t count, uint64_t offset)
{
	struct memtree_node *node = node_of(tree, file);

	if (file->data < 0)
		abort();
	if (offset >= MEMTREE_DATA)
		return -EFBIG;
	if (count > MEMTREE_DATA - offset)
		count = MEMTREE_DATA - offset;
	memcpy(node->data + offset, buf, count);
	if (node->size < offset + count)
		node->size = offset + count;
	return (ssize_t)count;
}

static int mem_sync(struct filetree *tree, const struct tree_file *file, bool data_only)
{
	(void)data_only;
	return node_of(tree, file) ? 0 : -EBADF;
}

static int mem_readdir(struct filetree *tree, struct tree_file *dir, uint64_t offset,
		       struct tree_listing *listing)
{
	int parent = index_of(tree, node_of(tree, dir));
	bool any = false;

	for (uint64_t n = offset; n < MEMTREE_NODES; n++) {
		struct memtree_node *node = &of(tree)->nodes[n];
		struct tree_entry entry = { .cookie = n + 1, .type = DT_REG, .name = node->name };

		if (!node->used || node->parent != parent)
			continue;
		if (!listing->add(listing, &entry))
			return any ? 0 : -EINVAL;
		any = true;
	}
	return 0;
}

static int mem_mkdir(struct filetree *tree, const struct tree_file *dir, const char *name,
		     const struct tree_create *how)
{
	return make(tree, dir, name, TREE_DIR, how->mode);
}

static int mem_mknod(struct filetree *tree, const struct tree_file *dir, const char *name,
		     const struct tree_create *how)
{
	return make(tree, dir, name, TREE_OTHER, how->mode);
}

static int mem_symlink(struct filetree *tree, const struct tree_file *dir, const char *name,
		       const char *target, const struct tree_create *how)
{
	int err = make(tree, dir, name, TREE_LINK, how->mode);
	struct memtree_node *node = err ? NULL : child(tree, dir, name);

	if (node) {
		node->size = strlen(target) < MEMTREE_DATA ? strlen(target) : MEMTREE_DATA;
		memcpy(node->data, target, node->size);
	}
	return err;
}

static int mem_link(struct filetree *tree, const struct tree_file *file,
		    const struct tree_file *dir, const char *name)
{
	if (!node_of(tree, file))
		return -EBADF;
	return make(tree, dir, name, TREE_FILE, 0);
}

static bool is_empty(struct filetree *tree, int n)
{
	for (int i = 1; i < MEMTREE_NODES; i++)
		if (of(tree)->nodes[i].used && of(tree)->nodes[i].parent == n)
			return false;
	return true;
}

static int mem_unlink(struct filetree *tree, const struct tree_file *dir, const char *name,
		      bool is_dir)
{
	struct memtree_node *node = child(tree, dir, name);

	if (!node)
		return -ENOENT;
	if (is_dir != (node->type == TREE_DIR))
		return is_dir ? -ENOTDIR : -EISDIR;
	if (!is_empty(tree, index_of(tree, node)))
		return -ENOTEMPTY;
	node->parent = -1;
	node->used = node->held > 0;
	return 0;
}

static int mem_rename(struct filetree *tree, const struct tree_rename *how)
{
	struct memtree_node *node = child(tree, how->from, how->name);

	if (!node)
		return -ENOENT;
	if (how->flags & P9_RENAME_EXCHANGE)
		return -EINVAL;
	if (child(tree, how->to, how->new_name) || node->type == TREE_DIR)
		return -EEXIST;
	node->parent = index_of(tree, node_of(tree, how->to));
	fmt(node->name, sizeof(node->name), "%s", how->new_name);
	return 0;
}

static int mem_seek(struct filetree *tree, const struct tree_file *file, uint64_t *offset,
		    bool hole)
{
	const struct memtree_node *node = node_of(tree, file);

	if (*offset >= node->size)
		return -ENXIO;
	if (hole)
		*offset = node->size;
	return 0;
}

static int mem_locate(struct filetree *tree, const struct tree_file *file,
		      const struct tree_file *top, struct tree_file *dir,
		      char name[P9_NAME_MAX + 1])
{
	struct memtree_node *node = node_of(tree, file);

	node_of(tree, top);
	if (!node || node->parent < 0)
		return -ENOENT;
	fmt(name, P9_NAME_MAX + 1, "%s", node->name);
	give(tree, &of(tree)->nodes[node->parent], dir);
	return 0;
}

static ssize_t mem_getxattr(struct filetree *tree, const struct tree_file *file, const char *name,
			    void *buf, size_t size)
{
	struct memtree_node *node = node_of(tree, file);

	if (!node)
		return -EBADF;
	if (!name)
		return 0;
	if (strcmp(name, "user.x") != 0 && strcmp(name, OWNERS_META) != 0)
		return -ENODATA;
	if (size && size < node->xattr_size)
		return -ERANGE;
	if (size)
		memcpy(buf, node->xattr, node->xattr_size);
	return (ssize_t)node->xattr_size;
}

static int mem_setxattr(struct filetree *tree, const struct tree_file *file,
			const struct xattr *xattr)
{
	struct memtree_node *node = node_of(tree, file);

	if (!node || xattr->size > MEMTREE_DATA)
		return -ENOSPC;
	memcpy(node->xattr, xattr->value, xattr->size);
	node->xattr_size = xattr->size;
	return 0;
}

static int mem_removexattr(struct filetree *tree, const struct tree_file *file, const char *name)
{
	(void)name;
	node_of(tree, file)->xattr_size = 0;
	return 0;
}

static int mem_lock_open(struct filetree *tree, const struct tree_file *file, bool write)
{
	(void)write;
	node_of(tree, file);
	return (int)of(tree)->owners++;
}

static void mem_lock_close(struct filetree *tree, int owner)
{
	(void)owner;
	if (of(tree)->owners-- == 0)
		abort();
}

static int mem_lock_copy(struct filetree *tree, int from, int to)
{
	(void)tree;
	return from < to ? 0 : -ENOLCK;
}

static int mem_lock(struct filetree *tree, int owner, const struct tree_lock *lock)
{
	(void)tree;
	(void)owner;
	return lock->start % 2 ? -EAGAIN : 0;
}

static bool mem_lock_held(struct filetree *tree, int owner)
{
	(void)tree;
	return owner % 2;
}

static int mem_lock_test(struct filetree *tree, int owner, struct tree_lock *lock)
{
	(void)tree;
	(void)owner;
	lock->type = P9_LOCK_NONE;
	return 0;
}

static int mem_become(struct filetree *tree, const struct user *user)
{
	(void)tree;
	return user->uid == 99 ? -EPERM : 0;
}

static const struct tree_ops mem_ops = {
	.attach = mem_attach,
	.walk = mem_walk,
	.walk_up = mem_walk_up,
	.clone = mem_clone,
	.close = mem_close,
	.getattr = mem_getattr,
	.setattr = mem_setattr,
	.statfs = mem_statfs,
	.access = mem_access,
	.readlink = mem_readlink,
	.open = mem_open,
	.create = mem_create,
	.read = mem_read,
	.write = mem_write,
	.sync = mem_sync,
	.readdir = mem_readdir,
	.lookup = mem_lookup,
	.mkdir = mem_mkdir,
	.mknod = mem_mknod,
	.symlink = mem_symlink,
	.link = mem_link,
	.unlink = mem_unlink,
	.rename = mem_rename,
	.seek = mem_seek,
	.locate = mem_locate,
	.getxattr = mem_getxattr,
	.setxattr = mem_setxattr,
	.removexattr = mem_removexattr,
	.lock_open = mem_lock_open,
	.lock_close = mem_lock_close,
	.lock_copy = mem_lock_copy,
	.lock = mem_lock,
	.lock_held = mem_lock_held,
	.lock_test = mem_lock_test,
	.become = mem_become,
};

void memtree_init(struct memtree *tree)
{
	struct memtree_node *dir;

	memset(tree, 0, sizeof(*tree));
	tree->tree.ops = &mem_ops;
	tree->nodes[0] = (struct memtree_node){
		.used = true,
		.type = TREE_DIR,
		.parent = -1,
		.mode = 0755,
	};
	dir = add(&tree->tree, 0, "d", TREE_DIR, 0755);
	add(&tree->tree, index_of(&tree->tree, dir), "f", TREE_FILE, 0644);
	add(&tree->tree, 0, "f", TREE_FILE, 0644)->size = 5;
	add(&tree->tree, 0, "l", TREE_LINK, 0777)->size = 1;
	add(&tree->tree, 0, "p", TREE_OTHER, 0644);
}
