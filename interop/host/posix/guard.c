/* guard.c: takes from a process the ways to make files that rule the host. */
#include "interop/host/posix/guard.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/lib.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define BIT(n) ((uint64_t)1 << (n))

/* Every system call that gives a file its mode, and which argument that is. The
 * C library passes 0 where open(2) needs none. */
struct mode_call {
	uint32_t call;
	unsigned mode;
};

static const struct mode_call mode_calls[] = {
#ifdef __NR_chmod
	{ __NR_chmod, 1 },   { __NR_open, 2 },     { __NR_creat, 1 },          { __NR_mknod, 1 },
#endif
	{ __NR_fchmod, 1 },  { __NR_fchmodat, 2 }, { 452 /* fchmodat2 */, 2 }, { __NR_openat, 3 },
	{ __NR_mknodat, 2 },
};

/* Programs for 32 bits on x86-64 (arch/x86/entry/syscalls/syscall_32.tbl). */
static const struct mode_call mode_calls_i386[] = {
	{ 15, 1 }, /* chmod */
	{ 5, 2 },  /* open */
	{ 8, 1 },  /* creat */
	{ 14, 1 }, /* mknod */
	{ 94, 1 }, /* fchmod */
	{ 306, 2 } /* fchmodat */,
	{ 452, 2 } /* fchmodat2 */,
	{ 295, 3 } /* openat */,
	{ 297, 2 } /* mknodat */,
};

/* Their modes are in memory, or they need no name: without them one uses openat. */
static const uint32_t unknown_calls[] = { __NR_openat2, __NR_io_uring_setup,
					  __NR_open_by_handle_at };
static const uint32_t unknown_calls_i386[] = { 437, 425, 342 };

enum { FIRST_FOREIGN = 0x40000000 }; /* x86-64's calls once more, under other numbers (x32) */
enum { FILTER_MAX = 160 };

struct guard_filter {
	struct sock_filter at[FILTER_MAX];
	struct sock_fprog whole;
};

static void put(struct guard_filter *p, struct sock_filter instruction)
{
	p->at[p->whole.len++] = instruction;
}

#define LOAD(offset) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset)))
#define RETURN(what) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (uint32_t)(what)))
#define JUMP(how, k, yes, no) \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | (how), (uint32_t)(k), yes, no))

static size_t argument(unsigned n)
{
	/* the lower half: both architectures are little-endian */
	return offsetof(struct seccomp_data, args) + n * sizeof(uint64_t);
}

/* Of the call whose number is loaded. */
static void put_calls(struct guard_filter *p, const struct mode_call *calls, size_t count,
		      const uint32_t unknown[3])
{
	for (size_t i = 0; i < 3; i++) {
		put(p, JUMP(BPF_JEQ, unknown[i], 0, 1));
		put(p, RETURN(SECCOMP_RET_ERRNO | ENOSYS));
	}
	for (size_t i = 0; i < count; i++) {
		put(p, JUMP(BPF_JEQ, calls[i].call, 0, 4));
		put(p, LOAD(argument(calls[i].mode)));
		put(p, JUMP(BPF_JSET, S_ISUID, 0, 1));
		put(p, RETURN(SECCOMP_RET_ERRNO | EPERM));
		put(p, RETURN(SECCOMP_RET_ALLOW));
	}
	put(p, RETURN(SECCOMP_RET_ALLOW));
}

/* Any other architecture has everything refused. */
static int filter_install(bool with_i386)
{
	struct guard_filter p = { .whole = { 0, NULL } };
	size_t size = 1 + 3 * 2 + 5 * array_len(mode_calls_i386) + 1;

	p.whole.filter = p.at;
	put(&p, LOAD(offsetof(struct seccomp_data, arch)));
	if (with_i386) {
		put(&p, JUMP(BPF_JEQ, AUDIT_ARCH_I386, 0, size));
		put(&p, LOAD(offsetof(struct seccomp_data, nr)));
		put_calls(&p, mode_calls_i386, array_len(mode_calls_i386), unknown_calls_i386);
	}
	put(&p, JUMP(BPF_JEQ, ARCH, 1, 0));
	put(&p, RETURN(SECCOMP_RET_ERRNO | EPERM));
	put(&p, LOAD(offsetof(struct seccomp_data, nr)));
	put(&p, JUMP(BPF_JGE, FIRST_FOREIGN, 0, 1));
	put(&p, RETURN(SECCOMP_RET_ERRNO | ENOSYS));
	put_calls(&p, mode_calls, array_len(mode_calls), unknown_calls);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p.whole) < 0 ? -errno : 0;
}

/* What exec(2) may give to root's process. Without FSETID, and in no group but
 * its own, it makes no set-gid files of others' groups. */
static int capabilities_limit(uint64_t kept)
{
	if (geteuid() != 0)
		return 0;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(kept & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			return -errno;
	return setgroups(0, NULL) < 0 && errno != EPERM ? -errno : 0;
}

/* DAC_OVERRIDE reads and searches too; DAC_READ_SEARCH would open any inode by its
 * handle, whatever has no name for the process. */
static const uint64_t serves_files = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER);

static int limit(uint64_t kept)
{
	int r = capabilities_limit(kept);

	return r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : r;
}

int guard_devices(void)
{
	return limit(serves_files | BIT(CAP_FSETID) | BIT(CAP_SETFCAP));
}

static int guard(bool with_i386)
{
	int r = limit(serves_files);

	return r < 0 ? r : filter_install(with_i386);
}

int guard_helpless(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int guard_files(void)
{
	return guard(false);
}

int guard_programs(void)
{
#if defined(__x86_64__)
	return guard(true);
#else
	return guard(false);
#endif
}
