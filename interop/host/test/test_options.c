/* test_options.c: command lines, good and bad; QEMU's from them. */
#include "interop/host/options.h"

#include <stdlib.h>
#include <string.h>

#include "interop/host/posix/qemu.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

enum { WORDS = 40 };

/* Parses a line of words; the words live until the next call. */
static int parse(struct options *o, enum command command, const char *line, struct fault *why)
{
	static char text[512];
	static char *argv[WORDS];
	size_t n = 0;

	fmt(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word && n < WORDS - 1; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
	*why = (struct fault){ 0 };
	return options_parse(o, command, argv, why);
}

static void test_run(void **state)
{
	struct options o;
	struct fault why;

	(void)state;
	assert_int_equal(parse(&o, COMMAND_RUN, "run", &why), 0);
	assert_true(!o.image && !o.command && o.memory == 512 && o.cpus == 1 && o.timeout == 60);
	assert_int_equal(
		parse(&o, COMMAND_RUN,
		      "run --name=boat --drive d:=/tmp,ro --memory 2G x.img --cpus 2 --write "
		      "--partition 3 --user ann --timeout 5 --link serial:p.1 -- sh -c --name",
		      &why),
		0);
	assert_string_equal(o.name, "boat");
	assert_string_equal(o.image, "x.img");
	assert_string_equal(o.user, "ann");
	assert_true(o.memory == 2048 && o.cpus == 2 && o.write && o.partition == 3 &&
		    o.timeout == 5);
	assert_true(o.drives.count == 1 && o.drives.at[0].letter == 'D' &&
		    o.drives.at[0].read_only);
	assert_string_equal(o.drives.at[0].dir, "/tmp");
	assert_string_equal(o.command[2], "--name");
	assert_int_equal(parse(&o, COMMAND_RUN, "run --", &why), 0);
	assert_null(o.command);
}

static void test_want_windows(void **state)
{
	static const struct {
		const char *line;
		bool wants;
	} cases[] = { { "run", true },
		      { "run x.img -- true", false },
		      { "run -- sh -c Cmd.EXE", true },
		      { "start boat", true },
		      { "run x.exe.img -- true", false } };
	struct options o;
	struct fault why;

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		assert_int_equal(parse(&o, COMMAND_RUN, cases[i].line, &why), 0);
		assert_int_equal(options_want_windows(&o), cases[i].wants);
	}
}

static void test_others(void **state)
{
	struct options o;
	struct fault why;

	(void)state;
	assert_int_equal(parse(&o, COMMAND_EXEC, "exec --socket s --tty ls --user x", &why), 0);
	assert_true(o.tty && !o.user);
	assert_string_equal(o.command[1], "--user");
	assert_int_equal(parse(&o, COMMAND_EXEC, "exec --socket s -- -x", &why), 0);
	assert_string_equal(o.command[0], "-x");
	assert_int_equal(parse(&o, COMMAND_SHELL, "shell --socket s --user ann", &why), 0);
	assert_int_equal(
		parse(&o, COMMAND_AGENT, "agent --link unix:/l --socket s --drive C:=/x", &why), 0);
	assert_string_equal(o.link, "unix:/l");
	assert_false(o.no_sandbox);
	assert_int_equal(
		parse(&o, COMMAND_AGENT, "agent --link unix:/l --socket s --no-sandbox", &why), 0);
	assert_true(o.no_sandbox);
	assert_int_equal(
		parse(&o, COMMAND_AGENT, "agent --listen tcp:0.0.0.0:9 --key k --socket s", &why),
		0);
	assert_string_equal(o.listen, "tcp:0.0.0.0:9");
	assert_string_equal(o.key, "k");
	assert_int_equal(parse(&o, COMMAND_AGENT, "agent --listen vsock:3:5000 --socket s", &why),
			 0);
	assert_true(!o.key && strcmp(o.listen, "vsock:3:5000") == 0);
	assert_int_equal(
		parse(&o, COMMAND_ENROLL, "enroll boat --days 30 --dir d --link tcp:h:9", &why), 0);
	assert_string_equal(o.name, "boat");
	assert_string_equal(o.dir, "d");
	assert_true(o.days == 30);
	assert_int_equal(
		parse(&o, COMMAND_INITRAMFS, "initramfs -o x --kernel k --modules m --key f", &why),
		0);
	assert_true(strcmp(o.output, "x") == 0 && strcmp(o.key, "f") == 0);
	assert_int_equal(parse(&o, COMMAND_FORWARD, "forward boat 80 81:h:82", &why), 0);
	assert_string_equal(o.machine, "boat");
	assert_string_equal(o.command[1], "81:h:82");
	assert_int_equal(parse(&o, COMMAND_FORWARD, "forward --socket s 80", &why), 0);
	assert_string_equal(o.command[0], "80");
	assert_int_equal(parse(&o, COMMAND_CP, "cp --user ann a -b boat:", &why), 0);
	assert_string_equal(o.user, "ann");
	assert_string_equal(o.command[1], "-b");
	assert_string_equal(o.command[2], "boat:");
	assert_int_equal(parse(&o, COMMAND_CP, "cp -- -a boat:/x", &why), 0);
	assert_string_equal(o.command[0], "-a");
	assert_int_equal(parse(&o, COMMAND_MOUNT,
			       "mount --socket s --cache 2 --read-only /m --user ann", &why),
			 0);
	assert_true(o.cache == 2 && o.read_only && !o.foreground);
	assert_string_equal(o.dir, "/m");
	assert_string_equal(o.user, "ann");
	assert_int_equal(parse(&o, COMMAND_MOUNT, "mount --server unix:/s --foreground m", &why),
			 0);
	assert_true(o.foreground && o.cache == 0);
	assert_string_equal(o.server, "unix:/s");
	assert_int_equal(parse(&o, COMMAND_AGENT, "agent --help", &why), 0);
	assert_true(o.help);
}

static void test_machines(void **state)
{
	struct options o;
	struct fault why;

	(void)state;
	assert_int_equal(parse(&o, COMMAND_EXEC, "exec --user ann boat -- ls -l", &why), 0);
	assert_string_equal(o.machine, "boat");
	assert_string_equal(o.command[1], "-l");
	assert_int_equal(parse(&o, COMMAND_EXEC, "exec boat ls --user", &why), 0);
	assert_string_equal(o.command[1], "--user");
	assert_int_equal(parse(&o, COMMAND_SHELL, "shell boat", &why), 0);
	assert_string_equal(o.machine, "boat");
	assert_int_equal(parse(&o, COMMAND_MOUNT, "mount boat --cache 2 /m", &why), 0);
	assert_string_equal(o.machine, "boat");
	assert_string_equal(o.dir, "/m");
	assert_int_equal(parse(&o, COMMAND_START, "start --memory 1G x.img", &why), 0);
	assert_string_equal(o.image, "x.img");
	assert_int_equal(parse(&o, COMMAND_DRIVE, "drive add boat e:=/x,ro", &why), 0);
	assert_string_equal(o.file, "add");
	assert_string_equal(o.machine, "boat");
	assert_string_equal(o.command[0], "e:=/x,ro");
	assert_int_equal(parse(&o, COMMAND_DRIVE, "drive remove boat e:", &why), 0);
	assert_int_equal(parse(&o, COMMAND_DRIVE, "drive list boat", &why), 0);
	assert_int_equal(parse(&o, COMMAND_STOP, "stop boat", &why), 0);
	assert_int_equal(parse(&o, COMMAND_LIST, "list --json", &why), 0);
	assert_true(o.json);
}

static void test_distributions(void **state)
{
	struct options o;
	struct fault why;

	(void)state;
	assert_int_equal(parse(&o, COMMAND_IMPORT, "import boat f.tar --size 8G", &why), 0);
	assert_string_equal(o.name, "boat");
	assert_string_equal(o.image, "f.tar");
	assert_true(o.size == 8192);
	assert_int_equal(parse(&o, COMMAND_IMPORT, "import --format raw dir/f", &why), 0);
	assert_true(!o.name && !o.size);
	assert_string_equal(o.image, "dir/f");
	assert_int_equal(parse(&o, COMMAND_EXPORT, "export --format vhdx boat -", &why), 0);
	assert_string_equal(o.machine, "boat");
	assert_string_equal(o.file, "-");
	assert_int_equal(parse(&o, COMMAND_REMOVE, "remove boat", &why), 0);
	assert_string_equal(o.machine, "boat");
	assert_int_equal(parse(&o, COMMAND_SET, "set boat cpus=2 user=", &why), 0);
	assert_string_equal(o.machine, "boat");
	assert_string_equal(o.command[1], "user=");
	assert_int_equal(parse(&o, COMMAND_SET, "set boat", &why), 0);
	assert_null(o.command);
	assert_int_equal(parse(&o, COMMAND_SET_DEFAULT, "set-default -", &why), 0);
	assert_int_equal(parse(&o, COMMAND_SET_DEFAULT, "set-default", &why), 0);
	assert_int_equal(parse(&o, COMMAND_SHELL, "shell", &why), 0);
	assert_null(o.machine);
}

/* What is given weighs more than what a profile says. */
static void test_defaults(void **state)
{
	static char half[] = "512M", two[] = "2", ann[] = "ann", c[] = "C:=/c", d[] = "D:=/d,ro",
		    none[] = "none", bad[] = "lots";
	struct options o;
	struct fault why;

	(void)state;
	assert_int_equal(parse(&o, COMMAND_RUN, "run --memory 1G --drive c:=/x boat", &why), 0);
	assert_int_equal(options_default(&o, "memory", half, &why), 0);
	assert_int_equal(options_default(&o, "cpus", two, &why), 0);
	assert_int_equal(options_default(&o, "user", ann, &why), 0);
	assert_int_equal(options_default(&o, "user", two, &why), 0);
	assert_int_equal(options_default(&o, "net", none, &why), 0);
	assert_int_equal(options_default(&o, "drive", c, &why), 0);
	assert_int_equal(options_default(&o, "drive", d, &why), 0);
	assert_true(o.memory == 1024 && o.cpus == 2);
	assert_string_equal(o.user, "2"); /* of a profile's own, the last */
	assert_true(o.drives.count == 2 && o.drives.at[1].read_only);
	assert_string_equal(o.drives.at[0].dir, "/x");
	assert_int_equal(options_default(&o, "cpus", bad, &why), -1);
	assert_non_null(strstr(why.text, "lots"));
	why = (struct fault){ 0 };
	assert_int_equal(options_default(&o, "write", bad, &why), -1);
	assert_non_null(strstr(why.text, "write"));
}

static void test_commands(void **state)
{
	static const char *const names[] = { "run",        "start", "list",        "stop",
					     "log",        "exec",  "shell",       "mount",
					     "cp",         "agent", "import",      "export",
					     "remove",     "set",   "set-default", "compact",
					     "completion", "drive" };
	char usage[64];

	(void)state;
	for (size_t i = 0; i < array_len(names); i++) {
		fmt(usage, sizeof(usage), "usage: landbridge %s ", names[i]);
		assert_non_null(strstr(options_help(options_command(names[i])), usage));
	}
	assert_int_equal(options_command("frobnicate"), 0);
}

static const struct {
	enum command command;
	const char *line, *word;
} mistakes[] = {
	{ COMMAND_RUN, "run --frobnicate", "--frobnicate of run" },
	{ COMMAND_STOP, "stop --frobnicate", "help stop" },
	{ COMMAND_STOP, "stop", "name" },
	{ COMMAND_STOP, "stop a b", "b" },
	{ COMMAND_FORWARD, "forward", "name" },
	{ COMMAND_DRIVE, "drive", "add, remove or list" },
	{ COMMAND_DRIVE, "drive boat", "add, remove or list" },
	{ COMMAND_DRIVE, "drive add", "name" },
	{ COMMAND_DRIVE, "drive add boat", "E:=DIR" },
	{ COMMAND_DRIVE, "drive add boat E:", "LETTER:=DIR" },
	{ COMMAND_DRIVE, "drive add boat E:=/x F:=/y", "F:=/y" },
	{ COMMAND_DRIVE, "drive add --socket s E:=/x", "--socket of drive" },
	{ COMMAND_DRIVE, "drive remove boat", "E:" },
	{ COMMAND_DRIVE, "drive remove boat E:=/x", "E:" },
	{ COMMAND_DRIVE, "drive remove boat E: F:", "F:" },
	{ COMMAND_DRIVE, "drive list boat E:", "E:" },
	{ COMMAND_FORWARD, "forward boat", "which port" },
	{ COMMAND_CP, "cp", "where to" },
	{ COMMAND_CP, "cp boat:/x", "where to" },
	{ COMMAND_CP, "cp a b", "NAME:PATH" },
	{ COMMAND_CP, "cp -r boat:/x .", "unknown option -r" },
	{ COMMAND_LOG, "log ../x", "../x" },
	{ COMMAND_LIST, "list x", "x" },
	{ COMMAND_SHELL, "shell boat --socket s", "not both" },
	{ COMMAND_MOUNT, "mount boat /m --server unix:x", "not both" },
	{ COMMAND_EXEC, "exec boat", "command" },
	{ COMMAND_START, "start x -- ls", "ls" },
	{ COMMAND_RUN, "run --memory 64M", "128M" },
	{ COMMAND_MOUNT, "mount --socket s", "directory" },
	{ COMMAND_MOUNT, "mount /m", "--socket" },
	{ COMMAND_MOUNT, "mount --socket s --server unix:x /m", "not both" },
	{ COMMAND_MOUNT, "mount --server tcp:1 /m", "unix:PATH" },
	{ COMMAND_MOUNT, "mount --socket s --cache 0x /m", "seconds" },
	{ COMMAND_MOUNT, "mount --socket s /m /n", "/n" },
	{ COMMAND_RUN, "run --write=1", "--write" },
	{ COMMAND_RUN, "run --name", "--name" },
	{ COMMAND_RUN, "run --subvolume /", "--subvolume" },
	{ COMMAND_RUN, "run --subvolume a\"b", "blanks" },
	{ COMMAND_RUN, "run --name a_b/c", "a_b/c" },
	{ COMMAND_RUN, "run --name -x", "-x" },
	{ COMMAND_RUN, "run --memory lots", "lots" },
	{ COMMAND_RUN, "run --memory 12x", "12x" },
	{ COMMAND_RUN, "run --memory 1M", "1M" },
	{ COMMAND_RUN, "run --memory -1", "-1" },
	{ COMMAND_RUN, "run --memory 9999999999999999999G", "999" },
	{ COMMAND_RUN, "run --cpus 0", "0" },
	{ COMMAND_RUN, "run --cpus 1x", "1x" },
	{ COMMAND_RUN, "run --partition -1", "-1" },
	{ COMMAND_RUN, "run --net all", "outside" },
	{ COMMAND_RUN, "run --drives-by virtiofs", "virtio-9p or link" },
	{ COMMAND_AGENT, "agent --drives-by link", "--drives-by" },
	{ COMMAND_RUN, "run --timeout 1.5", "1.5" },
	{ COMMAND_RUN, "run --link serial", "serial:NAME" },
	{ COMMAND_RUN, "run --link tcp:a:1", "tcp:a:1" },
	{ COMMAND_RUN, "run --link vsock:2:1", "vsock:2:1" },
	{ COMMAND_AGENT, "agent --socket s --link vsock", "unix:PATH" },
	{ COMMAND_RUN, "run --link tcp", "--net host" },
	{ COMMAND_RUN, "run --link tcp --net outside", "--net host" },
	{ COMMAND_RUN, "run --link serial:a,b", "serial:NAME" },
	{ COMMAND_RUN, "run --user a:b", "a:b" },
	{ COMMAND_RUN, "run --drive 1:=/x", "1:" },
	{ COMMAND_RUN, "run --drive C:/x", "C:/x" },
	{ COMMAND_RUN, "run --drive C:=", "C:=" },
	{ COMMAND_RUN, "run --drive C:=/a --drive c:=/b", "twice" },
	{ COMMAND_RUN, "run --modules /m", "--kernel" },
	{ COMMAND_RUN, "run a b", "b" },
	{ COMMAND_RUN, "run --size 1G", "--size of run" },
	{ COMMAND_RUN, "run --qemu rtc", "dash" },
	{ COMMAND_RUN,
	  "run --disk 1 --disk 2 --disk 3 --disk 4 --disk 5 --disk 6 --disk 7 --disk 8 "
	  "--disk 9 --disk 10 --disk 11 --disk 12 --disk 13 --disk 14 --disk 15 --disk 16 "
	  "--disk 17",
	  "16 disks" },
	{ COMMAND_IMPORT, "import", "import" },
	{ COMMAND_IMPORT, "import a b c", "c" },
	{ COMMAND_IMPORT, "import ../a b", "../a" },
	{ COMMAND_IMPORT, "import --size 64M a b", "128M" },
	{ COMMAND_IMPORT, "import --format tar a b", "raw" },
	{ COMMAND_EXPORT, "export boat", "file" },
	{ COMMAND_EXPORT, "export --format raw boat f", "qcow2" },
	{ COMMAND_EXPORT, "export .boat f", ".boat" },
	{ COMMAND_REMOVE, "remove", "name" },
	{ COMMAND_SET, "set", "name" },
	{ COMMAND_SET, "set --memory 1G boat", "--memory of set" },
	{ COMMAND_SET_DEFAULT, "set-default ../x", "../x" },
	{ COMMAND_COMPACT, "compact a b", "b" },
	{ COMMAND_RUN, "run --socket", "--socket" },
	{ COMMAND_AGENT, "agent --socket s --link serial", "unix:" },
	{ COMMAND_AGENT, "agent --socket s --link serial:a", "unix:PATH" },
	{ COMMAND_AGENT, "agent --socket s --link vsock:3:9", "unix:PATH" },
	{ COMMAND_AGENT, "agent --socket s", "--listen" },
	{ COMMAND_AGENT, "agent --socket s --link tcp:h:9 --key k", "--listen" },
	{ COMMAND_AGENT, "agent --socket s --listen unix:/l", "which user of" },
	{ COMMAND_AGENT, "agent --socket s --listen vsock:5000", "vsock:CID:PORT" },
	{ COMMAND_AGENT, "agent --socket s --listen vsock:3:5000 --link unix:/l", "one of" },
	{ COMMAND_AGENT, "agent --socket s --link vsock:3:5000", "--listen" },
	{ COMMAND_AGENT, "agent --socket s --listen tcp:0.0.0.0:9", "under TLS" },
	{ COMMAND_AGENT, "agent --socket s --link unix:/l --key k", "--listen" },
	{ COMMAND_ENROLL, "enroll", "name" },
	{ COMMAND_ENROLL, "enroll a/b", "name" },
	{ COMMAND_ENROLL, "enroll a b", "b" },
	{ COMMAND_ENROLL, "enroll a --days 0", "days" },
	{ COMMAND_INITRAMFS, "initramfs", "-o FILE" },
	{ COMMAND_INITRAMFS, "initramfs -o", "needs a value" },
	{ COMMAND_INITRAMFS, "initramfs -o x --modules d", "--kernel" },
	{ COMMAND_INITRAMFS, "initramfs -o x y", "unexpected argument y" },
	{ COMMAND_ENROLL, "enroll a --link serial:x", "vsock:2:PORT" },
	{ COMMAND_AGENT, "agent --socket s --link unix:/l x", "x" },
	{ COMMAND_EXEC, "exec --socket s", "command" },
	{ COMMAND_EXEC, "exec -- ls", "--socket" },
	{ COMMAND_SHELL, "shell --socket s -- ls", "ls" },
};

static void test_mistakes(void **state)
{
	struct options o;
	struct fault why;

	(void)state;
	for (size_t i = 0; i < array_len(mistakes); i++) {
		if (parse(&o, mistakes[i].command, mistakes[i].line, &why) != -1)
			fail_msg("%s: passed", mistakes[i].line);
		assert_int_equal(why.status, HOST_FAILED);
		if (!strstr(why.text, mistakes[i].word))
			fail_msg("%s: %s", mistakes[i].line, why.text);
	}
}

/* A machine by these options, and QEMU's words for it. */
struct trial {
	struct image image;
	struct options o;
	struct qemu q;
	struct args args;
};

static bool has(const struct trial *t, const char *word)
{
	for (size_t i = 0; i < t->args.count; i++)
		if (strstr(t->args.at[i], word))
			return true;
	return false;
}

static void machine(struct trial *t, enum command command, const char *line)
{
	struct fault why;

	*t = (struct trial){ .image = { .kind = IMAGE_DISK, .format = DISK_RAW, .path = "/a" } };
	assert_int_equal(parse(&t->o, command, line, &why), 0);
	t->q = (struct qemu){ .program = "qemu",
			      .name = "boat",
			      .options = &t->o,
			      .drives = &t->o.drives,
			      .image = &t->image,
			      .kernel = "/k",
			      .initramfs = "/i",
			      .modules = "",
			      .timezone = "",
			      .console = -1,
			      .link = 7,
			      .net = -1,
			      .vsock = -1,
			      .c_dir = -1 };
}

/* Anew, after what was changed. */
static void words(struct trial *t)
{
	args_free(&t->args);
	qemu_args(&t->args, &t->q);
}

static void test_link_by_itself(void **state)
{
	static const char *const lines[] = { "run", "run --link auto" };

	(void)state;
	for (size_t i = 0; i < array_len(lines); i++) {
		struct trial t;

		machine(&t, COMMAND_RUN, lines[i]);
		words(&t);
		assert_true(has(&t, "landbridge.link=serial:landbridge.0"));
		assert_true(has(&t, ",name=landbridge.0"));
		args_free(&t.args);
	}
}

static void test_qemu(void **state)
{
	struct trial t;

	(void)state;
	machine(&t, COMMAND_RUN,
		"run --drives-by virtio-9p --drive D:=/x,y,ro --user ann --link serial:p.1 "
		"--subvolume /@/x");
	t.image = (struct image){ .kind = IMAGE_DISK, .format = DISK_RAW, .path = "/a,b.img" };
	words(&t);
	assert_true(has(&t, "format=raw,file=/a,,b.img,snapshot=on"));
	assert_true(has(&t, "path=/x,,y,security_model=none") && has(&t, "readonly=on"));
	assert_true(has(&t, "mount_tag=D:") && has(&t, "tcg") && has(&t, "landbridge.name=boat "));
	assert_true(has(&t, "landbridge.link=serial:p.1") && has(&t, ",name=p.1"));
	assert_true(has(&t, " landbridge.subvolume=@/x "));
	assert_true(has(&t, "landbridge.user=ann") && has(&t, "fd=7,server=on"));
	assert_true(has(&t, "path=console,server=on") && !has(&t, " rw "));
	assert_true(has(&t, "spawn=deny"));
	t.o.write = true;
	t.image = (struct image){ .kind = IMAGE_DIR, .path = "/root" };
	t.q.kvm = true;
	words(&t);
	assert_true(has(&t, "mount_tag=landbridge-root") && has(&t, "rootfstype=9p rw"));
	assert_true(!has(&t, "snapshot") && !has(&t, "tcg"));
	t.o.write = false;
	words(&t);
	assert_true(has(&t, "rootfstype=9p ro") &&
		    has(&t, "path=/root,security_model=none,multidevs=remap,readonly=on"));
	args_free(&t.args);
}

static void test_qemu_link_over_tcp(void **state)
{
	struct trial t;

	(void)state;
	machine(&t, COMMAND_RUN, "run --net host --link tcp");
	t.q.port = 4711;
	words(&t);
	assert_true(has(&t, "landbridge.link=tcp:10.0.2.2:4711") && has(&t, "user,id=net"));
	assert_false(has(&t, "virtserialport"));
	args_free(&t.args);
}

static void test_qemu_link_over_vsock(void **state)
{
	struct trial t;

	(void)state;
	machine(&t, COMMAND_START, "start --net none --link vsock --memory 640M");
	t.q.port = 4711;
	t.q.vsock = 8;
	words(&t);
	assert_true(has(&t, "landbridge.link=vsock:2:4711") && !has(&t, "virtserialport"));
	assert_true(has(&t, "socket,id=vsock,fd=8") && has(&t, "size=640M,share=on"));
	assert_true(has(&t, "vhost-user-vsock-pci,chardev=vsock") && has(&t, "backend=memory"));
	t.q.cid = 70;
	words(&t);
	assert_true(has(&t, "vhost-vsock-pci,guest-cid=70,vhostfd=8") && !has(&t, "memfd"));
	t.q.vsock = -1;
	words(&t);
	assert_true(has(&t, "guest-cid=70") && !has(&t, "vhostfd"));
	args_free(&t.args);
}

static void test_qemu_network(void **state)
{
	struct trial t;

	(void)state;
	machine(&t, COMMAND_RUN, "run");
	words(&t);
	assert_true(has(&t, "user,id=net") && has(&t, "netdev=net"));
	t.q.net = 9;
	words(&t);
	assert_true(has(&t, "socket,id=net,fd=9") && !has(&t, "user,id=net"));
	args_free(&t.args);
	machine(&t, COMMAND_START, "start --net=none");
	words(&t);
	assert_false(has(&t, "netdev"));
	args_free(&t.args);
}

static void test_qemu_disks(void **state)
{
	static const struct disk_file disks[] = {
		{ .path = "/a,b", .format = DISK_RAW },
		{ .path = "/c", .format = DISK_VHD, .read_only = true },
	};
	struct trial t;

	(void)state;
	machine(&t, COMMAND_RUN, "run --disk /a,b --disk /c,ro --qemu=-S --write");
	assert_true(t.o.disks.count == 2 && t.o.qemu.count == 1);
	t.o.qemu.at[0] = (char[]){ "-rtc base=utc x" };
	t.q.disks = disks;
	words(&t);
	assert_true(has(&t, "id=disk0,format=raw,file=/a,,b,discard=unmap"));
	assert_true(has(&t, "id=disk1,format=vpc,file=/c,readonly=on"));
	assert_true(has(&t, "drive=disk1") && has(&t, "id=root,format=raw,file=/a,discard"));
	assert_string_equal(t.args.at[t.args.count - 2], "-rtc");
	assert_string_equal(t.args.at[t.args.count - 1], "base=utc x");
	args_free(&t.args);
}

/* With drives on the link QEMU has none, and the guest knows which to look for. */
static void test_qemu_drives(void **state)
{
	static const struct {
		const char *line;
		bool qemus;
		const char *told;
	} rows[] = {
		{ "run --drive D:=/x --drive C:=/y", false, " landbridge.drives=DC" },
		{ "run --drive D:=/x --drives-by virtio-9p", true, NULL },
		{ "run --drive D:=/x --drive C:=/y,ro --drives-by link", false,
		  " landbridge.drives=DC" },
		{ "run --drives-by=link", false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		struct trial t;

		machine(&t, COMMAND_RUN, rows[i].line);
		words(&t);
		assert_int_equal(has(&t, "fsdev"), rows[i].qemus);
		assert_int_equal(has(&t, "virtio-9p"), rows[i].qemus);
		assert_true(rows[i].told ? has(&t, rows[i].told) : !has(&t, "landbridge.drives"));
		args_free(&t.args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_want_windows),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_distributions),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_link_by_itself),
		cmocka_unit_test(test_qemu),
		cmocka_unit_test(test_qemu_link_over_tcp),
		cmocka_unit_test(test_qemu_link_over_vsock),
		cmocka_unit_test(test_qemu_network),
		cmocka_unit_test(test_qemu_drives),
		cmocka_unit_test(test_qemu_disks),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
