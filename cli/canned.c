/* SPDX-License-Identifier: BSD-2-Clause */
#include "canned.h"

#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"
#include "machine.h"
#include "session.h"
#include "show.h"
#include "util.h"

const struct canned canned_healthy[] = {
	{"bgp-summary", "{\"router-id\":\"10.99.0.1\",\"as\":65000}", "neighbors",
	 "[{\"address\":\"10.99.0.2\",\"description\":\"site a\",\"remote-as\":65001,"
	 "\"state\":\"established\",\"up-seconds\":3671,\"received-prefixes\":3,"
	 "\"accepted-prefixes\":2,\"sent-prefixes\":7,\"messages-received\":12,"
	 "\"messages-sent\":14,\"group\":null,\"last-error\":null},"
	 "{\"address\":\"10.99.0.3\",\"description\":null,\"remote-as\":65002,\"state\":\"active\","
	 "\"up-seconds\":null,\"down-seconds\":65,\"received-prefixes\":0,\"accepted-prefixes\":0,"
	 "\"sent-prefixes\":0,"
	 "\"messages-received\":0,\"messages-sent\":0,\"group\":null,"
	 "\"last-error\":\"hold timer\\u001b[31m expired\"}]",
	 NULL},
	{"bgp-routes", "{\"router-id\":\"10.99.0.1\",\"as\":65000,\"family\":\"ipv4\"}", "routes",
	 "[{\"prefix\":\"192.168.0.0/16\",\"paths\":[]},"
	 "{\"prefix\":\"192.168.2.0/24\",\"paths\":[{\"best\":true,\"eligible\":true,"
	 "\"reason\":\"none\",\"reason-text\":\"\",\"next-hop\":\"10.99.0.2\","
	 "\"next-hop-state\":\"up\",\"next-hop-cost\":10,\"from\":\"10.99.0.2\",\"peer-as\":65001,"
	 "\"origin\":\"igp\",\"as-path\":\"65001\",\"local-preference\":100,\"med\":null,"
	 "\"communities\":[\"65001:1\"],\"stale\":false,\"source\":\"ebgp\",\"age-seconds\":60},"
	 "{\"best\":false,\"eligible\":false,\"reason\":\"outside-permit\","
	 "\"reason-text\":\"not inside the tunnel peer's permit list\",\"next-hop\":\"10.99.0.3\","
	 "\"next-hop-state\":\"up\",\"next-hop-cost\":10,\"from\":\"10.99.0.3\",\"origin\":\"igp\","
	 "\"as-path\":\"65002\",\"stale\":false,\"source\":\"ebgp\",\"age-seconds\":60}]}]",
	 NULL},
	{"route", "{}", "routes",
	 "[{\"prefix\":\"192.168.2.0/24\",\"protocol\":\"bgp\",\"distance\":20,\"selected\":true,"
	 "\"installed\":true,\"stale\":false,\"reason\":null,\"reason-text\":null,"
	 "\"age-seconds\":61,\"next-hops\":[{\"address\":\"10.99.0.2\",\"interface\":\"wg0\","
	 "\"peer\":\"site-a\",\"state\":\"up\",\"cost\":10,\"active\":true}],\"verdict\":null}]",
	 NULL},
	{"allowed-ips", "{}", "entries",
	 "[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"prefix\":\"10.99.0.2/32\","
	 "\"origin\":\"tunnel-address\",\"installed\":true},"
	 "{\"interface\":\"wg0\",\"peer\":\"site-a\",\"prefix\":\"192.168.2.0/24\","
	 "\"origin\":\"learned\",\"installed\":true}]",
	 NULL},
	{"tunnels", "{}", "tunnels",
	 "[{\"interface\":\"wg0\",\"peer\":\"site-a\",\"state\":\"up\","
	 "\"reason\":\"handshake-fresh\",\"reason-text\":\"a recent handshake\",\"cost\":10,"
	 "\"since-seconds\":100,\"handshake-seconds\":65,\"endpoint\":\"198.51.100.2:51820\","
	 "\"rx-bytes\":1536,\"tx-bytes\":3000000,\"changes\":1,"
	 "\"tunnel-addresses\":[\"10.99.0.2\"]}]",
	 NULL},
	{"pins", "{}", "pins", "[]", NULL},
	{"bgp-neighbors", "{}", "neighbors", "[]", NULL},
	{"uplinks", "{}", "uplinks",
	 "[{\"interface\":\"wg1\",\"uplink\":\"eth1\",\"fwmark\":257,\"table\":77,"
	 "\"rule-priority\":17900,\"bypass\":true,\"rp-filter\":1,\"ipv4\":{\"state\":\"up\","
	 "\"source\":\"192.0.2.2\",\"gateway\":\"192.0.2.1\"},\"ipv6\":{\"state\":\"no-address\","
	 "\"source\":null,\"gateway\":null}}]",
	 NULL},
	{"nftables-sets", "{\"table\":\"inet wgbgp\",\"state\":\"installed\",\"error\":null}",
	 "sets",
	 "[{\"set\":\"interfaces-lab\",\"plane\":\"lab\",\"kind\":\"interfaces\",\"elements\":2,"
	 "\"filled\":true}]",
	 NULL},
	{"rules", "{}", "rules",
	 "[{\"priority\":100,\"family\":\"ipv4\",\"source\":null,"
	 "\"destination\":\"10.0.0.0/8\",\"interface\":\"eth1\",\"fwmark\":1,\"fwmask\":255,"
	 "\"tos\":16,\"table\":7,\"state\":\"installed\"}]",
	 NULL},
	{"wireguard", "{}", "interfaces",
	 "[{\"name\":\"wg0\",\"ifindex\":5,\"backend\":\"userspace\",\"up\":true,\"adopted\":false,"
	 "\"public-key\":\"K\",\"listen-port\":51820,\"fwmark\":0,\"mtu\":1420,"
	 "\"addresses\":[\"10.99.0.1/"
	 "24\"],\"rx-bytes\":10,\"tx-bytes\":20,\"source-check-drops\":7,\"peers\":[{"
	 "\"name\":\"site-a\",\"public-key\":\"P\",\"endpoint\":\"198.51.100.2:51820\","
	 "\"configured-endpoint\":\"vpn.example.net:51820\",\"endpoint-changes\":2,"
	 "\"configured-endpoints\":[{\"endpoint\":\"vpn.example.net:51820\",\"addresses\":[],"
	 "\"current\":false,\"failures\":0,\"ttl-seconds\":null,\"error\":\"timed out\"},"
	 "{\"endpoint\":\"198.51.100.2:51820\",\"addresses\":[\"198.51.100.2\"],\"current\":true,"
	 "\"failures\":3,\"ttl-seconds\":null,\"error\":null}],"
	 "\"tunnel-addresses\":[\"10.99.0.2\"],\"permit\":[],"
	 "\"allowed-ips-count\":2,\"persistent-keepalive\":25,\"handshake-seconds\":65,"
	 "\"rx-bytes\":1536,\"tx-bytes\":20,\"state\":\"up\",\"reason\":\"handshake-fresh\"}]}]",
	 NULL},
	{"commits", "{}", "commits", "[]", NULL},
	{"configuration", "{\"text\":\"system {\\n}\\n\"}", NULL, NULL, NULL},
	{"nexthops", "{}", "nexthops", "[]", NULL},
	{"reload", "{}", NULL, NULL, "wgbgp.conf:3:5: no such statement"},
	{"daemons", "{}", "daemons", "[{\"name\":\"wgd\"},{\"name\":\"bgpd\"}]", "lost one"},
	{0},
};

#define CANNED_MAX 26
static struct canned answers[CANNED_MAX];
static struct show_command commands[CANNED_MAX];
int listener;
static char rundir[] = "/tmp/wgbgp-cli-test-XXXXXX";
struct watch accept_watch;
static struct ipc *server_ipc;
static struct show_server *server;
unsigned streamed, interrupt_at;
struct kernel_route kernel_answer;
int kernel_error;
struct kernel_route forwarded_answer;
int forwarded_error;

int kernel_route_get(const struct addr *to, struct kernel_route *out)
{
	static const struct addr endpoint = {.family = AF_INET, .b = {198, 51, 100, 2}};

	*out = kernel_answer;
	if (addr_eq(to, &endpoint))
		*out = (struct kernel_route){.interface = "eth0", .mtu = mtu_answer};
	return kernel_error;
}

int kernel_route_get_marked(const struct addr *to, uint32_t mark, struct kernel_route *out)
{
	int err = kernel_route_get(to, out);

	if (mark)
		*out = (struct kernel_route){.interface = "eth1", .mtu = mtu_answer};
	return err;
}

int kernel_route_get_bound(const struct addr *to, const char *from, struct kernel_route *out)
{
	return kernel_route_get(to, out);
}

int kernel_route_get_from(const struct addr *to, const char *from, const struct addr *src,
			  struct kernel_route *out)
{
	return kernel_route_get(to, out);
}

int kernel_route_get_forwarded(const struct addr *to, const char *from, const struct addr *src,
			       struct kernel_route *out)
{
	*out = forwarded_answer;
	return forwarded_error;
}

int kernel_route_get_error(const struct addr *to, const struct addr *src, struct kernel_route *out)
{
	return kernel_route_get(to, out);
}

long machine_answer;
const char *tcp_count_name;
const struct machine_flow *flow_answers;
size_t n_flow_answers;
uint32_t mtu_answer;
time_t clock_answer;

long machine_sysctl(const char *path)
{
	return machine_answer;
}

uint64_t machine_tcp_count(const char *name)
{
	return tcp_count_name && str_eq(name, tcp_count_name) ? 7 : 0;
}

struct machine_flow *machine_flows(size_t max, size_t *n)
{
	size_t size = n_flow_answers * sizeof(*flow_answers);

	assert_true(n_flow_answers <= max);
	*n = n_flow_answers;
	return size ? memcpy(xmalloc(size), flow_answers, size) : NULL;
}

uint32_t machine_mtu(const char *interface)
{
	return mtu_answer;
}

json_t *machine_interfaces(void)
{
	return json_array();
}

const char *ruleset_answer;

int machine_run(const char *const *words, FILE *out)
{
	fputs(ruleset_answer ? ruleset_answer : "", out);
	return 0;
}

char *machine_ssh_connection(void)
{
	const char *own = getenv("SSH_CONNECTION");

	return own ? xstrdup(own) : NULL;
}

time_t machine_clock(void)
{
	return clock_answer;
}

struct canned *answer_of(const char *command)
{
	for (size_t i = 0; answers[i].command; i++)
		if (str_eq(answers[i].command, command))
			return &answers[i];
	return NULL;
}

static void start_canned(struct show *s)
{
	const struct canned *a = answer_of(s->command->name);
	json_t *rows = a->rows ? json_loads(a->rows, 0, NULL) : NULL, *row;
	size_t i;

	if (a->head)
		show_head(s, json_loads(a->head, 0, NULL), a->list);
	json_array_foreach (rows, i, row)
		show_row(s, json_incref(row));
	show_end(s, a->error);
	json_decref(rows);
}

static void start_stream(struct show *s)
{
	streamed = 0;
	show_head(s, json_object(), "endpoints");
}

static void step_stream(struct show *s)
{
	if (interrupt_at && streamed >= interrupt_at) {
		interrupt_at = 0;
		raise(SIGINT);
	}
	for (; streamed < STREAM_ROWS && !show_full(s); streamed++)
		show_row(s, json_pack("{s:i}", "endpoint", streamed));
	if (streamed == STREAM_ROWS)
		show_end(s, NULL);
}

static void server_frame(void *arg, const struct ipc_frame *frame)
{
	show_server_frame(server, frame);
}

static void server_drained(void *arg)
{
	show_server_drained(server);
}

void server_closed(void *arg, const char *why)
{
	show_server_free(server);
	ipc_free(server_ipc);
	server = NULL;
	server_ipc = NULL;
}

static void on_accept(int fd, short what, void *arg)
{
	static const struct ipc_handlers handlers = {server_frame, server_closed, server_drained};

	server_ipc = ipc_new(accept(fd, NULL, NULL), &handlers, NULL);
	server = show_server_new(server_ipc, commands, NULL);
}

/* ---- the client's side */

static struct cli_session session;
char *out_text, *err_text;
static size_t out_len, err_len;

static void setup(const struct canned *table)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t n = 0;

	for (; table[n].command; n++) {
		ensure(n + 1 < CANNED_MAX);
		answers[n] = table[n];
		commands[n] = (struct show_command){table[n].command, start_canned, NULL, NULL};
	}
	commands[n] = (struct show_command){"rib-summary", start_stream, step_stream, NULL};
	mtu_answer = 1500;
	kernel_answer = (struct kernel_route){.interface = "wg0"};
	kernel_error = 0;
	ruleset_answer = NULL;
	forwarded_answer = kernel_answer;
	forwarded_error = 0;
	machine_answer = 2;
	clock_answer = 1800000000;
	strcpy(rundir + strlen(rundir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(rundir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/cli.sock", rundir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 5), 0);
	watch_init(&accept_watch, listener, EV_READ, on_accept, NULL);
	watch_on(&accept_watch);
	session = (struct cli_session){.client = client_new(rundir),
				       .grammar = &cli_commands,
				       .out = open_memstream(&out_text, &out_len),
				       .err = open_memstream(&err_text, &err_len)};
}

int canned_setup(void **state)
{
	setup(canned_healthy);
	return 0;
}

int canned_setup_with(const struct canned *table)
{
	setup(table);
	return 0;
}

int canned_teardown(void **state)
{
	char path[128];

	fclose(session.out);
	fclose(session.err);
	free(out_text);
	free(err_text);
	watch_off(&accept_watch);
	server_closed(NULL, "");
	close(listener);
	client_free(session.client); /* ends the loop */
	snprintf(path, sizeof(path), "%s/cli.sock", rundir);
	unlink(path);
	rmdir(rundir);
	return 0;
}

struct cli_session *canned_session(void)
{
	return &session;
}

/* Runs a line; out_text and err_text are what it wrote. */
int run(const char *line)
{
	int err;

	rewind(session.out);
	rewind(session.err);
	err = session_run(&session, line);
	putc('\0', session.out);
	putc('\0', session.err);
	fflush(session.out);
	fflush(session.err);
	return err;
}

void says(const char *text)
{
	if (!strstr(out_text, text))
		fail_msg("no \"%s\" in:\n%s", text, out_text);
}

json_t *document(void)
{
	json_error_t error;
	json_t *doc = json_loads(out_text, 0, &error);

	if (!doc)
		fail_msg("%s in:\n%s", error.text, out_text);
	return doc;
}
