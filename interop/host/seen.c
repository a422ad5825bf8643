/* seen.c: a disk without a root file system, told to a person. */
#include "interop/host/seen.h"

#include <string.h>

#include "lib/fmt.h"
#include "lib/macros.h"
#include "lib/text.h"

/* The words of /init, one after the other. */
struct words {
	const char *at, *end;
};

static bool word_next(struct words *w, const char **word, int *len)
{
	while (w->at < w->end && *w->at == ' ')
		w->at++;
	*word = w->at;
	while (w->at < w->end && *w->at != ' ')
		w->at++;
	*len = (int)(w->at - *word);
	return *len > 0;
}

/* What /init saw, between its words and the reason. */
static bool words_find(struct words *w, const char *line)
{
	static const char *const begins[] = { " find a system in ", " find a file system on " };
	static const char reason[] = ": No ";

	for (size_t i = 0; i < array_len(begins); i++) {
		const char *found = strstr(line, begins[i]);

		if (!found)
			continue;
		w->at = found + strlen(begins[i]);
		w->end = w->at + strlen(w->at);
		while ((found = strstr(found + 1, reason)))
			w->end = found; /* the last: a file may have such a name */
		return true;
	}
	return false;
}

static bool is(const char *word, int len, const char *text)
{
	return (size_t)len == strlen(text) && memcmp(word, text, (size_t)len) == 0;
}

/* "/dev/vda1"; "vda1" where what is on it cannot be mounted. */
static bool is_device(const char *word, int len)
{
	return (len > 5 && memcmp(word, "/dev/", 5) == 0) ||
	       (len > 2 && len < 8 && memcmp(word, "vd", 2) == 0 &&
		ascii_span(word, "") == (size_t)len);
}

struct telling {
	char *out;
	size_t size, used;
	bool lvm, luks, btrfs;
};

static void add(struct telling *t, const char *before, const char *word, int len)
{
	if (t->used < t->size)
		t->used += fmt(t->out + t->used, t->size - t->used, "%s%.*s", before, len, word);
}

static void add_type(struct telling *t, const char *word, int len)
{
	t->lvm |= is(word, len, "LVM");
	t->luks |= is(word, len, "LUKS");
	t->btrfs |= is(word, len, "btrfs");
	add(t, " is ", word, len);
}

static void add_all(struct telling *t, struct words *w)
{
	enum { NAME, TYPE, FIRST } next = NAME;
	const char *word;
	int len;

	while (word_next(w, &word, &len)) {
		if (is_device(word, len)) {
			add(t, t->used ? "; " : "no root file system: ", word, len);
			next = TYPE;
		} else if (!t->used) {
			return;
		} else if (next == TYPE) {
			add_type(t, word, len);
			next = FIRST;
		} else {
			add(t, next == FIRST ? " with " : ", ", word, len);
			next = NAME;
		}
	}
}

static const char *advice(const struct telling *t)
{
	if (t->lvm)
		return " (a system in LVM cannot be booted: copy its volume to a disk of its own)";
	if (t->luks)
		return " (an encrypted system cannot be booted: copy it to a disk that is not)";
	if (t->btrfs)
		return " (name the subvolume with the system: --subvolume NAME)";
	return " (name what has it: --partition N, --subvolume DIR)";
}

bool seen_tell(char *out, size_t size, const char *line)
{
	struct telling t = { .out = out, .size = size };
	struct words w;

	if (!words_find(&w, line))
		return false;
	/* The disk alone, with nothing on it that has a name. */
	if (!memchr(w.at, ' ', (size_t)(w.end - w.at)))
		return false;
	out[0] = '\0';
	add_all(&t, &w);
	if (!t.used)
		return false;
	add(&t, "", advice(&t), (int)strlen(advice(&t)));
	return true;
}
