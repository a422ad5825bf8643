/* Threads, in place of musl's: detached, nobody cancels them, and of their own they
 * have errno alone: what musl keeps of a thread is all zero in them. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* musl's: as clone(2), on the stack that ends at `stack`; and munmap(2), then the
 * thread's end, both without a stack. */
HIDDEN int __clone(int (*run)(void *), void *stack, int flags, void *arg, ...);
HIDDEN _Noreturn void __unmapself(void *map, size_t size);

enum { OF_MUSL = 512 }; /* its struct pthread is 200 bytes, in 1.2.3 */

/* At the upper end of the thread's mapping, above its stack. musl's part begins
 * (x86-64) or ends (aarch64) where the thread pointer points to. */
struct __pthread {
	void *(*run)(void *);
	void *arg;
	void *map;
	size_t size;
	int tid;
	_Alignas(16) unsigned char below[OF_MUSL];
	void *self; /* x86-64's ABI: the thread pointer's own value */
	unsigned char above[OF_MUSL - sizeof(void *)];
};

static const int thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID;

static int begin(void *arg)
{
	struct __pthread *thread = arg;
	sigset_t all;

	thread->run(thread->arg);
	/* There is no stack for a handler from now on. */
	sigfillset(&all);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, _NSIG / 8);
	__unmapself(thread->map, thread->size);
}

int pthread_create(pthread_t *restrict id, const pthread_attr_t *restrict attr,
		   void *(*run)(void *), void *restrict arg)
{
	size_t stack = attr->__u.__s[0], guard = attr->__u.__s[1];
	size_t size = (guard + stack + sizeof(struct __pthread) + 4095) & ~(size_t)4095;
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct __pthread *thread;

	if (map == MAP_FAILED)
		return EAGAIN;
	thread = (struct __pthread *)(uintptr_t)(map + size - sizeof(*thread));
	*thread = (struct __pthread){ .run = run, .arg = arg, .map = map, .size = size };
	thread->self = &thread->self;
	*id = thread;
	if (mprotect(map, guard, PROT_NONE) < 0 ||
	    __clone(begin, thread, thread_flags, thread, &thread->tid, thread->self, NULL) < 0) {
		munmap(map, size);
		return EAGAIN;
	}
	return 0;
}

int pthread_kill(pthread_t thread, int signal)
{
	return syscall(SYS_tkill, thread->tid, signal) < 0 ? errno : 0;
}

/* musl's look into what it keeps of a thread. */
pid_t gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

int raise(int signal)
{
	return (int)syscall(SYS_tkill, gettid(), signal);
}
