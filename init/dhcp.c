/* dhcp.c: landbridge-dhcp: gets an address, and keeps it. Between two renewals it
 * sleeps. Source: RFC 2131, section 4.4. */
#include "init/dhcp.h"

#if CFG_NET
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "init/dhcp_wire.h"
#include "init/init.h"
#include "init/rtnl.h"
#include "lib/fd.h"
#include "lib/fmt.h"
#include "lib/lib.h"
#include "lib/log.h"

enum {
	ASK_FIRST_S = 1, /* for an answer, doubling ... */
	ASK_MAX_S = 64,  /* ... up to this */
	REQUESTS = 4,    /* for what was offered */
	RENEW_MIN_S = 60,
};

enum state { SELECTING, REQUESTING, BOUND, RENEWING, REBINDING };

struct dhcp_client {
	struct log log;
	const char *name;  /* of the interface */
	const char *names; /* where the name servers go; NULL: nowhere */
	char hostname[65];
	int index;
	int packets; /* in: also to an address that we have not yet */
	int out;
	int timer; /* of CLOCK_BOOTTIME: a lease ends while the machine sleeps, too */
	struct nl_sock *rtnl;
	enum state state;
	struct dhcp_ask ask;
	struct dhcp_answer lease; /* offered, or ours from BOUND on */
	int64_t since, begun;     /* of what is asked, and of the lease: in seconds */
	unsigned tries;
	bool told; /* that nobody answers */
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* --- sockets ------------------------------------------------------------------- */

#define LOAD(size, at) ((struct sock_filter)BPF_STMT(BPF_LD | (size) | BPF_ABS, at))
#define DROP ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0))

static int filter_set(int fd, struct sock_filter *code, size_t count)
{
	const struct sock_fprog program = { (unsigned short)count, code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

/* Whatever else the machine receives does not wake us: dhcp_find's rules. */
static int packets_open(int index)
{
	struct sock_filter code[] = {
		LOAD(BPF_B, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 5),
		LOAD(BPF_H, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 3, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_CLIENT_PORT, 1, 0),
		DROP,
		BPF_STMT(BPF_RET | BPF_K, UINT16_MAX),
	};
	const struct sockaddr_ll here = { .sll_family = AF_PACKET,
					  .sll_protocol = htons(ETH_P_IP),
					  .sll_ifindex = index };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd < 0 ? -errno : filter_set(fd, code, array_len(code));

	if (err == 0 && bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
		err = -errno;
	if (err < 0)
		fd_close(&fd);
	return err < 0 ? err : fd;
}

/* It takes nothing in, and keeps the kernel from saying that nobody listens. */
static int out_open(const char *name)
{
	struct sock_filter code[] = { DROP };
	const struct sockaddr_in here = { .sin_family = AF_INET,
					  .sin_port = htons(DHCP_CLIENT_PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	int err = fd < 0 ? -errno : filter_set(fd, code, array_len(code));

	if (err == 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
	     setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	     setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0 ||
	     bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0))
		err = -errno;
	if (err < 0)
		fd_close(&fd);
	return err < 0 ? err : fd;
}

static int client_open(struct dhcp_client *c)
{
	struct ifreq r = { 0 };
	struct utsname u;
	int err;

	c->out = out_open(c->name);
	fmt(r.ifr_name, sizeof(r.ifr_name), "%s", c->name);
	if (c->out < 0 || ioctl(c->out, SIOCGIFINDEX, &r) < 0)
		return c->out < 0 ? c->out : -errno;
	c->index = r.ifr_ifindex;
	c->packets = packets_open(c->index);
	c->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->packets < 0 || c->timer < 0)
		return c->packets < 0 ? c->packets : -errno;
	if (ioctl(c->out, SIOCGIFHWADDR, &r) < 0)
		return -errno;
	memcpy(c->ask.mac, r.ifr_hwaddr.sa_data, sizeof(c->ask.mac));
	uname(&u);
	fmt(c->hostname, sizeof(c->hostname), "%s", u.nodename);
	c->ask.hostname = c->hostname;
	err = rtnl_open(&c->rtnl);
	return err < 0 ? err : rtnl_link_up(c->rtnl, c->index);
}

/* --- the lease ----------------------------------------------------------------- */

static void address_show(char out[INET_ADDRSTRLEN], uint32_t address)
{
	uint8_t b[4];

	memcpy(b, &address, sizeof(b));
	fmt(out, INET_ADDRSTRLEN, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

static void names_write(const struct dhcp_client *c)
{
	char text[DHCP_DOMAIN_MAX + 256], name[INET_ADDRSTRLEN];
	size_t used = fmt(text, sizeof(text),
			  "# Made by Landbridge of a DHCP lease. To keep your "
			  "own file, put into /etc/wsl.conf:\n"
			  "# [network]\n# generateResolvConf = false\n");
	int fd;

	if (!c->names || !c->lease.dns_count)
		return;
	if (c->lease.domain[0])
		used += fmt(text + used, sizeof(text) - used, "search %s\n", c->lease.domain);
	for (unsigned i = 0; i < c->lease.dns_count; i++) {
		address_show(name, c->lease.dns[i]);
		used += fmt(text + used, sizeof(text) - used, "nameserver %s\n", name);
	}
	/* It is mounted over the image's: no other file can take its place. */
	fd = open(c->names, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || pwrite(fd, text, used, 0) < 0 || ftruncate(fd, (off_t)used) < 0)
		log_err(&c->log, "unable to write %s: %s", c->names, strerror(errno));
	fd_close(&fd);
}

static void lease_drop(struct dhcp_client *c)
{
	if (c->state >= BOUND)
		rtnl_address_remove(c->rtnl, c->index, c->lease.address, c->lease.bits);
}

static void lease_use(struct dhcp_client *c, const struct dhcp_answer *lease)
{
	char text[INET_ADDRSTRLEN];
	int err;

	if (c->state >= BOUND &&
	    (c->lease.address != lease->address || c->lease.bits != lease->bits))
		lease_drop(c);
	c->lease = *lease;
	address_show(text, lease->address);
	if (c->state < BOUND)
		log_note(&c->log, "%s has the address %s/%u for %u s", c->name, text,
			 (unsigned)lease->bits, lease->lasts);
	err = lease->mtu ? rtnl_link_mtu(c->rtnl, c->index, lease->mtu) : 0;
	if (err < 0)
		log_warn(&c->log, "unable to give %s the MTU %u: %s", c->name, lease->mtu,
			 strerror(-err));
	err = rtnl_address_add(c->rtnl, c->index, lease->address, lease->bits);
	if (err == 0 && lease->gateway)
		err = rtnl_route_default(c->rtnl, c->index, lease->gateway);
	if (err < 0)
		log_err(&c->log, "unable to give %s the address %s and its route: %s", c->name,
			text, strerror(-err));
	names_write(c);
}

/* --- asking -------------------------------------------------------------------- */

static void timer_in(const struct dhcp_client *c, int64_t seconds)
{
	struct itimerspec t = { .it_value = { .tv_sec = seconds > 0 ? seconds : 1 } };

	timerfd_settime(c->timer, 0, &t, NULL);
}

static void timer_never(const struct dhcp_client *c)
{
	timerfd_settime(c->timer, 0, &(struct itimerspec){ .it_value = { 0, 0 } }, NULL);
}

static void ask_send(struct dhcp_client *c, enum dhcp_type type)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(DHCP_SERVER_PORT),
				  .sin_addr.s_addr = c->state == RENEWING ? c->lease.server
									  : INADDR_BROADCAST };
	uint8_t bytes[DHCP_MAX];

	c->ask.type = type;
	c->ask.client = c->state >= BOUND ? c->lease.address : 0;
	c->ask.wanted = c->state == REQUESTING ? c->lease.address : 0;
	c->ask.server = c->state == REQUESTING ? c->lease.server : 0;
	/* One that is lost is sent again, so is one that cannot be sent. */
	sendto(c->out, bytes, dhcp_put(bytes, &c->ask), 0, (const struct sockaddr *)&to,
	       sizeof(to));
}

/* A state in which something is asked: a new question. */
static void state_enter(struct dhcp_client *c, enum state state)
{
	c->state = state;
	c->tries = 0;
	c->since = now();
	if (state != REQUESTING)
		getrandom(&c->ask.xid, sizeof(c->ask.xid), 0);
	c->ask.seconds = 0;
}

static void ask_again(struct dhcp_client *c)
{
	int64_t wait = ASK_FIRST_S << (c->tries < 6 ? c->tries : 6);

	ask_send(c, c->state == SELECTING ? DHCP_DISCOVER : DHCP_REQUEST);
	c->tries++;
	c->ask.seconds = (uint16_t)(now() - c->since);
	timer_in(c, wait < ASK_MAX_S ? wait : ASK_MAX_S);
	if (c->tries == 4 && !c->told) {
		log_warn(&c->log,
			 "no DHCP server answers on %s (landbridge.ip=ADDRESS/BITS needs "
			 "none)",
			 c->name);
		c->told = true;
	}
}

static void start(struct dhcp_client *c)
{
	state_enter(c, SELECTING);
	ask_again(c);
}

static void start_later(struct dhcp_client *c)
{
	lease_drop(c);
	state_enter(c, SELECTING);
	timer_in(c, ASK_FIRST_S);
}

static void offer_take(struct dhcp_client *c, const struct dhcp_answer *offer)
{
	c->lease = *offer;
	state_enter(c, REQUESTING);
	ask_again(c);
}

static void ack_take(struct dhcp_client *c, const struct dhcp_answer *lease)
{
	lease_use(c, lease);
	c->state = BOUND;
	c->begun = c->since;
	c->told = false;
	if (lease->lasts == DHCP_FOREVER)
		timer_never(c);
	else
		timer_in(c, c->begun + lease->renew - now());
}

/* Again after half of what is left, but not too often. */
static void renew(struct dhcp_client *c, int64_t end)
{
	int64_t left = end - now(), wait = left / 2 > RENEW_MIN_S ? left / 2 : RENEW_MIN_S;

	ask_send(c, DHCP_REQUEST);
	timer_in(c, wait < left ? wait : left);
}

static void lease_end(struct dhcp_client *c)
{
	log_warn(&c->log, "the lease of %s has ended, and no server renews it", c->name);
	start_later(c);
}

static void lease_care(struct dhcp_client *c)
{
	int64_t rebind = c->begun + c->lease.rebind, end = c->begun + c->lease.lasts;

	if (c->state == BOUND)
		state_enter(c, RENEWING);
	if (c->state == RENEWING && now() >= rebind)
		state_enter(c, REBINDING);
	if (c->state == RENEWING)
		renew(c, rebind);
	else if (now() < end)
		renew(c, end);
	else
		lease_end(c);
}

static void timer_fire(struct dhcp_client *c)
{
	if (c->state >= BOUND)
		lease_care(c);
	else if (c->state == REQUESTING && c->tries >= REQUESTS)
		start(c);
	else
		ask_again(c);
}

static void answer_take(struct dhcp_client *c, const struct dhcp_answer *a)
{
	if (c->state == SELECTING && a->type == DHCP_OFFER) {
		offer_take(c, a);
	} else if (c->state == SELECTING || c->state == BOUND) {
		return; /* late, or said twice */
	} else if (a->type == DHCP_NAK) {
		log_warn(&c->log, "the DHCP server takes back the address of %s", c->name);
		start_later(c);
	} else if (a->type == DHCP_ACK &&
		   (c->state != REQUESTING || a->server == c->lease.server)) {
		ack_take(c, a);
	}
}

static void packets_take(struct dhcp_client *c)
{
	uint8_t packet[2048];
	ssize_t n;

	while ((n = recv(c->packets, packet, sizeof(packet), 0)) > 0) {
		struct dhcp_answer answer;
		size_t len;
		const uint8_t *message = dhcp_find(packet, (size_t)n, &len);

		if (message && dhcp_take(&answer, message, len, &c->ask) == 0)
			answer_take(c, &answer);
	}
}

static _Noreturn void client_run(struct dhcp_client *c)
{
	struct pollfd p[] = { { .fd = c->packets, .events = POLLIN },
			      { .fd = c->timer, .events = POLLIN } };
	uint64_t times;

	start(c);
	for (;;) {
		if (poll(p, array_len(p), -1) < 0)
			continue;
		if (p[0].revents)
			packets_take(c);
		/* What was taken may have set the timer anew: then it has not gone off. */
		if (p[1].revents && read(c->timer, &times, sizeof(times)) > 0)
			timer_fire(c);
	}
}

int dhcp_main(int argc, char **argv)
{
	int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), err;
	struct dhcp_client c = { .log = { kmsg < 0 ? 2 : kmsg, kmsg >= 0, false, "landbridge-dhcp",
					  LOG_LEVEL_NOTE } };

	if (argc < 2 || argc > 3) {
		log_err(&c.log, "%s", "usage: landbridge-dhcp INTERFACE [RESOLV.CONF]");
		return 100;
	}
	c.name = argv[1];
	c.names = argv[2];
	err = client_open(&c);
	if (err == 0)
		client_run(&c);
	log_err(&c.log, "unable to ask for an address on %s: %s", c.name, strerror(-err));
	return 111;
}

#endif
