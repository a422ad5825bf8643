/* raw.h: an endpoint that carries a stream's bytes without frames (private). */
#ifndef LANDBRIDGE_INTEROP_LINK_RAW_H
#define LANDBRIDGE_INTEROP_LINK_RAW_H

#include <stdbool.h>

struct stream;

/* At the serving end: says STARTED. 0 or -ENOMEM. */
int raw_start(struct stream *s);
/* Takes what the socket has, as far as credit goes. False: no more just now. */
bool raw_read(struct stream *s);
/* Gives the socket what is there for it, and says what that means. */
void raw_flush(struct stream *s);
/* The socket is closed both ways. */
void raw_hung_up(struct stream *s);
/* The peer takes no more of what comes from the socket. */
void raw_shut(struct stream *s);

#endif
