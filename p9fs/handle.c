/* handle.c: open files: the kernel's, and those lent. */
#include "p9fs/handle.h"

#include <stdlib.h>

#include "lib/loop.h"
#include "p9fs/op.h"

enum { MATTERS = P9_O_APPEND | P9_O_DIRECTORY };

struct handle *handle_new(struct p9fs *m, struct inode *inode, uint32_t fid)
{
	struct handle *handle = malloc(sizeof(*handle));

	if (!handle) {
		remote_clunk(&m->remote, fid);
		return NULL;
	}
	*handle = (struct handle){ .fid = fid, .inode = inode, .next = inode->handles };
	inode->handles = handle;
	inode_pin(inode);
	return handle;
}

/* --- lent ones, by age ------------------------------------------------------------------ */

static void age_remove(struct handles *handles, struct handle *handle)
{
	*(handle->newer ? &handle->newer->older : &handles->newest) = handle->older;
	*(handle->older ? &handle->older->newer : &handles->oldest) = handle->newer;
}

static void age_add(struct handles *handles, struct handle *handle)
{
	handle->newer = NULL;
	handle->older = handles->newest;
	*(handles->newest ? &handles->newest->newer : &handles->oldest) = handle;
	handles->newest = handle;
}

void handle_lend(struct p9fs *m, struct handle *handle, uint32_t flags)
{
	handle->lent = true;
	handle->flags = flags;
	handle->users = 1;
	m->handles.count++;
	age_add(&m->handles, handle);
}

void handle_give_back(struct p9fs *m, struct handle *handle)
{
	handle->users--;
	handle->until = loop_now() + HANDLE_LINGER_MS;
	age_remove(&m->handles, handle);
	age_add(&m->handles, handle);
}

/* What can read and write can read. */
static bool fits(const struct handle *handle, uint32_t flags)
{
	uint32_t has = handle->flags & P9_O_ACCMODE, wants = flags & P9_O_ACCMODE;

	return handle->lent && (has == wants || has == P9_O_RDWR) &&
	       ((handle->flags ^ flags) & MATTERS) == 0;
}

struct handle *handle_find(struct p9fs *m, const struct inode *inode, uint32_t flags)
{
	struct handle *handle = inode->handles;

	(void)m;
	while (handle && !fits(handle, flags))
		handle = handle->next;
	if (handle)
		handle->users++;
	return handle;
}

/* --- closing ------------------------------------------------------------------------------ */

void handle_drop(struct p9fs *m, struct handle *handle)
{
	struct handle **at = &handle->inode->handles;

	remote_clunk(&m->remote, handle->fid);
	if (handle->lent) {
		age_remove(&m->handles, handle);
		m->handles.count--;
	}
	while (*at != handle)
		at = &(*at)->next;
	*at = handle->next;
	inode_unpin(&m->inodes, handle->inode);
	free(handle);
}

void handles_lose(struct p9fs *m)
{
	while (m->handles.newest)
		handle_drop(m, m->handles.newest);
}

int handles_sweep(struct p9fs *m)
{
	struct handle *handle = m->handles.oldest, *newer;
	int64_t now = handle ? loop_now() : 0;

	for (; handle; handle = newer) {
		newer = handle->newer;
		if (handle->users)
			continue;
		if (handle->until > now && m->handles.count <= HANDLES_LENT)
			return (int)(handle->until - now);
		handle_drop(m, handle);
	}
	return -1;
}
