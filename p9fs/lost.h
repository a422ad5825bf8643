/* lost.h: while the server is away.
 *
 * Operations wait, as they would for a disk that is slow, and begin anew when there is
 * a server again: all fids are walked to anew, and a file is only believed to be the
 * same when its id is. What had been sent and would do harm twice ends with EIO, a file
 * that is not found again with ESTALE. Who waits can be interrupted; after the mount's
 * patience (p9fs_config) all get EIO, until the server is back. Private to p9fs.
 */
#ifndef LANDBRIDGE_P9FS_LOST_H
#define LANDBRIDGE_P9FS_LOST_H

#include <stdbool.h>

struct op;
struct p9fs;

/* Whether operations wait for the server to come back. */
bool lost_waits(const struct p9fs *m);
/* The server went while op was with it, or before it was asked. */
void lost_park(struct op *op);
/* The connection broke: calls the server until it is there, or the mount is to end.
 * 0: go on; negative errno: it was unmounted, there will be no server (-ENOTCONN), or it
 * was told to stop (-EINTR). */
int lost_regain(struct p9fs *m);
/* Those that wait end with this errno. */
void lost_end(struct p9fs *m, int error);

#endif
