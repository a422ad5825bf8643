/* posix.h: what the sockets of link and stream are written against, on Windows.
 *
 * Their sources are compiled for Windows as they are: this header comes before each of
 * them (-include), and the folder include/ has the headers that a Windows compiler has
 * not, which all lead here. A descriptor is a socket, whose handle fits an int; what
 * Winsock has under the same name but with its own errors is called bsd_NAME here, and
 * sets errno. Sockets are as the flags of socket() and accept4() say; MSG_DONTWAIT is
 * for sockets that do not block, as those in a loop are.
 *
 * Microsoft Learn: "Porting Socket Applications to Winsock", WSARecv, WSASend, WSAPoll.
 */
#ifndef LANDBRIDGE_LIB_WIN32_POSIX_H
#define LANDBRIDGE_LIB_WIN32_POSIX_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <winsock2.h>
#include <ws2tcpip.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

typedef int uid_t;
typedef int gid_t;

/* Errors that Windows has no number for: Linux's, beyond its own. */
enum { ENOKEY = 1126, EKEYEXPIRED = 1127, EKEYREJECTED = 1129 };

struct iovec {
	void *iov_base;
	size_t iov_len;
};

struct msghdr {
	struct iovec *msg_iov;
	size_t msg_iovlen; /* at most POSIX_IOV */
};
enum { POSIX_IOV = 8 };

/* A unix socket's name and a VM's: nobody here has one. */
#define AF_VSOCK 40
struct sockaddr_vm {
	unsigned short svm_family;
	uint32_t svm_port, svm_cid;
};

enum {
	SOCK_CLOEXEC = 0x80000,
	SOCK_NONBLOCK = 0x800,
	MSG_NOSIGNAL = 0,
	MSG_DONTWAIT = 0,
	SHUT_RD = SD_RECEIVE,
	SHUT_WR = SD_SEND,
	SHUT_RDWR = SD_BOTH,
	F_DUPFD_CLOEXEC = 1030,
	GRND_NONBLOCK = 1,
	GRND_INSECURE = 4,
};

/* Those of epoll(7) that the loop knows. Levels only: EPOLLET alone is for nothing, a
 * hang-up included. */
enum {
	EPOLLIN = 1,
	EPOLLOUT = 4,
	EPOLLERR = 8,
	EPOLLHUP = 16,
	EPOLLRDHUP = 0x2000,
	EPOLLET = 1 << 30,
};

/* Options that have another name; TCP_USER_TIMEOUT is in milliseconds. */
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE 3
#define TCP_KEEPCNT 16
#define TCP_KEEPINTVL 17
#endif
#define TCP_USER_TIMEOUT 0x1000
#ifndef TCP_MAXRT
#define TCP_MAXRT 5 /* the same in seconds */
#endif

#define accept4 bsd_accept4
#define bind bsd_bind
#define close bsd_close
#define connect bsd_connect
#define explicit_bzero bsd_explicit_bzero
#define fcntl bsd_fcntl
#define geteuid bsd_geteuid
#define getpeername bsd_getpeername
#define getrandom bsd_getrandom
#define getsockname bsd_getsockname
#define getsockopt bsd_getsockopt
#define listen bsd_listen
#define poll bsd_poll
#define readv bsd_readv
#define recv bsd_recv
#define send bsd_send
#define sendmsg bsd_sendmsg
#define setsockopt bsd_setsockopt
#define shutdown bsd_shutdown
#define socket bsd_socket

int accept4(int fd, struct sockaddr *name, socklen_t *size, int flags);
int bind(int fd, const struct sockaddr *name, socklen_t size);
int close(int fd);
int connect(int fd, const struct sockaddr *name, socklen_t size);
void explicit_bzero(void *data, size_t len);
int fcntl(int fd, int command, int from);
uid_t geteuid(void); /* 0: nobody's socket says who it is */
int getpeername(int fd, struct sockaddr *name, socklen_t *size);
ssize_t getrandom(void *data, size_t len, unsigned flags);
int getsockname(int fd, struct sockaddr *name, socklen_t *size);
int getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int listen(int fd, int backlog);
int poll(struct pollfd *fds, unsigned count, int ms);
ssize_t readv(int fd, const struct iovec *iov, int count);
ssize_t recv(int fd, void *data, size_t len, int flags);
ssize_t send(int fd, const void *data, size_t len, int flags);
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags);
int setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int shutdown(int fd, int how);
int socket(int family, int type, int protocol);

#endif
