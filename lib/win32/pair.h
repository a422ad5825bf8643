/* pair.h: two connected sockets of this process, as socketpair(2) gives, on Windows: over
 * TCP on 127.0.0.1, as neither old Windows nor Wine has unix sockets. Who is at the other
 * end is looked at: the caller's address and port are ours, which nobody else can have.
 */
#ifndef LANDBRIDGE_LIB_WIN32_PAIR_H
#define LANDBRIDGE_LIB_WIN32_PAIR_H

/* Where the two meet: a listening socket; negative errno. The caller's, by close. One for
 * all pairs, as each call of Winsock is dear where many start at once. */
int pair_place(void);

/* Not inherited, and they do not block. 0 or negative errno. */
int pair_make(int place, int pair[2]);

#endif
