/* conn_impl.h: what the parts of a connection share. */
#ifndef LANDBRIDGE_P9D_CONN_IMPL_H
#define LANDBRIDGE_P9D_CONN_IMPL_H

#include "p9d/conn.h"

/* What becomes of a thread and its connection after a step. LOST: another
 * thread has the connection. */
enum end { GO_ON, CLOSED, IDLE, LOST };

/* The last reference ends the connection. */
void conn_unref(struct conn *conn);

/* ---- conn_reply.c ---- */

/* Puts a reply behind those that wait to be sent: the thread's own, or another. */
enum end reply(struct conn *conn, struct thread *thread);
enum end reply_with(struct conn *conn, struct thread *thread, const struct p9_msg *r);
/* Sends what waits, and then what is in the thread's pipe. */
enum end flush_out(struct conn *conn, struct thread *thread, size_t piped);

/* Tells the client what others have changed, if it has asked. */
enum end tell_changes(struct conn *conn, struct thread *thread);

/* With conn.send_lock held: bytes of thread.out, and those in its pipe. */
int send_replies(struct conn *conn, struct thread *thread, size_t from, size_t len, size_t piped);
void close_pipe(struct thread *thread);
/* The thread's reply, or its flushes' replies, at thread.out + at. Their length. */
size_t encode_reply(struct thread *thread, size_t at, size_t *piped);
size_t encode_flushes(struct thread *thread, size_t at);

/* ---- conn_pending.c ---- */

/* Lock requests of this connection that wait: one more, if the request that the
 * thread has run does; none, without a word; or those of one tag or on one fid,
 * which are told that they were interrupted. */
bool wait_on(struct conn *conn, struct thread *thread);
void drop_waits(struct conn *conn);
enum end interrupt_waits(struct conn *conn, struct thread *thread, const uint16_t *tag,
			 const uint32_t *fid);
/* The last of a thread that the connection was taken from. */
void finish_detached(struct conn *conn, struct thread *thread);
/* 1: the answer to this Tflush waits for a detached thread's; 0: none does. */
int defer_flush(struct conn *conn, const struct p9_msg *t);
/* All detached threads are to give up, and not to answer. */
void drop_detached(struct conn *conn);

#endif
