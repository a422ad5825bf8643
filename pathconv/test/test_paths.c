/* test_paths.c: single paths, both ways. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"
#include "pathconv/test/guest.h"

#define ROOT "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"
/* U+F000 + c, as UTF-8 */
#define P3(x) "\xef\x80" x
#define COLON P3("\xba")
#define DOT P3("\xae")
#define SPACE P3("\xa0")
#define BACKSLASH "\xef\x81\x9c"

#define IS(path, result)                   \
	{                                  \
		.in = path, .want = result \
	}
#define NO(path, errno_)                       \
	{                                      \
		.in = path, .error = -(errno_) \
	}
#define FROM(dir, path, result)                        \
	{                                              \
		.in = path, .want = result, .cwd = dir \
	}
#define NO_FROM(dir, path, errno_)                         \
	{                                                  \
		.in = path, .error = -(errno_), .cwd = dir \
	}

/* A guest as the boot makes it, with a share, a drive's folder and a bind. */
static const char usual[] =
	ROOT "23 22 0:5 / /proc rw - proc proc rw\n"
	     "30 22 0:50 / /mnt/c rw,relatime shared:5 - 9p C: rw,trans=virtio\n"
	     "31 22 0:51 / /mnt/d rw,relatime - virtiofs D:\\134 rw\n"
	     "32 22 0:52 / /mnt/my\\040drive rw - 9p E:\\134some\\040dir rw\n"
	     "33 22 0:53 / /srv/share rw - drvfs \\134\\134Server\\134Share rw\n"
	     "34 22 0:50 /Projects /home/me/projects rw - 9p C: rw\n"
	     "35 22 254:1 /home/me /home/you rw - ext4 /dev/vda1 rw\n"
	     "36 30 0:60 / /mnt/c/tmp rw - tmpfs tmpfs rw\n"
	     "37 30 0:61 / /mnt/c/data rw - 9p F: rw\n"
	     "38 22 0:62 / /opt/w rw - fuse.landbridge G: rw,user_id=0,group_id=0\n";

static const struct row to_windows[] = {
	/* drives */
	IS("/mnt/c/x", "C:\\x"),
	IS("/mnt/c", "C:\\"),
	IS("/mnt/c/", "C:\\"),
	IS("/mnt/c/Users/me", "C:\\Users\\me"),
	IS("/mnt/c/Users/me/", "C:\\Users\\me\\"),
	IS("/mnt/c//x///y", "C:\\x\\y"),
	IS("//mnt/c/x", "C:\\x"),
	IS("/mnt/c/./x/.", "C:\\x"),
	IS("/mnt/c/x/../y", "C:\\y"),
	IS("/mnt/c/x/..", "C:\\"),
	IS("/mnt/c/../d/x", "D:\\x"),
	IS("/../../mnt/c/x", "C:\\x"),
	IS("/mnt/d", "D:\\"),
	IS("/mnt/d/a b", "D:\\a b"),
	IS("/mnt/my drive", "E:\\some dir"),
	IS("/mnt/my drive/f", "E:\\some dir\\f"),
	IS("/srv/share", "\\\\Server\\Share"),
	IS("/srv/share/", "\\\\Server\\Share\\"),
	IS("/srv/share/a/b", "\\\\Server\\Share\\a\\b"),
	IS("/opt/w/x", "G:\\x"),
	/* a subtree that is bound elsewhere; a drive on a drive; a hole in one */
	IS("/home/me/projects", "C:\\Projects"),
	IS("/home/me/projects/a", "C:\\Projects\\a"),
	IS("/mnt/c/data/x", "F:\\x"),
	IS("/mnt/c/datax", "C:\\datax"),
	IS("/mnt/c/tmp", "\\\\wsl.localhost\\deb\\mnt\\c\\tmp"),
	IS("/mnt/c/tmp/x", "\\\\wsl.localhost\\deb\\mnt\\c\\tmp\\x"),
	/* the guest's own */
	IS("/", "\\\\wsl.localhost\\deb\\"),
	IS("/..", "\\\\wsl.localhost\\deb\\"),
	IS("/home/me", "\\\\wsl.localhost\\deb\\home\\me"),
	IS("/home/me/", "\\\\wsl.localhost\\deb\\home\\me\\"),
	IS("/home/you/x", "\\\\wsl.localhost\\deb\\home\\you\\x"),
	IS("/mnt", "\\\\wsl.localhost\\deb\\mnt"),
	IS("/mnt/cx", "\\\\wsl.localhost\\deb\\mnt\\cx"),
	IS("/mnt/C/x", "\\\\wsl.localhost\\deb\\mnt\\C\\x"),
	IS("/proc/self/fd/0", "\\\\wsl.localhost\\deb\\proc\\self\\fd\\0"),
	/* names that Windows cannot have */
	IS("/mnt/c/a:b", "C:\\a" COLON "b"),
	IS("/mnt/c/a\"b", "C:\\a" P3("\xa2") "b"),
	IS("/mnt/c/a*b", "C:\\a" P3("\xaa") "b"),
	IS("/mnt/c/a<b", "C:\\a" P3("\xbc") "b"),
	IS("/mnt/c/a>b", "C:\\a" P3("\xbe") "b"),
	IS("/mnt/c/a?b", "C:\\a" P3("\xbf") "b"),
	IS("/mnt/c/a\\b", "C:\\a" BACKSLASH "b"),
	IS("/mnt/c/a|b", "C:\\a\xef\x81\xbc"
			 "b"),
	IS("/mnt/c/\001\037", "C:\\" P3("\x81") P3("\x9f")),
	IS("/mnt/c/a\nb\tc", "C:\\a" P3("\x8a") "b" P3("\x89") "c"),
	IS("/mnt/c/a\177b", "C:\\a\177b"),
	IS("/mnt/c/a b/c.d", "C:\\a b\\c.d"),
	IS("/mnt/c/x.", "C:\\x" DOT),
	IS("/mnt/c/x..", "C:\\x." DOT),
	IS("/mnt/c/x ", "C:\\x" SPACE),
	IS("/mnt/c/x. ./y", "C:\\x. " DOT "\\y"),
	IS("/mnt/c/ /", "C:\\" SPACE "\\"),
	IS("/mnt/c/...", "C:\\.." DOT),
	IS("/mnt/c/.x", "C:\\.x"),
	IS("/mnt/c/ x", "C:\\ x"),
	IS("/home/a:b", "\\\\wsl.localhost\\deb\\home\\a" COLON "b"),
	IS("/mnt/c/caf\303\251", "C:\\caf\303\251"),
	IS("/mnt/c/\xff\xfe", "C:\\\xff\xfe"),
	IS("/mnt/c/!#$%&'()+,;=@[]^`{}~-_", "C:\\!#$%&'()+,;=@[]^`{}~-_"),
	/* forward */
	{ "/mnt/c", "C:/", 0, NULL, PATH_FORWARD },
	{ "/mnt/c/x/y", "C:/x/y", 0, NULL, PATH_FORWARD },
	{ "/mnt/c/a\\b:c", "C:/a" BACKSLASH "b" COLON "c", 0, NULL, PATH_FORWARD },
	{ "/home/me", "//wsl.localhost/deb/home/me", 0, NULL, PATH_FORWARD },
	{ "/", "//wsl.localhost/deb/", 0, NULL, PATH_FORWARD },
	{ "/srv/share/a", "//Server/Share/a", 0, NULL, PATH_FORWARD },
	{ "/mnt/my drive/f", "E:/some dir/f", 0, NULL, PATH_FORWARD },
	{ "a/b", "a/b", 0, NULL, PATH_FORWARD },
	/* relative */
	FROM("/mnt/c", "a/b", "a\\b"),
	IS("a//b/", "a\\b\\"),
	IS("./a", "a"),
	IS(".", "."),
	IS("./", ".\\"),
	IS("a/..", "."),
	IS("..", ".."),
	IS("../", "..\\"),
	IS("../../x", "..\\..\\x"),
	IS("a/../../x", "..\\x"),
	IS("../a/../x", "..\\x"),
	IS("a:b/c.", "a" COLON "b\\c" DOT),
	{ "a", "C:\\Users\\a", 0, "/mnt/c/Users", PATH_ABSOLUTE },
	{ ".", "C:\\Users", 0, "/mnt/c/Users", PATH_ABSOLUTE },
	{ "..", "C:\\", 0, "/mnt/c/Users", PATH_ABSOLUTE },
	{ "../../d/y/", "D:\\y\\", 0, "/mnt/c/Users", PATH_ABSOLUTE },
	{ "a", "\\\\wsl.localhost\\deb\\a", 0, "/", PATH_ABSOLUTE },
	{ "a", "\\\\wsl.localhost\\deb\\home\\me\\a", 0, "/home/me", PATH_ABSOLUTE },
	{ "a", "C:/a", 0, "/mnt/c", PATH_ABSOLUTE | PATH_FORWARD },
	{ "a", NULL, -ENOENT, NULL, PATH_ABSOLUTE },
	{ "/mnt/c/a", "C:\\a", 0, NULL, PATH_ABSOLUTE },
	NO("", EINVAL),
};

static const struct row to_linux[] = {
	/* drives */
	IS("C:\\x", "/mnt/c/x"),
	IS("c:\\x", "/mnt/c/x"),
	IS("C:/x/y", "/mnt/c/x/y"),
	IS("C:\\", "/mnt/c/"),
	IS("C:", "/mnt/c"),
	IS("c:", "/mnt/c"),
	IS("C:\\Users\\me\\", "/mnt/c/Users/me/"),
	IS("C:\\\\Users\\\\me", "/mnt/c/Users/me"),
	IS("C:/Users\\me", "/mnt/c/Users/me"),
	IS("C:\\a\\.\\b\\.", "/mnt/c/a/b"),
	IS("C:\\a\\..\\b", "/mnt/c/b"),
	IS("C:\\..\\..\\b", "/mnt/c/b"),
	IS("C:\\a\\..", "/mnt/c"),
	IS("C:\\Program Files\\x (y)", "/mnt/c/Program Files/x (y)"),
	IS("D:\\x", "/mnt/d/x"),
	IS("E:\\some dir\\f", "/mnt/my drive/f"),
	IS("e:\\SOME DIR\\f", "/mnt/my drive/f"),
	IS("E:\\some dir", "/mnt/my drive"),
	NO("E:\\some dirs", EXDEV),
	NO("E:\\x", EXDEV),
	NO("E:\\", EXDEV),
	IS("F:\\x", "/mnt/c/data/x"),
	IS("G:\\x", "/opt/w/x"),
	NO("Z:\\x", EXDEV),
	NO("Z:", EXDEV),
	/* the deepest directory wins; what is hidden does not count */
	IS("C:\\Projects\\a", "/home/me/projects/a"),
	IS("c:\\PROJECTS", "/home/me/projects"),
	IS("C:\\Projects\\..\\x", "/mnt/c/x"),
	IS("C:\\Projectsx", "/mnt/c/Projectsx"),
	NO("C:\\tmp", EXDEV),
	NO("C:\\tmp\\x", EXDEV),
	IS("C:\\tmpx", "/mnt/c/tmpx"),
	NO("C:\\data\\x", EXDEV),
	/* long forms, shares, devices */
	IS("\\\\?\\C:\\x", "/mnt/c/x"),
	IS("\\\\?\\c:\\", "/mnt/c/"),
	IS("\\\\?\\C:", "/mnt/c"),
	IS("//?/C:/x", "/mnt/c/x"),
	IS("\\\\.\\C:\\x", "/mnt/c/x"),
	NO("\\\\?\\C:x", EXDEV),
	NO("\\\\?\\x", EXDEV),
	NO("\\\\?\\", EXDEV),
	NO("\\\\?\\Volume{0-1}\\x", EXDEV),
	NO("\\\\.\\COM1", EXDEV),
	IS("\\\\?\\UNC\\server\\share\\x", "/srv/share/x"),
	IS("\\\\?\\unc\\SERVER\\SHARE", "/srv/share"),
	IS("\\\\?\\UNC\\wsl.localhost\\deb\\home", "/home"),
	NO("\\\\?\\UNCx", EXDEV),
	IS("\\\\server\\share\\x", "/srv/share/x"),
	IS("\\\\SERVER\\SHARE\\X\\", "/srv/share/X/"),
	IS("//server/share/x", "/srv/share/x"),
	IS("\\\\\\\\server\\\\share\\\\x", "/srv/share/x"),
	IS("\\\\server\\share\\..\\..\\x", "/srv/share/x"),
	NO("\\\\server\\other\\x", EXDEV),
	NO("\\\\server\\shares", EXDEV),
	NO("\\\\server", EXDEV),
	NO("\\\\", EXDEV),
	/* the guest's own */
	IS("\\\\wsl.localhost\\deb\\home\\me", "/home/me"),
	IS("\\\\wsl$\\deb\\home\\me", "/home/me"),
	IS("\\\\WSL.LOCALHOST\\Deb\\home", "/home"),
	IS("\\\\Wsl$\\DEB\\home\\", "/home/"),
	IS("\\\\wsl$\\deb", "/"),
	IS("\\\\wsl$\\deb\\", "/"),
	IS("//wsl$/deb/x", "/x"),
	IS("\\\\wsl$\\deb\\mnt\\c\\x", "/mnt/c/x"),
	IS("\\\\wsl$\\deb\\..\\..\\x", "/x"),
	IS("\\\\wsl$\\deb\\a\\..\\..\\x", "/x"),
	NO("\\\\wsl$\\debian\\x", EXDEV),
	NO("\\\\wsl$\\de\\x", EXDEV),
	NO("\\\\wsl$\\other\\x", EXDEV),
	NO("\\\\wsl$\\", EXDEV),
	NO("\\\\wsl$", EXDEV),
	NO("\\\\wsl\\deb\\x", EXDEV),
	NO("\\\\wsl.localhost.\\deb\\x", EXDEV),
	/* names from the private area, and what only looks like it */
	IS("C:\\a" COLON "b", "/mnt/c/a:b"),
	IS("C:\\" P3("\x81") P3("\x9f"), "/mnt/c/\001\037"),
	IS("C:\\" P3("\xa2") P3("\xaa") P3("\xbc") P3("\xbe") P3("\xbf"), "/mnt/c/\"*<>?"),
	IS("C:\\a" BACKSLASH "b\xef\x81\xbc", "/mnt/c/a\\b|"),
	IS("C:\\x" DOT, "/mnt/c/x."),
	IS("C:\\x" SPACE "\\y", "/mnt/c/x /y"),
	IS("C:\\x" DOT "y", "/mnt/c/x" DOT "y"),
	IS("C:\\x" SPACE "y", "/mnt/c/x" SPACE "y"),
	IS("C:\\.." DOT, "/mnt/c/..."),
	IS("C:\\a\\" DOT "\\b", "/mnt/c/a/" DOT "/b"),
	IS("C:\\a\\." DOT "\\b", "/mnt/c/a/." DOT "/b"),
	IS("C:\\" P3("\x80"), "/mnt/c/" P3("\x80")),
	IS("C:\\" P3("\xa1") P3("\xaf"), "/mnt/c/" P3("\xa1") P3("\xaf")),
	IS("C:\\\xef\x81\x80\xef\x81\xbf", "/mnt/c/\xef\x81\x80\xef\x81\xbf"),
	IS("C:\\\xef\xac\x80\xef\xa4\x80", "/mnt/c/\xef\xac\x80\xef\xa4\x80"), /* U+FB00 U+F900 */
	IS("C:\\\xef\xac\x81\xef\xbc\x9a", "/mnt/c/\xef\xac\x81\xef\xbc\x9a"), /* U+FB01 U+FF1A */
	IS("C:\\\xef\xbc\x88\xef\xbc\x89", "/mnt/c/\xef\xbc\x88\xef\xbc\x89"), /* U+FF08 U+FF09 */
	IS("C:\\\xef\x82\x81\xef\xbf\xbd", "/mnt/c/\xef\x82\x81\xef\xbf\xbd"), /* U+F081 U+FFFD */
	IS("C:\\x\xef\x80", "/mnt/c/x\xef\x80"),
	IS("C:\\x\xef", "/mnt/c/x\xef"),
	IS("\\\\wsl$\\deb\\a" COLON "b", "/a:b"),
	IS("C:\\caf\303\251", "/mnt/c/caf\303\251"),
	/* on the drive of the current directory */
	FROM("/mnt/c/Users", "\\x", "/mnt/c/x"),
	FROM("/mnt/c/Users", "/x", "/mnt/c/x"),
	FROM("/mnt/c/Users", "\\", "/mnt/c/"),
	FROM("/mnt/c", "\\..\\x\\", "/mnt/c/x/"),
	FROM("/mnt/d", "\\x", "/mnt/d/x"),
	FROM("/home/me/projects/a", "\\x", "/mnt/c/x"),
	FROM("/home/me/projects/a", "\\Projects\\b", "/home/me/projects/b"),
	FROM("/srv/share/a", "\\x", "/srv/share/x"),
	FROM("/mnt/my drive", "\\some dir\\x", "/mnt/my drive/x"),
	NO_FROM("/mnt/my drive", "\\x", EXDEV),
	NO_FROM("/home/me", "\\x", EXDEV),
	NO_FROM("/", "/usr/bin", EXDEV),
	NO("\\x", ENOENT),
	FROM("/mnt/c/Users", "C:x", "/mnt/c/Users/x"),
	FROM("/mnt/c/Users", "c:..\\x", "/mnt/c/x"),
	FROM("/mnt/c/Users", "C:..\\..\\x", "/mnt/c/x"),
	FROM("/home/me/projects/b", "C:a", "/home/me/projects/b/a"),
	FROM("/home/me/projects/b", "C:..\\..\\a", "/mnt/c/a"),
	FROM("/mnt/d/Users", "C:x", "/mnt/c/x"),
	FROM("/home/me", "C:x", "/mnt/c/x"),
	IS("C:x", "/mnt/c/x"),
	IS("C:.", "/mnt/c"),
	NO("Z:x", EXDEV),
	/* relative */
	IS("a\\b", "a/b"),
	FROM("/mnt/c", "a/b", "a/b"),
	IS("a\\\\b\\", "a/b/"),
	IS(".", "."),
	IS(".\\", "./"),
	IS(".\\a", "a"),
	IS("a\\..", "."),
	IS("..\\..\\a", "../../a"),
	IS("a\\..\\..\\b", "../b"),
	IS("a" COLON "b", "a:b"),
	IS("a b", "a b"),
	IS("1:", "1:"),
	IS("CC:\\x", "CC:/x"),
	{ "a\\b", "/mnt/c/a/b", 0, "/mnt/c", PATH_ABSOLUTE },
	{ "..\\a\\", "/mnt/a/", 0, "/mnt/c", PATH_ABSOLUTE },
	{ ".", "/home/me", 0, "/home/me", PATH_ABSOLUTE },
	{ "..", "/", 0, "/home", PATH_ABSOLUTE },
	{ "a", "/a", 0, "/", PATH_ABSOLUTE },
	{ "a", NULL, -ENOENT, NULL, PATH_ABSOLUTE },
	{ "C:\\a", "/mnt/c/a", 0, "/home", PATH_ABSOLUTE },
	NO("", EINVAL),
};

static void test_to_windows(void **state)
{
	struct guest g;

	(void)state;
	guest_make(&g, usual);
	assert_int_equal(guest_check(&g, path_to_windows, to_windows, array_len(to_windows)), 0);
}

static void test_to_linux(void **state)
{
	struct guest g;

	(void)state;
	guest_make(&g, usual);
	assert_int_equal(guest_check(&g, path_to_linux, to_linux, array_len(to_linux)), 0);
}

/* Guests in which something hides something. */
struct scene {
	const char *mountinfo;
	struct row windows[6], linux[6];
};

#define DRIVE(id, parent, root, point, source) \
#id " " #parent " 0:50 " root " " point " rw - 9p " source " rw\n"
#define OTHER(id, parent, point) #id " " #parent " 0:60 / " point " rw - tmpfs tmpfs rw\n"

static const struct scene scenes[] = {
	{ /* something over the parent of a drive */
	  ROOT DRIVE(30, 22, "/", "/mnt/c", "C:") OTHER(31, 22, "/mnt"),
	  { IS("/mnt/c/x", "\\\\wsl.localhost\\deb\\mnt\\c\\x") },
	  { NO("C:\\x", EXDEV), NO("C:", EXDEV) } },
	{ /* a drive over another, and over part of another */
	  ROOT DRIVE(30, 22, "/", "/mnt/c", "C:") DRIVE(31, 30, "/", "/mnt/c", "D:"),
	  { IS("/mnt/c/x", "D:\\x") },
	  { IS("D:\\x", "/mnt/c/x"), NO("C:\\x", EXDEV) } },
	{ ROOT DRIVE(30, 22, "/", "/mnt/c", "C:") DRIVE(31, 30, "/", "/mnt/c/Users", "D:"),
	  { IS("/mnt/c/Users/x", "D:\\x"), IS("/mnt/c/x", "C:\\x") },
	  { NO("C:\\Users\\x", EXDEV), IS("C:\\UsersX", "/mnt/c/UsersX"),
	    /* text cannot know that the host's disk ignores case */
	    IS("C:\\users\\x", "/mnt/c/users/x"), IS("C:\\Users\\..\\y", "/mnt/c/y") } },
	{ /* a hidden part that is visible elsewhere */
	  ROOT DRIVE(30, 22, "/", "/mnt/c", "C:") OTHER(31, 30, "/mnt/c/Users")
		  DRIVE(32, 22, "/Users", "/home", "C:"),
	  { IS("/home/me", "C:\\Users\\me"),
	    IS("/mnt/c/Users/me", "\\\\wsl.localhost\\deb\\mnt\\c\\Users\\me") },
	  { IS("C:\\Users\\me", "/home/me"), IS("C:\\x", "/mnt/c/x") } },
	{ ROOT DRIVE(30, 22, "/", "/mnt/c", "C:") OTHER(31, 30, "/mnt/c/Users")
		  DRIVE(32, 22, "/", "/c", "C:") OTHER(33, 32, "/c/Temp"),
	  { IS("/c/x", "C:\\x"), IS("/mnt/c/x", "C:\\x") },
	  { IS("C:\\Users\\me", "/c/Users/me"), IS("C:\\Temp\\x", "/mnt/c/Temp/x"),
	    IS("C:\\x", "/c/x") } },
	{ /* the same drive twice: the later one */
	  ROOT DRIVE(30, 22, "/", "/a", "C:") DRIVE(31, 22, "/", "/b", "C:"),
	  { IS("/a/x", "C:\\x"), IS("/b/x", "C:\\x") },
	  { IS("C:\\x", "/b/x") } },
	{ /* the deepest of three, even when it is the first */
	  ROOT DRIVE(30, 22, "/a/b", "/ab", "C:") DRIVE(31, 22, "/a", "/a", "C:")
		  DRIVE(32, 22, "/", "/c", "C:"),
	  { IS("/ab", "C:\\a\\b"), IS("/ab/x", "C:\\a\\b\\x") },
	  { IS("C:\\a\\b\\x", "/ab/x"), IS("C:\\A\\x", "/a/x"), IS("C:\\x", "/c/x"),
	    IS("C:\\a\\bc", "/a/bc") } },
	{ /* a bound part of a drive's folder, with names to escape */
	  ROOT DRIVE(30, 22, "/a:b\\040", "/x", "C:\\134dir"),
	  { IS("/x/y", "C:\\dir\\a" COLON "b" SPACE "\\y") },
	  { IS("C:\\dir\\a" COLON "b" SPACE "\\y", "/x/y"),
	    IS("C:\\DIR\\A" COLON "B" SPACE, "/x") } },
	{ /* a drive as the root of the guest, with a file system of its own in it */
	  DRIVE(22, 1, "/", "/", "C:") OTHER(30, 22, "/tmp"),
	  { IS("/", "C:\\"), IS("/x", "C:\\x"), IS("/tmp/x", "\\\\wsl.localhost\\deb\\tmp\\x") },
	  { IS("C:\\", "/"), IS("C:", "/"), IS("C:\\x", "/x"), NO("C:\\tmp", EXDEV) } },
	{ /* a bind over a single file */
	  ROOT DRIVE(30, 22, "/hosts", "/etc/hosts", "C:"),
	  { IS("/etc/hosts", "C:\\hosts"),
	    IS("/etc/hostsx", "\\\\wsl.localhost\\deb\\etc\\hostsx") },
	  { IS("C:\\hosts", "/etc/hosts"), NO("C:\\hostsx", EXDEV) } },
	{ /* no mount at all */
	  "",
	  { IS("/x", "\\\\wsl.localhost\\deb\\x") },
	  { NO("C:\\x", EXDEV), IS("\\\\wsl$\\deb\\x", "/x"), IS("x", "x") } },
	{ /* a real mountinfo of WSL */
	  "74 50 8:32 / / rw,relatime - ext4 /dev/sdc rw,discard,errors=remount-ro,data=ordered\n"
	  "75 74 0:24 / /mnt/wsl rw,relatime shared:1 - tmpfs none rw\n"
	  "76 74 0:29 / /usr/lib/wsl/drivers ro,nosuid,nodev,noatime - 9p drivers "
	  "ro,aname=drivers;fmask=222;dmask=222,cache=5,trans=fd,rfd=8,wfd=8\n"
	  "120 74 0:66 / /mnt/c rw,noatime - 9p C:\\134 rw,aname=drvfs;path=C:\\;uid=1000;gid=1000;"
	  "symlinkroot=/mnt/,cache=5,access=client,msize=65536,trans=fd,rfd=6,wfd=6\n"
	  "121 74 0:67 / /mnt/n rw - 9p UNC\\134srv\\134x rw,aname=drvfs;path=UNC\\134srv\\134x;uid=0\n",
	  { IS("/mnt/c/a", "C:\\a"), IS("/mnt/n/a", "\\\\srv\\x\\a"),
	    IS("/usr/lib/wsl/drivers/a", "\\\\wsl.localhost\\deb\\usr\\lib\\wsl\\drivers\\a") },
	  { IS("C:\\a", "/mnt/c/a"), IS("\\\\srv\\x\\a", "/mnt/n/a") } },
};

static size_t rows_used(const struct row *rows, size_t max)
{
	size_t n = 0;

	while (n < max && rows[n].in != NULL)
		n++;
	return n;
}

static void test_scenes(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < array_len(scenes); i++) {
		const struct scene *s = &scenes[i];
		struct guest g;

		guest_make(&g, s->mountinfo);
		wrong += guest_check(&g, path_to_windows, s->windows,
				     rows_used(s->windows, array_len(s->windows)));
		wrong += guest_check(&g, path_to_linux, s->linux,
				     rows_used(s->linux, array_len(s->linux)));
	}
	assert_int_equal(wrong, 0);
}

static void test_no_name(void **state)
{
	struct guest g;
	char out[64];

	(void)state;
	guest_make(&g, usual);
	for (int i = 0; i < 2; i++) {
		g.pc.name = i == 0 ? NULL : "";
		assert_int_equal(path_to_windows(&g.pc, "/home", 0, out, sizeof(out)), -EXDEV);
		assert_int_equal(path_to_windows(&g.pc, "/mnt/c", 0, out, sizeof(out)), 3);
		assert_int_equal(path_to_linux(&g.pc, "\\\\wsl$\\\\x", 0, out, sizeof(out)),
				 -EXDEV);
		assert_int_equal(path_to_linux(&g.pc, "\\\\wsl$\\deb\\x", 0, out, sizeof(out)),
				 -EXDEV);
	}
}

/* Every size of buffer that is too small says so and is not overrun (the
 * address sanitizer watches). */
static void check_sizes(converter *convert, const struct pathconv *pc, const char *in)
{
	char whole[PATH_WINDOWS_MAX];
	ssize_t len = convert(pc, in, 0, whole, sizeof(whole));

	assert_true(len > 0);
	for (size_t size = 0; size <= (size_t)len + 1; size++) {
		char *out = test_malloc(size + 1);
		ssize_t rc = convert(pc, in, 0, out, size);

		if (size <= (size_t)len)
			assert_int_equal(rc, -ENAMETOOLONG);
		else
			assert_string_equal(out, whole);
		test_free(out);
	}
}

static void test_sizes(void **state)
{
	struct guest g;

	(void)state;
	guest_make(&g, usual);
	check_sizes(path_to_windows, &g.pc, "/mnt/my drive/a:b/c.");
	check_sizes(path_to_windows, &g.pc, "/home/me/");
	check_sizes(path_to_windows, &g.pc, "../a/b");
	check_sizes(path_to_linux, &g.pc, "C:\\Projects\\a" COLON);
	check_sizes(path_to_linux, &g.pc, "\\\\wsl$\\deb");
	check_sizes(path_to_linux, &g.pc, "\\\\server\\share");
	check_sizes(path_to_linux, &g.pc, "a\\..\\b\\");
}

static void test_longest(void **state)
{
	struct guest g;
	char path[PATH_MAX + 8], out[PATH_WINDOWS_MAX];

	(void)state;
	guest_make(&g, usual);
	memset(path, ':', sizeof(path));
	memcpy(path, "/mnt/c/", 7);
	path[PATH_MAX - 1] = '\0';
	assert_int_equal(path_to_windows(&g.pc, path, 0, out, sizeof(out)), 3 + 3 * (PATH_MAX - 8));
	path[PATH_MAX - 1] = ':';
	path[PATH_MAX] = '\0';
	assert_int_equal(path_to_windows(&g.pc, path, 0, out, sizeof(out)), -ENAMETOOLONG);
	memset(path, 'x', PATH_MAX + 4);
	memcpy(path, "C:\\", 3);
	path[PATH_MAX + 4] = '\0';
	assert_int_equal(path_to_linux(&g.pc, path, 0, out, sizeof(out)), -ENAMETOOLONG);
	/* what goes away again does not count */
	for (size_t i = 3; i + 5 < PATH_MAX; i += 5)
		memcpy(path + i, "a\\..\\", 5);
	assert_true(path_to_linux(&g.pc, path, 0, out, sizeof(out)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_windows), cmocka_unit_test(test_to_linux),
		cmocka_unit_test(test_scenes),     cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_sizes),      cmocka_unit_test(test_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
