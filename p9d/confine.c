/* confine.c: capabilities, no_new_privs and the allow-list of system calls. */
#include "p9d/confine.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "lib/lib.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define NR_LIMIT 0x40000000u /* x32's numbers begin here */
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define NR_LIMIT 0x40000000u
#endif

#define FILES (CONFINE_SERVER | CONFINE_SWITCH | CONFINE_DRIVE)
#define ALL (CONFINE_DISPATCHER | FILES)

/* A dispatcher's children inherit its filter, so its list holds theirs too. */
static const struct {
	int nr;
	unsigned roles;
} calls[] = {
	/* bytes */
	{ SYS_read, ALL },
	{ SYS_write, ALL },
	{ SYS_readv, ALL },
	{ SYS_writev, ALL },
	{ SYS_recvfrom, ALL },
	{ SYS_sendto, ALL },
	{ SYS_recvmsg, ALL },
	{ SYS_sendmsg, ALL },
	{ SYS_pread64, FILES },
	{ SYS_pwrite64, FILES },
	{ SYS_splice, FILES },
	{ SYS_pipe2, FILES },
	{ SYS_shutdown, ALL },
	{ SYS_setsockopt, ALL },
	/* descriptors */
	{ SYS_close, ALL },
	{ SYS_fcntl, ALL },
	{ SYS_dup, FILES },
	{ SYS_lseek, ALL },
	{ SYS_epoll_ctl, ALL },
	{ SYS_epoll_pwait, ALL },
	{ SYS_ppoll, ALL },
	/* files */
	{ SYS_openat, ALL },
	{ SYS_openat2, FILES },
	{ SYS_fstat, ALL },
	{ SYS_newfstatat, ALL },
	{ SYS_statx, FILES },
	{ SYS_statfs, FILES },
	{ SYS_fstatfs, FILES },
	{ SYS_faccessat2, FILES },
	{ SYS_readlinkat, FILES },
	{ SYS_getdents64, FILES },
	{ SYS_mkdirat, FILES },
	{ SYS_mknodat, FILES },
	{ SYS_symlinkat, FILES },
	{ SYS_linkat, FILES },
	{ SYS_unlinkat, ALL },
	{ SYS_renameat2, FILES },
	{ SYS_truncate, FILES },
	{ SYS_ftruncate, FILES },
	{ SYS_fchmod, FILES },
	{ SYS_fchmodat, FILES },
	{ SYS_fchownat, FILES },
	{ SYS_utimensat, FILES },
	{ SYS_fsync, FILES },
	{ SYS_fdatasync, FILES },
	{ SYS_flock, FILES },
	{ SYS_getxattr, FILES },
	{ SYS_setxattr, FILES },
	{ SYS_listxattr, FILES },
	{ SYS_removexattr, FILES },
	{ SYS_renameat, FILES },
	{ SYS_name_to_handle_at, CONFINE_DRIVE },
	{ SYS_fanotify_mark, CONFINE_DRIVE }, /* on a group that was there before */
#ifdef SYS_open /* calls that newer CPUs do not have and C libraries still use */
	{ SYS_open, ALL },
	{ SYS_stat, ALL },
	{ SYS_lstat, ALL },
	{ SYS_readlink, FILES },
	{ SYS_chmod, FILES },
	{ SYS_unlink, ALL },
	{ SYS_dup2, CONFINE_DISPATCHER },
	{ SYS_fork, CONFINE_DISPATCHER },
	{ SYS_epoll_wait, ALL },
	{ SYS_poll, ALL },
#endif
	/* memory and threads */
	{ SYS_brk, ALL },
	{ SYS_munmap, ALL },
	{ SYS_madvise, ALL },
	{ SYS_mremap, ALL },
	{ SYS_futex, ALL },
	{ SYS_set_robust_list, ALL },
	{ SYS_rseq, ALL },
	{ SYS_set_tid_address, ALL },
	{ SYS_gettid, ALL },
	{ SYS_getpid, ALL },
	{ SYS_geteuid, ALL },
	{ SYS_tgkill, ALL },
	{ SYS_tkill, ALL },
	{ SYS_exit, ALL },
	{ SYS_exit_group, ALL },
	{ SYS_rt_sigaction, ALL },
	{ SYS_rt_sigprocmask, ALL },
	{ SYS_rt_sigreturn, ALL },
	{ SYS_restart_syscall, ALL },
	{ SYS_clock_gettime, ALL },
	{ SYS_clock_nanosleep, ALL },
	{ SYS_sched_yield, ALL },
	{ SYS_getrandom, ALL },
	{ SYS_sigaltstack, ALL }, /* what sanitizers need in tests */
	/* identities */
	{ SYS_setresuid, CONFINE_DISPATCHER | CONFINE_SWITCH },
	{ SYS_setresgid, CONFINE_DISPATCHER | CONFINE_SWITCH },
	{ SYS_setgroups, CONFINE_DISPATCHER | CONFINE_SWITCH },
	/* the dispatcher alone */
	{ SYS_accept4, CONFINE_DISPATCHER },
	{ SYS_socketpair, CONFINE_DISPATCHER },
	{ SYS_getsockopt, CONFINE_DISPATCHER },
	{ SYS_getsockname, CONFINE_DISPATCHER },
	{ SYS_getpeername, CONFINE_DISPATCHER },
	{ SYS_dup3, CONFINE_DISPATCHER },
	{ SYS_close_range, CONFINE_DISPATCHER },
	{ SYS_capset, CONFINE_DISPATCHER },
	{ SYS_capget, CONFINE_DISPATCHER },
	{ SYS_prctl, CONFINE_DISPATCHER },
	{ SYS_seccomp, CONFINE_DISPATCHER },
	{ SYS_epoll_create1, CONFINE_DISPATCHER | CONFINE_DRIVE },
	{ SYS_eventfd2, CONFINE_DISPATCHER },
	{ SYS_wait4, CONFINE_DISPATCHER },
	{ SYS_kill, CONFINE_DISPATCHER },
	{ SYS_umask, CONFINE_DISPATCHER },
	{ SYS_prlimit64, CONFINE_DISPATCHER },
};

#define ARG_LOW(n) ((uint32_t)offsetof(struct seccomp_data, args[n])) /* little-endian */
#define DENY (SECCOMP_RET_ERRNO | ENOSYS)
#define LOAD(offset) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (what))
#define IF(op, value, yes, no) \
	(struct sock_filter) BPF_JUMP(BPF_JMP | (op) | BPF_K, (value), (yes), (no))

#define PROGRAM_MAX (array_len(calls) * 2 + 32)

struct filter {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void add(struct filter *p, struct sock_filter instruction)
{
	p->code[p->len++] = instruction;
}

/* A call that is allowed while none of `bits` is set in an argument. */
static void allow_without(struct filter *p, int nr, unsigned arg, uint32_t bits)
{
	add(p, IF(BPF_JEQ, (uint32_t)nr, 0, 4));
	add(p, LOAD(ARG_LOW(arg)));
	add(p, IF(BPF_JSET, bits, 1, 0));
	add(p, RETURN(SECCOMP_RET_ALLOW));
	add(p, RETURN(DENY));
}

static void allow_threads_only(struct filter *p)
{
	add(p, IF(BPF_JEQ, SYS_clone, 0, 4));
	add(p, LOAD(ARG_LOW(0)));
	add(p, IF(BPF_JSET, CLONE_THREAD, 0, 1));
	add(p, RETURN(SECCOMP_RET_ALLOW));
	add(p, RETURN(DENY));
}

static void build(struct filter *p, enum confine_role role)
{
	add(p, LOAD((uint32_t)offsetof(struct seccomp_data, arch)));
	add(p, IF(BPF_JEQ, ARCH, 1, 0));
	add(p, RETURN(SECCOMP_RET_KILL_PROCESS));
	add(p, LOAD((uint32_t)offsetof(struct seccomp_data, nr)));
	add(p, IF(BPF_JGE, NR_LIMIT, 0, 1));
	add(p, RETURN(DENY));
	for (size_t i = 0; i < array_len(calls); i++) {
		if (!(calls[i].roles & (unsigned)role) && role != CONFINE_DISPATCHER)
			continue;
		add(p, IF(BPF_JEQ, (uint32_t)calls[i].nr, 0, 1));
		add(p, RETURN(SECCOMP_RET_ALLOW));
	}
	allow_without(p, SYS_mmap, 2, PROT_EXEC);
	allow_without(p, SYS_mprotect, 2, PROT_EXEC);
	if (role == CONFINE_DISPATCHER) {
		add(p, IF(BPF_JEQ, SYS_clone, 0, 1));
		add(p, RETURN(SECCOMP_RET_ALLOW));
	} else {
		allow_threads_only(p);
	}
	add(p, RETURN(DENY)); /* clone3 too: C libraries turn to clone then */
}

#define CAP(name) (1ull << (CAP_##name))

/* What root needs to be root to files, and nothing else of root's power:
 * no CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_NET_*. */
static uint64_t caps_of(enum confine_role role)
{
	uint64_t files = CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) |
			 CAP(FSETID) | CAP(MKNOD) | CAP(SETFCAP);

	/* A user namespace gives its maker all of them: more than the user has. */
	if (role == CONFINE_DRIVE)
		return geteuid() == 0 ? CAP(DAC_OVERRIDE) | CAP(FOWNER) : 0;
	if (role == CONFINE_SERVER)
		return files;
	files |= CAP(SETUID) | CAP(SETGID);
	return role == CONFINE_DISPATCHER ? files | CAP(KILL) : files;
}

static int limit_caps(uint64_t allowed)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(allowed >> 32 * i);
		data[i].effective &= data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int confine(enum confine_role role)
{
	struct filter program = { .len = 0 };
	struct sock_fprog prog = { .filter = program.code };
	int err = limit_caps(caps_of(role));

	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	build(&program, role);
	prog.len = program.len;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}
