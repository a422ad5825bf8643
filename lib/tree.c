/* tree.c: all descendants of a process. */
#include "lib/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/macros.h"

struct node {
	pid_t pid, parent;
	bool inside;
};

struct tree {
	struct dir_walk walk; /* of /proc */
	int error;
	struct node *at;
	size_t count, size;
};

pid_t stat_parent(const char *text)
{
	/* The name may hold anything, `) S 1` as well; it ends at the last one. */
	const char *at = strrchr(text, ')');
	long parent;

	if (!at || at[1] != ' ' || at[2] == '\0' || at[3] != ' ')
		return 0;
	parent = strtol(at + 4, NULL, 10);
	return parent > 0 && parent <= 0x7fffffff ? (pid_t)parent : 0;
}

static int tree_add(struct tree *tree, pid_t pid, pid_t parent)
{
	if (tree->count == tree->size) {
		size_t size = tree->size ? 2 * tree->size : 256;
		struct node *at = realloc(tree->at, size * sizeof(*at));

		if (!at)
			return -ENOMEM;
		tree->at = at;
		tree->size = size;
	}
	tree->at[tree->count++] = (struct node){ .pid = pid, .parent = parent };
	return 0;
}

static int node_compare(const void *a, const void *b)
{
	const struct node *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

/* The parent of a process now; 0: there is none of that number. */
static pid_t parent_of(pid_t pid)
{
	char path[64], text[128];
	ssize_t n;
	int fd;

	fmt(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	fd_close(&fd);
	return stat_parent(text);
}

static bool process_add(struct dir_walk *walk, int dir, const char *name)
{
	struct tree *tree = container_of(walk, struct tree, walk);
	pid_t pid = (pid_t)strtol(name, NULL, 10), parent = pid > 0 ? parent_of(pid) : 0;

	(void)dir;
	if (parent > 0)
		tree->error = tree_add(tree, pid, parent);
	return tree->error == 0;
}

static int tree_read(struct tree *tree)
{
	int error = dir_each_path("/proc", &tree->walk);

	if (tree->count > 0)
		qsort(tree->at, tree->count, sizeof(*tree->at), node_compare);
	return error < 0 ? error : tree->error;
}

static bool tree_has(const struct tree *tree, pid_t pid, pid_t root)
{
	const struct node key = { .pid = pid };
	const struct node *node;

	if (pid == root || tree->count == 0)
		return pid == root;
	node = bsearch(&key, tree->at, tree->count, sizeof(key), node_compare);
	return node && node->inside;
}

/* Marks whose parent is marked, until that finds no more. */
static void tree_mark(struct tree *tree, pid_t root)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < tree->count; i++) {
			struct node *node = &tree->at[i];

			if (!node->inside && node->pid != root &&
			    tree_has(tree, node->parent, root))
				node->inside = more = true;
		}
	}
}

/* The number may be another process's since we looked: what a pidfd stands for
 * is looked at again, and stays the same. Orphans come to the root. */
static bool node_signal(const struct node *node, pid_t root, int signal)
{
	int fd = (int)syscall(SYS_pidfd_open, node->pid, 0);
	bool done = false;
	pid_t parent;

	if (fd < 0)
		return errno != ESRCH && kill(node->pid, signal) == 0;
	parent = parent_of(node->pid);
	if (parent == node->parent || parent == root)
		done = syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0;
	close(fd);
	return done;
}

static bool is_among(pid_t pid, const pid_t *pids, size_t count)
{
	while (count > 0 && pids[count - 1] != pid)
		count--;
	return count > 0;
}

int tree_signal_but(pid_t root, int signal, const pid_t *spared, size_t spared_count)
{
	struct tree tree = { .walk.each = process_add };
	int count = 0;
	int error = tree_read(&tree);

	tree_mark(&tree, root);
	for (size_t i = 0; i < tree.count; i++)
		if (tree.at[i].inside && !is_among(tree.at[i].pid, spared, spared_count) &&
		    node_signal(&tree.at[i], root, signal))
			count++;
	free(tree.at);
	return error < 0 ? error : count;
}

int tree_signal(pid_t root, int signal)
{
	return tree_signal_but(root, signal, NULL, 0);
}
