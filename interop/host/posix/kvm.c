/* kvm.c: finds out whether KVM works here, by trying it once. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interop/host/posix/qemu.h"
#include "lib/lib.h"

enum { TRIAL_MS = 5000, CONSOLE_MAX = 64 * 1024 };

static bool text_has(const char *path, const char *word)
{
	char text[CONSOLE_MAX];

	return file_read(path, text, sizeof(text)) > 0 && strstr(text, word);
}

/* The kernel itself, with no root to mount: it comes as far as saying so, and
 * restarts, which ends QEMU. Less than that proves little: there are KVMs that
 * run a few instructions well and then never get through a kernel's start. */
static bool trial(const char *program, const char *kernel, const char *console)
{
	struct args args = { 0 };
	struct tool tool = {
		.program = program, .in = -1, .out = -1, .err = -1, .death_signal = SIGKILL
	};
	static const char *const fixed[] = {
		"-nodefaults",
		"-no-user-config",
		"-no-reboot",
		"-display",
		"none",
		"-machine",
		"q35",
		"-accel",
		"kvm",
		"-cpu",
		"host",
		"-m",
		"256M",
		"-append",
		"console=ttyS0 quiet panic=-1",
	};
	int status = -1;
	pid_t pid;

	args_add(&args, "%s", program);
	for (size_t i = 0; i < array_len(fixed); i++)
		args_add(&args, "%s", fixed[i]);
	args_add(&args, "-kernel");
	args_add(&args, "%s", kernel);
	args_add(&args, "-serial");
	args_add(&args, "file:%s", console);
	tool.argv = args.at;
	pid = args.bad ? -ENOMEM : tool_start(&tool);
	if (pid > 0)
		status = child_wait(pid, TRIAL_MS);
	args_free(&args);
	return status == 0 && text_has(console, "Kernel panic");
}

/* What the answer holds for: this boot, this QEMU, this kernel. */
static int subject(char *out, size_t size, const char *program, const char *kernel)
{
	char boot[64] = "";
	struct stat st, image;

	if (stat(program, &st) < 0 || stat(kernel, &image) < 0)
		return -errno;
	file_read("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	boot[strcspn(boot, "\n")] = '\0';
	return path_format(out, size, "%s %s %lld %s %lld %d ", boot, program,
			   (long long)st.st_mtim.tv_sec, kernel, (long long)image.st_mtim.tv_sec,
			   (int)getuid());
}

bool qemu_kvm_works(const char *program, const char *kernel, const struct dirs *dirs)
{
	char known[2 * PATH_MAX + 192], about[2 * PATH_MAX + 160], answer[2 * PATH_MAX + 192],
		path[PATH_MAX + 16];
	size_t len;
	bool works;

	if (access("/dev/kvm", R_OK | W_OK) < 0 ||
	    subject(about, sizeof(about), program, kernel) < 0)
		return false;
	len = strlen(about);
	fmt(path, sizeof(path), "%s/kvm", dirs->home);
	if (file_read(path, known, sizeof(known)) > (ssize_t)len && memcmp(known, about, len) == 0)
		return known[len] == 'y';
	fmt(path, sizeof(path), "%s/.kvm-%d", dirs->home, (int)getpid());
	works = trial(program, kernel, path);
	unlink(path);
	fmt(answer, sizeof(answer), "%s%s\n", about, works ? "yes" : "no");
	fmt(path, sizeof(path), "%s/kvm", dirs->home);
	file_create(path, answer, 0600);
	return works;
}
