/* dbus.h: the few D-Bus messages that a session of logind takes. Pure.
 *
 * Source: the D-Bus specification ("Message Protocol"), and
 * org.freedesktop.login1(5) for CreateSession. Little-endian, as the programs
 * of one machine are; integers are aligned to their size, from the message's
 * beginning.
 */
#ifndef LANDBRIDGE_INIT_DBUS_H
#define LANDBRIDGE_INIT_DBUS_H

#include <stddef.h>
#include <stdint.h>

enum {
	DBUS_HEAD = 16,   /* what tells how long a message is */
	DBUS_MAX = 2048,  /* the longest that is taken */
	DBUS_REPLY = 2,   /* enum of types: a method's return ... */
	DBUS_ERROR = 3,   /* ... and its failure */
	DBUS_STRINGS = 3, /* of a body that are read */
	DBUS_SESSION = 2, /* serial of the call for a session; 1 is the greeting's */
};

/* What is written before the first message: who we are, by the socket's
 * credentials (uid 0), and that descriptors are taken. Its first byte is 0. */
#define DBUS_AUTH "\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"
/* How many lines answer that. */
enum { DBUS_AUTH_LINES = 2 };

/* A session that is wanted. */
struct dbus_session {
	uint32_t uid;
	uint32_t leader; /* a pid, as the bus counts */
	const char *tty; /* "/dev/pts/3"; "": none */
};

/* The greeting and the call for a session, one after the other, to out. Their
 * length, or -EMSGSIZE. */
int dbus_open_session(const struct dbus_session *s, uint8_t *out, size_t size);

/* How many bytes follow a message's first DBUS_HEAD, whatever its byte order; not
 * more than the 128 MiB that there can be. -EPROTO: that is none. */
int dbus_rest(const uint8_t head[DBUS_HEAD]);

/* What a whole message says. Strings point into it. */
struct dbus_message {
	uint8_t type;
	uint32_t reply_to; /* the serial of a call; 0: it is no answer */
	/* The body's first ones (an object path is one), as far as it begins with
	 * strings; else "". */
	const char *strings[DBUS_STRINGS];
};

/* 0 or -EPROTO, also for one that is big-endian or longer than DBUS_MAX. */
int dbus_parse(const uint8_t *at, size_t len, struct dbus_message *out);

#endif
