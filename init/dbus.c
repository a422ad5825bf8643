/* dbus.c: the few D-Bus messages that a session of logind takes. */
#include "init/dbus.h"

#include <errno.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/lib.h"

enum {
	CALL = 1,
	VERSION = 1,
	AT_BODY_LENGTH = 4,
	AT_FIELDS_LENGTH = 12,
	LENGTH_MAX = 1 << 27,
	FIELD_REPLY_SERIAL = 5,
	FIELD_SIGNATURE = 8,
};

/* --- writing ----------------------------------------------------------------- */

static void put_align(struct writer *w, size_t to)
{
	while (w->used % to && !w->bad)
		write_u8(w, 0);
}

static void put_u32(struct writer *w, uint32_t v)
{
	put_align(w, 4);
	write_u32(w, v);
}

static void put_string(struct writer *w, const char *s)
{
	put_u32(w, (uint32_t)strlen(s));
	write_bytes(w, s, strlen(s) + 1);
}

/* A header field; of type "o" an object path, "s" a string, "g" a signature. */
static void put_field(struct writer *w, uint8_t code, char type, const char *value)
{
	const char begin[] = { (char)code, 1, type, 0 };

	put_align(w, 8);
	write_bytes(w, begin, sizeof(begin));
	if (type != 'g') {
		put_string(w, value);
		return;
	}
	write_u8(w, (uint8_t)strlen(value));
	write_bytes(w, value, strlen(value) + 1);
}

struct dbus_call {
	const char *path, *interface, *member, *destination, *signature;
};

/* All but the body. */
static void put_call(struct writer *w, const struct dbus_call *c, uint32_t serial)
{
	static const uint8_t head[AT_FIELDS_LENGTH - 4] = { 'l', CALL, 0, VERSION };

	write_bytes(w, head, sizeof(head));
	write_u32(w, serial);
	write_u32(w, 0);
	put_field(w, 1, 'o', c->path);
	put_field(w, 2, 's', c->interface);
	put_field(w, 3, 's', c->member);
	put_field(w, 6, 's', c->destination);
	if (c->signature)
		put_field(w, FIELD_SIGNATURE, 'g', c->signature);
	write_u32_at(w, AT_FIELDS_LENGTH, (uint32_t)w->used - DBUS_HEAD);
	put_align(w, 8);
}

static void put_session(struct writer *w, const struct dbus_session *s)
{
	/* service, type, class, desktop, seat; tty, display; the remote user and host */
	const char *const texts[] = {
		"landbridge", *s->tty ? "tty" : "unspecified", "user", "", "", s->tty, "", "", ""
	};

	put_u32(w, s->uid);
	put_u32(w, s->leader);
	for (size_t i = 0; i < array_len(texts); i++) {
		if (i == 5 || i == 7)
			put_u32(w, 0); /* no virtual terminal; not remote */
		put_string(w, texts[i]);
	}
	put_u32(w, 0);   /* no properties: an array ... */
	put_align(w, 8); /* ... of what is aligned so */
}

int dbus_open_session(const struct dbus_session *s, uint8_t *out, size_t size)
{
	static const struct dbus_call hello = { "/org/freedesktop/DBus", "org.freedesktop.DBus",
						"Hello", "org.freedesktop.DBus", NULL };
	static const struct dbus_call create = { "/org/freedesktop/login1",
						 "org.freedesktop.login1.Manager", "CreateSession",
						 "org.freedesktop.login1", "uusssssussbssa(sv)" };
	struct writer first, w;
	size_t body;

	writer_init(&first, out, size);
	put_call(&first, &hello, DBUS_SESSION - 1);
	writer_init(&w, out + first.used, size - first.used);
	put_call(&w, &create, DBUS_SESSION);
	body = w.used;
	put_session(&w, s);
	write_u32_at(&w, AT_BODY_LENGTH, (uint32_t)(w.used - body));
	return first.bad || w.bad ? -EMSGSIZE : (int)(first.used + w.used);
}

/* --- reading ----------------------------------------------------------------- */

/* In the byte order that its first byte says. */
static uint32_t head_u32(const uint8_t *head, size_t at)
{
	struct reader r;
	uint32_t v;

	reader_init(&r, head + at, 4);
	v = read_u32(&r);
	return head[0] == 'B' ? __builtin_bswap32(v) : v;
}

int dbus_rest(const uint8_t head[DBUS_HEAD])
{
	uint32_t body = head_u32(head, AT_BODY_LENGTH), fields = head_u32(head, AT_FIELDS_LENGTH);

	if ((head[0] != 'l' && head[0] != 'B') || head[3] != VERSION || body > LENGTH_MAX ||
	    fields > LENGTH_MAX)
		return -EPROTO;
	fields = (fields + 7) & ~7U;
	return fields + body > LENGTH_MAX ? -EPROTO : (int)(fields + body);
}

static void skip_to(struct reader *r, const uint8_t *message, size_t to)
{
	while ((size_t)(r->at - message) % to && !r->bad)
		read_u8(r);
}

/* Ends with a NUL, which its length does not count, and has no other. */
static const char *take_text(struct reader *r, uint32_t len)
{
	const char *text = len < DBUS_MAX ? read_bytes(r, len + 1U) : NULL;

	if (!text || strnlen(text, len + 1U) != len) {
		r->bad = true;
		return "";
	}
	return text;
}

static const char *take_string(struct reader *r, const uint8_t *message)
{
	skip_to(r, message, 4);
	return take_text(r, read_u32(r));
}

struct dbus_field {
	uint8_t code;
	uint32_t number;
	const char *text;
};

static struct dbus_field take_field(struct reader *r, const uint8_t *message)
{
	struct dbus_field f = { 0, 0, "" };
	uint8_t type;

	skip_to(r, message, 8);
	f.code = read_u8(r);
	r->bad |= read_u8(r) != 1; /* a type of one letter */
	type = read_u8(r);
	r->bad |= read_u8(r) != 0;
	if (type == 'u') {
		skip_to(r, message, 4);
		f.number = read_u32(r);
	} else if (type == 'g') {
		f.text = take_text(r, read_u8(r));
	} else {
		r->bad |= type != 's' && type != 'o';
		f.text = take_string(r, message);
	}
	return f;
}

int dbus_parse(const uint8_t *at, size_t len, struct dbus_message *out)
{
	const char *signature = "";
	struct reader r;
	struct dbus_field f;

	*out = (struct dbus_message){ 0, 0, { "", "", "" } };
	if (len < DBUS_HEAD || len > DBUS_MAX || *at != 'l' ||
	    dbus_rest(at) != (int)(len - DBUS_HEAD))
		return -EPROTO;
	out->type = at[1];
	reader_init(&r, at + DBUS_HEAD, head_u32(at, AT_FIELDS_LENGTH));
	while (r.left && !r.bad) {
		f = take_field(&r, at);
		if (f.code == FIELD_REPLY_SERIAL)
			out->reply_to = f.number;
		if (f.code == FIELD_SIGNATURE)
			signature = f.text;
	}
	r.left = len - (size_t)(r.at - at);
	skip_to(&r, at, 8);
	for (size_t i = 0; i < DBUS_STRINGS && (signature[i] == 's' || signature[i] == 'o'); i++)
		out->strings[i] = take_string(&r, at);
	return r.bad ? -EPROTO : 0;
}
