/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: sends numbered ICMP or ICMPv6 echo requests at a fixed rate until SIGTERM (or COUNT) and
 * says how many answers never came and how long it was dark at the worst.
 *
 *   probe [-l] [-s SOURCE] [-i INTERVAL_MS] [-c COUNT] DESTINATION [FILE]
 *
 * ping(8) cannot be used for this: at its end it counts what is still under way as lost, and it
 * slows down where the network is down. Here the pace comes from a timerfd and never changes,
 * a request that cannot even be sent counts as lost, and after SIGTERM answers are still awaited
 * until there was none for a second. Packets of others (a raw socket sees each echo of its host,
 * those of a second probe, too) neither count nor keep the probe waiting.
 * What is printed (to FILE, rewritten as a whole, or to stdout) is one JSON object:
 *
 *   sent, received, lost   echo requests
 *   skipped                requests that were due while the probe was not running: never sent, so
 *                          neither answered nor lost
 *   gap_ms                 the longest time without a request: an outage as long as this is seen,
 *                          whenever it comes; a shorter one may fall between two requests
 *   delay_ms               the longest time to an answer
 *   blackout_ms            the longest run of lost requests, from the answered request before it to
 *                          the answered one after it; 0 if nothing was lost. An outage that has not
 *                          ended counts up to the last request
 *   first_lost, last_lost  their numbers, -1 if none
 *   up                     whether one of the last ten requests was answered
 *   final                  whether the probe has ended: until then answers are under way
 *   losses                 with -l, in the final report: when each lost request was sent, in
 *                          milliseconds on the monotonic clock (32 bits)
 *
 * SIGUSR1 writes the report as it stands, so that a test can wait for traffic to flow; an empty one
 * in FILE says that the probe is ready for signals.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_REQUESTS (1 << 22) /* 11 hours at 100 Hz */
#define LINGER_MS 1000
#define RECEIVE_BUFFER (4 << 20) /* octets: seconds of echoes while another program runs */

struct probe {
	int fd;
	int family;
	struct sockaddr_storage to;
	socklen_t to_len;
	int interval_ms;
	uint32_t count; /* 0: until told to end */
	bool list;	/* of the losses */
	const char *file;
	uint32_t nonce;	   /* tells our answers from anything else */
	uint8_t *answered; /* by number: 1 once answered */
	uint32_t *sent_ms; /* by number: when, on the monotonic clock */
	uint32_t sent;
	uint32_t received;
	uint64_t skipped;  /* requests that were due and never sent */
	uint32_t delay_ms; /* the longest time to an answer */
	uint32_t end_ms;   /* when the probe was told to end */
	bool final;
};

struct payload {
	uint32_t nonce;
	uint32_t number;
	char fill[48];
};

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void address_parse(const char *text, struct sockaddr_storage *to, socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		*len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		*len = sizeof(*v6);
	} else {
		errno = EINVAL;
		die(text);
	}
}

static void probe_open(struct probe *p, const char *source)
{
	struct sockaddr_storage from;
	socklen_t len;

	p->family = p->to.ss_family;
	p->fd = socket(p->family, SOCK_RAW | SOCK_NONBLOCK,
		       p->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	if (p->fd < 0)
		die("socket");
	/* Answers that find no room would count as lost. Without the right the default stays. */
	(void)!setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){RECEIVE_BUFFER}, sizeof(int));
	if (!source)
		return;
	address_parse(source, &from, &len);
	if (bind(p->fd, (struct sockaddr *)&from, len) < 0)
		die(source);
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len / 2; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void probe_send(struct probe *p)
{
	struct {
		struct icmphdr icmp; /* ICMPv6 has the same eight octets; the kernel sums them */
		struct payload payload;
	} request = {0};

	if (p->sent == MAX_REQUESTS) {
		p->skipped++;
		return;
	}
	request.icmp.type = p->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	request.icmp.un.echo.id = (uint16_t)p->nonce;
	request.icmp.un.echo.sequence = htons((uint16_t)p->sent);
	request.payload.nonce = p->nonce;
	request.payload.number = p->sent;
	p->sent_ms[p->sent++] = now_ms();
	if (p->family == AF_INET)
		request.icmp.checksum = checksum(&request, sizeof(request));
	/* An error (no route, ENOKEY) is a lost request and will be counted as such. */
	(void)!sendto(p->fd, &request, sizeof(request), 0, (struct sockaddr *)&p->to, p->to_len);
}

static bool address_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
		      &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

static void probe_answer(struct probe *p, const uint8_t *packet, size_t len)
{
	uint8_t reply = p->family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	struct payload payload;
	size_t header = 0;
	uint32_t delay;

	if (p->family == AF_INET && len > 0)
		header = (size_t)(packet[0] & 15) * 4;
	if (len < header + 8 + sizeof(payload) || packet[header] != reply)
		return;
	memcpy(&payload, packet + header + 8, sizeof(payload));
	if (payload.nonce != p->nonce || payload.number >= p->sent || p->answered[payload.number])
		return;
	delay = now_ms() - p->sent_ms[payload.number];
	if (delay > p->delay_ms)
		p->delay_ms = delay;
	p->answered[payload.number] = 1;
	p->received++;
}

static void probe_receive(struct probe *p)
{
	struct sockaddr_storage from;
	uint8_t packet[2048];
	socklen_t from_len;
	ssize_t len;

	for (;;) {
		from_len = sizeof(from);
		len = recvfrom(p->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
			       &from_len);
		if (len >= 0 && address_equal(&from, &p->to))
			probe_answer(p, packet, (size_t)len);
		else if (len < 0 && errno == EAGAIN)
			return;
		/* Else another host's, or an ICMP error that came back: a lost request. */
	}
}

struct outage {
	long first; /* number of the first lost request, -1 if none */
	long last;
	uint32_t blackout_ms;
};

static struct outage probe_outage(const struct probe *p)
{
	struct outage o = {-1, -1, 0};
	uint32_t before = 0; /* the last answered request */
	bool dark = false;

	for (uint32_t i = 0; i < p->sent; i++) {
		uint32_t ms = p->sent_ms[i] - p->sent_ms[before];

		if (!p->answered[i]) {
			o.first = o.first < 0 ? (long)i : o.first;
			o.last = i;
		}
		dark |= !p->answered[i];
		if (dark && ms > o.blackout_ms)
			o.blackout_ms = ms;
		if (p->answered[i]) {
			before = i;
			dark = false;
		}
	}
	return o;
}

/* The longest time without a request, up to the end. */
static uint32_t probe_gap(const struct probe *p)
{
	uint32_t gap = 0, end = p->final ? p->end_ms : now_ms(), ms;

	for (uint32_t i = 1; i <= p->sent; i++) {
		ms = (i < p->sent ? p->sent_ms[i] : end) - p->sent_ms[i - 1];
		gap = ms > gap ? ms : gap;
	}
	return gap;
}

static void put_losses(const struct probe *p, FILE *f)
{
	const char *between = "";

	fprintf(f, ",\"losses\":[");
	for (uint32_t i = 0; i < p->sent; i++)
		if (!p->answered[i]) {
			fprintf(f, "%s%u", between, p->sent_ms[i]);
			between = ",";
		}
	fprintf(f, "]");
}

static void probe_report(const struct probe *p)
{
	struct outage o = probe_outage(p);
	bool up = false;
	char temporary[4096];
	FILE *f = stdout;

	for (uint32_t i = 0; i < 10 && i < p->sent; i++)
		up |= p->answered[p->sent - 1 - i];
	if (p->file) {
		snprintf(temporary, sizeof(temporary), "%s.new", p->file);
		f = fopen(temporary, "w");
		if (!f)
			die(temporary);
	}
	fprintf(f,
		"{\"sent\":%u,\"received\":%u,\"lost\":%u,\"skipped\":%llu,\"gap_ms\":%u,"
		"\"delay_ms\":%u,\"blackout_ms\":%u,\"first_lost\":%ld,\"last_lost\":%ld,"
		"\"up\":%s,\"final\":%s",
		p->sent, p->received, p->sent - p->received, (unsigned long long)p->skipped,
		probe_gap(p), p->delay_ms, o.blackout_ms, o.first, o.last, up ? "true" : "false",
		p->final ? "true" : "false");
	if (p->list && p->final)
		put_losses(p, f);
	fprintf(f, "}\n");
	fflush(f);
	if (p->file && (fclose(f) != 0 || rename(temporary, p->file) < 0))
		die(p->file);
}

static int timer_open(int interval_ms)
{
	struct itimerspec spec = {
		.it_interval = {interval_ms / 1000, interval_ms % 1000 * 1000000L},
		.it_value = {0, 1},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) < 0)
		die("timer");
	return fd;
}

static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	if (fd < 0)
		die("signalfd");
	return fd;
}

/* Returns true once the probe has been told to end. */
static bool probe_signal(struct probe *p, int fd)
{
	struct signalfd_siginfo info;
	bool end = false;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			probe_report(p);
		else
			end = true;
	}
	return end;
}

/*
 * The last answers: a second without a new one of ours is enough, whatever else arrives (each
 * answer counts once, so this ends). What is still under way then is lost.
 */
static void probe_linger(struct probe *p)
{
	struct pollfd fd = {p->fd, POLLIN, 0};
	uint32_t since = now_ms(), received = p->received, waited = 0;

	while (p->received < p->sent && waited < LINGER_MS) {
		if (poll(&fd, 1, (int)(LINGER_MS - waited)) < 0 && errno != EINTR)
			die("poll");
		probe_receive(p);
		if (p->received != received)
			since = now_ms();
		received = p->received;
		waited = now_ms() - since;
	}
}

static void probe_run(struct probe *p)
{
	int signals = signals_open();
	int timer = timer_open(p->interval_ms);
	struct pollfd fds[] = {{p->fd, POLLIN, 0}, {timer, POLLIN, 0}, {signals, POLLIN, 0}};
	uint64_t ticks;

	if (p->file)
		probe_report(p);
	for (;;) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			die("poll");
		probe_receive(p);
		if (read(timer, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks)) {
			probe_send(p); /* one, however late we are: a burst would measure nothing */
			p->skipped += ticks - 1;
		}
		if (probe_signal(p, signals) || (p->count && p->sent == p->count))
			break;
	}
	p->end_ms = now_ms();
	probe_linger(p);
	p->final = true;
	probe_report(p);
}

int main(int argc, char **argv)
{
	struct probe p = {.interval_ms = 10};
	const char *source = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "ls:i:c:")) != -1) {
		if (opt == 's')
			source = optarg;
		else if (opt == 'i')
			p.interval_ms = atoi(optarg);
		else if (opt == 'c')
			p.count = (uint32_t)atoi(optarg);
		else if (opt == 'l')
			p.list = true;
		else
			return 2;
	}
	if (optind == argc || p.interval_ms <= 0) {
		fprintf(stderr, "usage: probe [-l] [-s SOURCE] [-i INTERVAL_MS] [-c COUNT] "
				"DESTINATION [FILE]\n");
		return 2;
	}
	address_parse(argv[optind], &p.to, &p.to_len);
	p.file = argv[optind + 1];
	if (getrandom(&p.nonce, sizeof(p.nonce), 0) != (ssize_t)sizeof(p.nonce))
		die("getrandom");
	/* Before the programs under test: each request in time. Without the right as they are. */
	(void)!sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
	p.answered = calloc(MAX_REQUESTS, sizeof(*p.answered));
	p.sent_ms = calloc(MAX_REQUESTS, sizeof(*p.sent_ms));
	if (!p.answered || !p.sent_ms)
		die("calloc");
	probe_open(&p, source);
	probe_run(&p);
	free(p.answered);
	free(p.sent_ms);
	return 0;
}
