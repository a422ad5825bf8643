/* p9load.c: loads a 9P server over a unix socket and says how fast it was.
 *
 *   p9load WORK SOCKET [ANAME] [--msize N] [--depth N] [--seconds S] [--pid P]
 *
 * The works echo, sendfile and pwrite are for the loops of p9bare.
 *
 * Output: one line "ops NS_PER_OP CPU_NS_PER_OP P50_NS P99_NS MB_PER_S". CPU
 * counts this process and, with --pid, that one and its children.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "p9d/wire/wire.h"

#define ROOT 0
#define FILE_FID 1
#define BIG_SIZE (64u << 20) /* wraps: the file of the sequential works */
#define SAMPLES (1 << 20)
#define BUFFER (2 * P9_MSIZE_MAX)

struct load {
	int fd;
	uint32_t msize;
	unsigned depth;
	double seconds;
	pid_t pid;
	const char *aname;
	uint8_t *out, *in;
	size_t out_len, in_start, in_end;
	uint64_t ops, bytes;
	uint64_t next; /* of the work: an offset, a number */
	uint32_t *samples;
	uint32_t sample_count;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "p9load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- CPU time ---- */

static uint64_t task_ns(const char *dir)
{
	char path[512], text[128];

	snprintf(path, sizeof(path), "%s/schedstat", dir);
	return file_read(path, text, sizeof(text)) > 0 ? strtoull(text, NULL, 10) : 0;
}

static uint64_t process_ns(pid_t pid)
{
	char dir[64], path[400], children[4096];
	struct dirent *entry;
	uint64_t sum = 0;
	DIR *tasks;

	snprintf(dir, sizeof(dir), "/proc/%d/task", pid);
	tasks = opendir(dir);
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		sum += task_ns(path);
	}
	if (tasks)
		closedir(tasks);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	if (file_read(path, children, sizeof(children)) > 0)
		for (char *at = children, *end; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end)
			sum += process_ns(pid);
	return sum;
}

static uint64_t cpu_ns(const struct load *l)
{
	struct rusage self;

	getrusage(RUSAGE_SELF, &self);
	return (uint64_t)(self.ru_utime.tv_sec + self.ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(self.ru_utime.tv_usec + self.ru_stime.tv_usec) * 1000u +
	       (l->pid ? process_ns(l->pid) : 0);
}

/* ---- messages ---- */

static void put(struct load *l, const struct p9_msg *t)
{
	int len = p9_encode(t, l->out + l->out_len, BUFFER - l->out_len);

	if (len < 0)
		die("message does not fit");
	l->out_len += (size_t)len;
}

static void flush(struct load *l)
{
	if (l->out_len && fd_write_all(l->fd, l->out, l->out_len) < 0)
		die("send");
	l->out_len = 0;
}

static void fill(struct load *l)
{
	ssize_t n;

	if (l->in_start == l->in_end)
		l->in_start = l->in_end = 0;
	if (l->in_end > BUFFER / 2) {
		memmove(l->in, l->in + l->in_start, l->in_end - l->in_start);
		l->in_end -= l->in_start;
		l->in_start = 0;
	}
	n = recv(l->fd, l->in + l->in_end, BUFFER - l->in_end, 0);
	if (n <= 0)
		die("receive");
	l->in_end += (size_t)n;
}

/* The next reply as it lies; bulk data is not looked at. */
static const uint8_t *take(struct load *l, uint32_t *size)
{
	for (;;) {
		struct reader r;

		reader_init(&r, l->in + l->in_start, l->in_end - l->in_start);
		*size = read_u32(&r);
		if (!r.bad && l->in_end - l->in_start >= *size)
			break;
		fill(l);
	}
	l->in_start += *size;
	return l->in + l->in_start - *size;
}

static uint32_t expect(struct load *l, uint8_t type)
{
	uint32_t size;
	const uint8_t *frame = take(l, &size);

	if (frame[4] != type) {
		errno = frame[4] == P9_RLERROR ? frame[7] : EPROTO;
		die(p9_type_name((uint8_t)(type - 1)));
	}
	return size;
}

static void call(struct load *l, const struct p9_msg *t)
{
	put(l, t);
	flush(l);
	expect(l, (uint8_t)(t->type + 1));
}

/* ---- works: each puts `put` requests and takes their replies ---- */

static void put_getattr(struct load *l, uint16_t tag, uint32_t fid)
{
	put(l,
	    &(struct p9_msg){ .type = P9_TGETATTR, .tag = tag, .fid = fid, .mask = P9_ATTR_BASIC });
}

static void getattr_put(struct load *l, uint16_t tag)
{
	put_getattr(l, tag, ROOT);
}

static void getattr_take(struct load *l)
{
	expect(l, P9_TGETATTR + 1);
}

/* Three rounds: a server may work on pipelined requests in any order, so a
 * file's walk must be answered before its getattr is sent. */
static void stat_batch(struct load *l)
{
	struct p9_msg t = {
		.type = P9_TWALK, .fid = ROOT, .name_count = 1, .names = { { "small", 5 } }
	};

	for (unsigned i = 0; i < l->depth; i++) {
		t.tag = (uint16_t)i;
		t.newfid = 100 + i;
		put(l, &t);
	}
	flush(l);
	for (unsigned i = 0; i < l->depth; i++)
		expect(l, P9_TWALK + 1);
	for (unsigned i = 0; i < l->depth; i++)
		put_getattr(l, (uint16_t)i, 100 + i);
	flush(l);
	for (unsigned i = 0; i < l->depth; i++)
		expect(l, P9_TGETATTR + 1);
	for (unsigned i = 0; i < l->depth; i++)
		put(l, &(struct p9_msg){ .type = P9_TCLUNK, .tag = (uint16_t)i, .fid = 100 + i });
	flush(l);
	for (unsigned i = 0; i < l->depth; i++)
		expect(l, P9_TCLUNK + 1);
	l->ops += l->depth - 1;
}

static void rand4k_put(struct load *l, uint16_t tag)
{
	l->next = l->next * 6364136223846793005u + 1442695040888963407u;
	put(l, &(struct p9_msg){ .type = P9_TREAD,
				 .tag = tag,
				 .fid = FILE_FID,
				 .offset = (l->next >> 33) % (BIG_SIZE / 4096) * 4096,
				 .count = 4096 });
}

static void read_put(struct load *l, uint16_t tag)
{
	uint32_t count = l->msize - P9_IO_HEADER;

	put(l, &(struct p9_msg){ .type = P9_TREAD,
				 .tag = tag,
				 .fid = FILE_FID,
				 .offset = l->next,
				 .count = count });
	l->next = l->next + 2 * count > BIG_SIZE ? 0 : l->next + count;
}

static void read_take(struct load *l)
{
	l->bytes += expect(l, P9_TREAD + 1) - P9_DATA_HEADER;
}

/* Without copying the data first: what the client costs hides the server. */
static void write_put(struct load *l, uint16_t tag)
{
	static uint8_t data[P9_MSIZE_MAX];
	uint32_t count = l->msize - P9_IO_HEADER;
	uint8_t head[P9_WRITE_HEADER];
	struct iovec iov[2] = { { head, sizeof(head) }, { data, count } };
	struct writer w;
	ssize_t n;

	writer_init(&w, head, sizeof(head));
	write_u32(&w, P9_WRITE_HEADER + count);
	write_u8(&w, P9_TWRITE);
	write_u16(&w, tag);
	write_u32(&w, FILE_FID);
	write_u64(&w, l->next);
	write_u32(&w, count);
	n = writev(l->fd, iov, 2);
	if (n < (ssize_t)sizeof(head) ||
	    fd_write_all(l->fd, data, sizeof(head) + count - (size_t)n) < 0)
		die("send");
	l->next = l->next + 2 * count > BIG_SIZE ? 0 : l->next + count;
}

static void write_take(struct load *l)
{
	expect(l, P9_TWRITE + 1);
	l->bytes += l->msize - P9_IO_HEADER;
}

/* Tremove, because diod 1.0.24 has no Tunlinkat. */
static void file_seq(struct load *l)
{
	static const uint8_t data[4096];
	struct p9_msg walk = { .type = P9_TWALK, .tag = 1, .fid = ROOT, .newfid = 100 };
	char name[16];
	struct p9_str str = { name, 0 };

	str.len = (uint16_t)snprintf(name, sizeof(name), "t%u", (unsigned)(l->next++ % 1000));
	call(l, &walk);
	call(l, &(struct p9_msg){ .type = P9_TLCREATE,
				  .tag = 1,
				  .fid = 100,
				  .name = str,
				  .flags = P9_O_RDWR | P9_O_CREAT,
				  .mode = 0644,
				  .gid = getegid() });
	call(l, &(struct p9_msg){
			.type = P9_TWRITE, .tag = 1, .fid = 100, .count = 4096, .data = data });
	call(l, &(struct p9_msg){ .type = P9_TREAD, .tag = 1, .fid = 100, .count = 4096 });
	call(l, &(struct p9_msg){ .type = P9_TREMOVE, .tag = 1, .fid = 100 });
}

static const struct work {
	const char *name;
	const char *file; /* opened as FILE_FID */
	uint32_t flags;
	void (*put)(struct load *l, uint16_t tag);
	void (*take)(struct load *l);
	void (*seq)(struct load *l); /* instead of the two */
} works[] = {
	{ "getattr", NULL, 0, getattr_put, getattr_take, NULL },
	{ "stat", NULL, 0, NULL, NULL, stat_batch },
	{ "rand4k", "big", P9_O_RDONLY, rand4k_put, read_take, NULL },
	{ "read", "big", P9_O_RDONLY, read_put, read_take, NULL },
	{ "write", "written", P9_O_RDWR, write_put, write_take, NULL },
	{ "file", NULL, 0, NULL, NULL, file_seq },
	{ "echo", NULL, 0, getattr_put, getattr_take, NULL },
	{ "sendfile", NULL, 0, read_put, read_take, NULL },
	{ "pwrite", NULL, 0, write_put, write_take, NULL },
};

/* ---- measuring ---- */

static void sample(struct load *l, uint64_t ns)
{
	if (l->sample_count < SAMPLES)
		l->samples[l->sample_count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* Batches of `depth` requests: all out, all in. Sequential works keep `depth`
 * under way. */
static void run_batch(struct load *l, const struct work *w)
{
	for (unsigned i = 0; i < l->depth; i++)
		w->put(l, (uint16_t)(i + 1));
	flush(l);
	for (unsigned i = 0; i < l->depth; i++)
		w->take(l);
	l->ops += l->depth;
}

static void run_window(struct load *l, const struct work *w, uint64_t until)
{
	uint16_t tag = 0;
	bool more = true;

	for (unsigned i = 0; i < l->depth; i++)
		w->put(l, (uint16_t)(i + 1));
	flush(l);
	for (unsigned left = l->depth; left;) {
		w->take(l);
		l->ops++;
		more = more && (l->ops % 64 || now_ns() < until);
		if (!more) {
			left--;
			continue;
		}
		tag = (uint16_t)(tag % l->depth + 1);
		w->put(l, tag);
		flush(l);
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(struct load *l, uint64_t ns, uint64_t cpu)
{
	uint32_t p50 = 0, p99 = 0;

	qsort(l->samples, l->sample_count, sizeof(*l->samples), by_value);
	if (l->sample_count) {
		p50 = l->samples[l->sample_count / 2];
		p99 = l->samples[(uint64_t)l->sample_count * 99 / 100];
	}
	printf("%llu %.0f %.0f %u %u %.1f\n", (unsigned long long)l->ops,
	       (double)ns / (double)l->ops, (double)cpu / (double)l->ops, p50, p99,
	       (double)l->bytes * 1000 / (double)ns);
}

static void measure(struct load *l, const struct work *w)
{
	uint64_t cpu = cpu_ns(l), start = now_ns(), at = start;
	uint64_t until = start + (uint64_t)(l->seconds * 1e9);

	if (w->take == read_take && w->put == read_put && l->depth > 1) {
		run_window(l, w, until);
		at = now_ns();
	}
	while (at < until) {
		uint64_t before = at;

		if (w->seq) {
			w->seq(l);
			l->ops++;
		} else {
			run_batch(l, w);
		}
		at = now_ns();
		sample(l, at - before);
	}
	report(l, at - start, cpu_ns(l) - cpu);
}

/* ---- setting up ---- */

static int connect_to(const char *path)
{
	int fd = unix_connect(path);

	if (fd < 0) {
		errno = -fd;
		die(path);
	}
	return fd;
}

static void open_file(struct load *l, const struct work *w)
{
	struct p9_msg walk = { .type = P9_TWALK,
			       .tag = 1,
			       .fid = ROOT,
			       .newfid = FILE_FID,
			       .name_count = 1,
			       .names = { { w->file, (uint16_t)strlen(w->file) } } };

	call(l, &walk);
	call(l,
	     &(struct p9_msg){ .type = P9_TLOPEN, .tag = 1, .fid = FILE_FID, .flags = w->flags });
}

static void start_session(struct load *l, const struct work *w)
{
	struct p9_str aname = { l->aname, (uint16_t)strlen(l->aname) };
	uint32_t size;
	struct p9_msg r;
	const uint8_t *frame;

	put(l, &(struct p9_msg){ .type = P9_TVERSION,
				 .tag = (uint16_t)P9_NOTAG,
				 .msize = l->msize,
				 .name = { "9P2000.L", 8 } });
	flush(l);
	frame = take(l, &size);
	if (p9_decode(&r, frame, size) || r.type != P9_TVERSION + 1)
		die("Tversion");
	l->msize = r.msize < l->msize ? r.msize : l->msize;
	call(l, &(struct p9_msg){ .type = P9_TATTACH,
				  .tag = 1,
				  .fid = ROOT,
				  .newfid = P9_NOFID,
				  .name = { "root", 4 },
				  .target = aname,
				  .uid = geteuid() });
	if (w->file)
		open_file(l, w);
}

/* A loop without a protocol: there is nobody to greet. */
static bool is_bare(const struct work *w)
{
	static const char *const bare[] = { "echo", "sendfile", "pwrite" };

	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (strcmp(w->name, bare[i]) == 0)
			return true;
	return false;
}

static int load(const struct work *w, int argc, char **argv)
{
	static struct load l = { .msize = 65536, .depth = 1, .seconds = 0.5, .aname = "" };

	l.fd = connect_to(argv[2]);
	l.out = malloc(BUFFER);
	l.in = calloc(1, BUFFER);
	l.samples = malloc(SAMPLES * sizeof(*l.samples));
	for (int i = 3; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strncmp(argv[i], "--", 2) != 0)
			l.aname = argv[i];
		else if (strcmp(argv[i], "--msize") == 0)
			l.msize = (uint32_t)strtoul(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--depth") == 0)
			l.depth = (unsigned)strtoul(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--seconds") == 0)
			l.seconds = strtod(value, NULL), i++;
		else if (strcmp(argv[i], "--pid") == 0)
			l.pid = (pid_t)strtol(value, NULL, 10), i++;
	}
	if (!is_bare(w))
		start_session(&l, w);
	measure(&l, w);
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 3 && i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(argv[1], works[i].name) == 0)
			return load(&works[i], argc, argv);
	fprintf(stderr, "usage: p9load WORK SOCKET [ANAME] [--msize N] [--depth N] "
			"[--seconds S] [--pid P]\n");
	return 2;
}
