/* test_wslconf.c: wsl.conf's grammar, the settings it makes, the command line. */
#include "init/settings.h"
#include "init/wslconf.h"

#include <errno.h>
#include <string.h>

#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

/* What the walk over a text says: "section.key=value;", "!LINE;" for a bad line. */
static void walk(const char *text, char *out, size_t size)
{
	char copy[1024];
	struct wslconf conf;
	enum wslconf_what what;
	size_t at = 0;

	memcpy(copy, text, strlen(text));
	wslconf_init(&conf, copy, strlen(text));
	out[0] = '\0';
	while ((what = wslconf_next(&conf)) != WSLCONF_END) {
		if (what == WSLCONF_BAD)
			at += fmt(out + at, size - at, "!%u;", conf.line);
		else
			at += fmt(out + at, size - at, "%s.%s=%s;", conf.section, conf.key,
				  conf.value);
	}
}

static void test_grammar(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "\n\n  \t\n# only a comment", "" },
		{ "[a]\nk=v", "a.k=v;" },
		{ "[a]\nk=v\n", "a.k=v;" },
		{ "[a]\r\nk = v\r\n", "a.k=v;" },
		{ "  [ a ]  # c\n  k  =  v w  # c\n", "a.k=v w;" },
		{ "[a]\nk=\n", "a.k=;" },
		{ "[a]\nk = # nothing\n", "a.k=;" },
		{ "[a]\nk=v;x\n", "a.k=v;x;" },
		{ "[a]\nk=\" v # w \" \n", "a.k= v # w ;" },
		{ "[a]\nk=x\" y\"z\n", "a.k=x yz;" },
		{ "[a]\nk=a\\\\b\\\"c\\td\n", "a.k=a\\b\"c\td;" },
		{ "[a]\nk=one\\\ntwo\nl=3\n", "a.k=onetwo;a.l=3;" },
		{ "[a]\nk=one\\\r\ntwo\r\nl=3", "a.k=onetwo;a.l=3;" },
		{ "[a]\nk=v \\t \n", "a.k=v \t;" },
		/* A bad line is skipped, and only that. */
		{ "k=v\n[a]\nl=w\n", "!1;a.l=w;" },
		{ "[a]\nnonsense\nk=v\n", "!2;a.k=v;" },
		{ "[a]\n= v\n9k=v\nk_x=v\nk=v\n", "!2;!3;!4;a.k=v;" },
		{ "[a]\nk=\"open\nl=w\n", "!2;a.l=w;" },
		{ "[a]\nk=bad\\x\nl=w\n", "!2;a.l=w;" },
		{ "[a]\nk=end\\", "!2;" },
		{ "[a\nk=v\n[b]\nl=w\n", "!1;!2;b.l=w;" },
		{ "[a] x\nk=v\n", "!1;!2;" },
		{ "[]\n[a]\nk=v", "!1;a.k=v;" },
	};
	char got[512];

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		walk(rows[i].text, got, sizeof(got));
		assert_string_equal(got, rows[i].want);
	}
}

static void test_nul_in_value(void **state)
{
	char text[] = "[a]\nk=v\0w\nl=x\n-";
	struct wslconf conf;

	(void)state;
	wslconf_init(&conf, text, sizeof(text) - 2);
	assert_int_equal(wslconf_next(&conf), WSLCONF_BAD);
	assert_int_equal(wslconf_next(&conf), WSLCONF_ENTRY);
	assert_string_equal(conf.value, "x");
	assert_int_equal(wslconf_next(&conf), WSLCONF_END);
}

static void test_set(void **state)
{
	static const struct {
		const char *section, *key, *value;
		int want;
	} rows[] = {
		{ "automount", "enabled", "FALSE", 0 },
		{ "AutoMount", "MOUNTFSTAB", "0", 0 },
		{ "automount", "root", "/drives/", 0 },
		{ "automount", "root", "drives", -EEXIST },
		{ "filesystem", "umask", "01777", -EINVAL },
		{ "filesystem", "umask", "077", 0 },
		{ "automount", "cgroups", "v1", -EOPNOTSUPP },
		{ "automount", "cgroups", "V2", 0 },
		{ "boot", "protectBinfmt", "false", -EOPNOTSUPP },
		{ "boot", "protectBinfmt", "true", 0 },
		{ "time", "useWindowsTimezone", "false", 0 },
		{ "interop", "enabled", "maybe", -EINVAL },
		{ "interop", "enabled", "", -EINVAL },
		{ "interop", "appendWindowsPath", "shim", -EINVAL },
		{ "interop", "appendWindowsPath", "", -EINVAL },
		{ "interop", "appendWindowsPath", "Shims", CFG_SHIMS ? 0 : -EINVAL },
		{ "interop", "appendWindowsPath", "false", CFG_SHIMS ? -EEXIST : 0 },
		{ "landbridge", "partition", "2x", -EINVAL },
		{ "landbridge", "partition", "-1", -EINVAL },
		{ "landbridge", "partition", "99999999999", -EINVAL },
		{ "landbridge", "partition", "3", 0 },
		{ "landbridge", "partition", "4", -EEXIST },
		{ "gpu", "appendLibPath", "anything", -EOPNOTSUPP },
		{ "boot", "systemd", "maybe", -EINVAL },
		{ "boot", "systemd", "True", 0 },
		{ "boot", "initTimeout", "-1", -EINVAL },
		{ "boot", "initTimeout", "5000", 0 },
		{ "general", "guiApplications", "true", -EOPNOTSUPP },
		{ "landbridge", "lookslikewsl", "true", 0 },
		{ "fileServer", "enabled", "false", 0 },
		{ "landbridge", "write", "true", -ENOENT },
		{ "gpu", "append", "true", -ENOENT },
		{ "nobody", "enabled", "true", -ENOENT },
	};
	struct settings s;

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < array_len(rows); i++)
		assert_int_equal(settings_set(&s, rows[i].section, rows[i].key, rows[i].value),
				 rows[i].want);
	assert_false(s.automount);
	assert_false(s.mount_fstab);
	assert_string_equal(s.automount_root, "/drives/");
	assert_int_equal(s.umask, 077);
	assert_true(s.interop);
	assert_int_equal(s.append_windows_path, CFG_SHIMS);
	assert_int_equal(s.shims, CFG_SHIMS);
	assert_int_equal(s.partition, 3);
	assert_false(s.file_server);
}

static void test_cmdline(void **state)
{
	static const struct {
		const char *text, *bad;
	} rows[] = {
		{ "quiet console=ttyS0 root=/dev/vda1 rw", NULL },
		{ "landbridge.name=x", NULL },
		{ "  landbridge.link=unix:/x\tlandbridge.partition=2 ", NULL },
		{ "landbridge.write=1", "landbridge.write=1" },
		{ "landbridge.name", "landbridge.name" },
		{ "landbridge.partition=two landbridge.x=1", "landbridge.partition=two" },
		{ "landbridge.nonsense=1", "landbridge.nonsense=1" },
		{ "quiet -- landbridge.nonsense=1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char text[128];
		const char *bad;
		struct settings s;

		settings_init(&s);
		fmt(text, sizeof(text), "%s", rows[i].text);
		bad = settings_cmdline(&s, text);
		if (rows[i].bad)
			assert_string_equal(bad, rows[i].bad);
		else
			assert_null(bad);
	}
}

static void test_cmdline_values(void **state)
{
	char text[] = "root=\"LABEL=my disk\" rootfstype=ext4 ro \"landbridge.name=a b\" "
		      "landbridge.user=me landbridge.dns=10.0.2.3\n";
	struct settings s;

	(void)state;
	settings_init(&s);
	assert_null(settings_cmdline(&s, text));
	assert_string_equal(s.root, "LABEL=my disk");
	assert_string_equal(s.root_type, "ext4");
	assert_true(s.read_only);
	assert_string_equal(s.name, "a b");
	assert_string_equal(s.default_user, "me");
	assert_string_equal(s.dns, "10.0.2.3");
}

struct said {
	char text[512];
	size_t len;
};

static void say(void *ctx, unsigned line, const char *why, const char *what)
{
	struct said *s = ctx;

	(void)why;
	s->len += fmt(s->text + s->len, sizeof(s->text) - s->len, "%u:%s;", line, what);
}

static void test_conf(void **state)
{
	char cmdline[] = "landbridge.user=bob landbridge.ip=1.2.3.4/8";
	char text[] = "[user]\ndefault=amy\n[interop]\nenabled=false\nenabled=true\nnew=1\n"
		      "what is this\n[landbridge]\nip=9.9.9.9/9\ngateway=5.6.7.8\ndns=yes\n"
		      "[boot]\ncommand=\"echo # hi\"\n ";
	struct said said = { .len = 0 };
	struct settings_complaint c = { say, &said, NULL };
	struct settings s;

	(void)state;
	settings_init(&s);
	assert_null(settings_cmdline(&s, cmdline));
	settings_conf(&s, text, sizeof(text) - 2, &c);
	/* The command line wins, without a word; the first of two counts. */
	assert_string_equal(s.default_user, "bob");
	assert_string_equal(s.ip, "1.2.3.4/8");
	assert_null(s.gateway); /* the file comes too late for it */
	assert_string_equal(s.dns, "yes");
	assert_string_equal(s.command, "echo # hi");
	assert_false(s.interop);
	assert_string_equal(said.text, "5:enabled;6:new;7:what is this;10:gateway;");
}

/* A file as an editor of the host may leave it. */
static void test_encodings(void **state)
{
	static const struct {
		const char *in;
		size_t len, size;
		const char *out;
		bool cut;
	} rows[] = {
		{ "[a]\n", 4, 9, "[a]\n", false },
		{ "\xef\xbb\xbf[a]\n", 7, 9, "[a]\n", false },
		{ "\xef\xbb\xbf", 3, 9, "", false },
		{ "\xef\xbb", 2, 9, "\xef\xbb", false },
		{ "\xff\xfe[\0a\0]\0\n\0", 10, 30, "[a]\n", false },
		{ "\xfe\xff\0[\0a\0]\0\n", 10, 30, "[a]\n", false },
		{ "\xff\xfe\xac\x20\x3d\xd8\x00\xde", 8, 30, "\xe2\x82\xac\xf0\x9f\x98\x80",
		  false },
		{ "\xff\xfe\x3d\xd8x\0", 6, 30, "\xef\xbf\xbdx", false }, /* half a pair */
		{ "\xff\xfe\x3d\xd8", 4, 30, "\xef\xbf\xbd", false },
		{ "\xff\xfex\0y", 5, 30, "x", false }, /* half a unit */
		{ "\xff\xfe\xac\x20\xac\x20\xac\x20", 8, 9, "\xe2\x82\xac\xe2\x82\xac", true },
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		char text[32] = "";
		bool cut = false;
		size_t len;

		memcpy(text, rows[i].in, rows[i].len);
		len = wslconf_utf8(text, rows[i].len, rows[i].size, &cut);
		assert_int_equal(len, strlen(rows[i].out));
		assert_memory_equal(text, rows[i].out, len);
		assert_int_equal(cut, rows[i].cut);
	}
}

struct told {
	char text[512];
	size_t len;
};

static void tell(void *ctx, unsigned line, const char *why, const char *what)
{
	struct told *t = ctx;

	t->len += fmt(t->text + t->len, sizeof(t->text) - t->len, "%u:%s: %s;", line, what, why);
}

#define SECTION "this is no [section], key = value or # comment"
#define EQUALS "no = comes after the key"
#define BEFORE "no good [section] comes before it"
#define ESCAPE "after a \\ comes one of \\ \" b n t"
#define QUOTE "no \" ends the quoted text"
#define NAME "a section is [NAME], of letters and digits"
#define BEHIND "more than a comment behind the ]"
#define VALUE "a value it cannot have"
#define UNKNOWN "unknown key"
#define TWICE "said before; the first one counts"
#define UNSUPPORTED "not supported yet"

/* Files as people, editors and scripts break them: what is said, and that the last
 * lines, which are good, still count. */
static const struct broken {
	const char *text, *told;
} broken[] = {
	{ "nonsense\n", "1:nonsense: " EQUALS ";" },
	{ "= value\n", "1:= value: " SECTION ";" },
	{ "key = value\n", "1:key = value: " BEFORE ";" },
	{ "[network\n", "1:[network: no ] ends the section's name;" },
	{ "[]\n", "1:[]: " NAME ";" },
	{ "[net work]\n", "1:[net work]: no ] ends the section's name;" },
	{ "[9]\n", "1:[9]: " NAME ";" },
	{ "[network] x\n", "1:[network] x: " BEHIND ";" },
	{ "[network]]\n", "1:[network]]: " BEHIND ";" },
	{ "[[network]]\n", "1:[[network]]: " NAME ";" },
	{ "]\n", "1:]: " SECTION ";" },
	{ "; comment\n", "1:; comment: " SECTION ";" },
	{ "// comment\n", "1:// comment: " SECTION ";" },
	{ "<xml/>\n", "1:<xml/>: " SECTION ";" },
	{ "\xe2\x80\x9cnetwork\xe2\x80\x9d\n", "1:???network: " SECTION ";" },
	{ "\x1b[2J\n", "1:?[2J: " SECTION ";" },
	{ "[interop]\nenabled\n", "2:enabled: " EQUALS ";" },
	{ "[interop]\nenabled true\n", "2:enabled true: " EQUALS ";" },
	{ "[interop]\nenabled: true\n", "2:enabled: true: " EQUALS ";" },
	{ "[interop]\nenabled =\n", "2:enabled: " VALUE ";" },
	{ "[interop]\nenabled = yes\n", "2:enabled: " VALUE ";" },
	{ "[interop]\nenabled = True # yes\nenabled = false\n", "3:enabled: " TWICE ";" },
	{ "[interop]\nenabled = \"true\n", "2:enabled = \"true: " QUOTE ";" },
	{ "[interop]\nappendWindowsPath = links\n", "2:appendWindowsPath: " VALUE ";" },
	{ "[interop]\nappendWindowsPath = shims\n",
	  CFG_SHIMS ? "" : "2:appendWindowsPath: " VALUE ";" },
	{ "[interop]\nenable = true\n", "2:enable: " UNKNOWN ";" },
	{ "[interop]\nap_pend = true\n", "2:ap_pend = true: " EQUALS ";" },
	{ "[interop]\n-enabled = true\n", "2:-enabled = true: " SECTION ";" },
	{ "[inter]\nenabled = true\n", "2:enabled: " UNKNOWN ";" },
	{ "[automount]\nroot = C:\\\\mnt\n", "2:root: " VALUE ";" },
	{ "[automount]\nroot = C:\\mnt\n", "2:root = C:\\mnt: " ESCAPE ";" },
	{ "[automount]\nroot = mnt\n", "2:root: " VALUE ";" },
	{ "[automount]\nroot =\n", "2:root: " VALUE ";" },
	{ "[automount]\ncgroups = v1\n", "2:cgroups: " UNSUPPORTED ";" },
	{ "[filesystem]\numask = 8\numask = 09\n", "3:umask: " TWICE ";" },
	{ "[filesystem]\numask = 09\n", "2:umask: " VALUE ";" },
	{ "[filesystem]\numask = u=rwx\n", "2:umask: " VALUE ";" },
	{ "[filesystem]\numask = 010000\n", "2:umask: " VALUE ";" },
	{ "[gpu]\nenabled = true\n", "2:enabled: " UNSUPPORTED ";" },
	{ "[fileServer]\nlogFile = /x\n", "2:logFile: " UNSUPPORTED ";" },
	{ "[landbridge]\nip = dhcp\n",
	  "2:ip: this goes on the kernel's command line, as landbridge.KEY=;" },
	{ "[boot]\ninitTimeout = soon\n", "2:initTimeout: " VALUE ";" },
	{ "[boot]\nprotectBinfmt = false\n", "2:protectBinfmt: " UNSUPPORTED ";" },
	{ "\r[interop]\r\n", "1:?[interop]: " SECTION ";" },
	{ "[interop]\nthis line is much longer than what is shown of one\n",
	  "2:this line is much longer than w: " EQUALS ";" },
	{ "[interop]\nenabled = true \\\n", "" }, /* the next line is empty */
};

static void test_broken(void **state)
{
	static const char good[] = "\n[network]\nhostname = good\n[boot]\ncommand = half";

	(void)state;
	for (size_t i = 0; i < array_len(broken); i++) {
		struct told told = { .len = 0 };
		struct settings_complaint c = { tell, &told, NULL };
		char text[256];
		struct settings s;
		size_t len = fmt(text, sizeof(text), "%s%s", broken[i].text, good);

		settings_init(&s);
		settings_conf(&s, text, len, &c);
		if (strcmp(told.text, broken[i].told) != 0)
			fail_msg("%zu: %s: %s", i, broken[i].text, told.text);
		assert_string_equal(s.hostname, "good");
		assert_string_equal(s.command, "half");
	}
}

/* Where each value comes from. */
static void test_origins(void **state)
{
	char cmdline[] = "landbridge.user=bob";
	char text[] = "[user]\ndefault = amy\n[filesystem]\n\numask = 077\n ";
	unsigned lines[SETTINGS_MAX] = { 0 };
	struct settings_complaint c = { NULL, NULL, lines };
	struct setting_shown k;
	struct settings s;
	size_t seen = 0;

	(void)state;
	settings_init(&s);
	settings_cmdline(&s, cmdline);
	settings_conf(&s, text, sizeof(text) - 2, &c);
	for (size_t i = 0; settings_show(&s, i, &k); i++) {
		if (strcmp(k.key, "umask") == 0) {
			assert_string_equal(k.value, "077");
			assert_true(k.set && !k.from_cmdline && lines[k.source] == 5);
			seen++;
		} else if (strcmp(k.key, "default") == 0 || strcmp(k.key, "user") == 0) {
			assert_string_equal(k.value, "bob");
			assert_true(k.set && k.from_cmdline);
			seen++;
		} else {
			assert_false(k.set);
		}
	}
	assert_int_equal(seen, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),    cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_nul_in_value), cmocka_unit_test(test_set),
		cmocka_unit_test(test_cmdline),      cmocka_unit_test(test_cmdline_values),
		cmocka_unit_test(test_conf),         cmocka_unit_test(test_broken),
		cmocka_unit_test(test_origins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
