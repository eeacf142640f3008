/* SPDX-License-Identifier: BSD-2-Clause */
#include "played.h"

#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "grammar.h"
#include "kernel_route.h"
#include "loop.h"
#include "loop_fake.h"
#include "machine.h"
#include "util.h"

struct client {
	json_t *answers; /* command -> array of {list, head, rows, error} */
	json_t *ways;	 /* question -> {interface, gateway, mtu, local, err} */
	json_t *knobs, *interfaces;
	long clock;
	uint64_t began_ms, interrupt_ms;
	bool endless, stopped;
	char *ruleset;
	int ruleset_status;
	FILE *reader, *log;
};

static struct client state;
struct client *const played_client = &state;

void played_reset(void)
{
	json_decref(state.answers);
	json_decref(state.ways);
	json_decref(state.knobs);
	json_decref(state.interfaces);
	free(state.ruleset);
	state = (struct client){.answers = json_object(),
				.ways = json_object(),
				.knobs = json_object(),
				.clock = 1800000000,
				.began_ms = now_ms()};
}

/* ---- answers */

void played_answer(const char *command, const char *list, json_t *head, json_t *rows, bool more)
{
	json_t *answer = json_pack("{s:s?, s:o, s:o*}", "list", list, "head", head, "rows", rows);
	json_t *queue = json_object_get(state.answers, command);

	ensure(answer);
	if (!queue || !more) {
		queue = json_array();
		json_object_set_new(state.answers, command, queue);
	}
	json_array_append_new(queue, answer);
}

static json_t *last_answer(const char *command)
{
	json_t *queue = json_object_get(state.answers, command);

	return json_array_get(queue, json_array_size(queue) - 1);
}

json_t *played_head(const char *command)
{
	return json_object_get(last_answer(command), "head");
}

json_t *played_rows(const char *command)
{
	return json_object_get(last_answer(command), "rows");
}

void played_error(const char *command, const char *text)
{
	if (!last_answer(command))
		played_answer(command, NULL, json_object(), NULL, false);
	json_object_set_new(last_answer(command), "error", json_string(text));
}

void played_interrupt(uint64_t ms)
{
	state.interrupt_ms = ms;
}

void played_reader(FILE *out)
{
	state.reader = out;
}

static void ensure_flushed(void)
{
	ensure(!state.reader || __fpending(state.reader) == 0);
}

void played_log(FILE *log)
{
	state.log = log;
}

static json_t *next_answer(const char *command)
{
	json_t *queue = json_object_get(state.answers, command), *answer;

	answer = json_incref(json_array_get(queue, 0));
	if (json_array_size(queue) > 1)
		json_array_remove(queue, 0);
	return answer;
}

static const struct {
	const char *command, *members; /* with a blank on either side */
} schema[] = {
#include "cli/request_members.h" /* written by yang/requests from yang/wgbgp-requests.yang */
};

/* No request has a member that the schema does not name. */
static void check_members(const json_t *request)
{
	const char *command = json_string_value(json_object_get(request, "command")), *key;
	char word[CLI_WORD_MAX];
	json_t *value;
	size_t i = 0;

	while (i < ARRAY_SIZE(schema) && !str_eq(schema[i].command, command))
		i++;
	json_object_foreach ((json_t *)request, key, value) {
		snprintf(word, sizeof(word), " %s ", key);
		if (i == ARRAY_SIZE(schema) || !strstr(schema[i].members, word))
			fatal("request %s: the schema has no %s", command, key);
	}
}

static void log_request(const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);

	check_members(request);
	if (state.log) {
		fprintf(state.log, "> %s%s\n", text, state.endless ? " until interrupted" : "");
		fflush(state.log);
	}
	free(text);
}

int client_request(struct client *c, const json_t *request, const struct client_sink *sink,
		   void *arg, char *error, size_t size)
{
	const char *command = json_string_value(json_object_get(request, "command")), *why, *list;
	json_t *answer, *row;
	size_t i;

	log_request(request);
	c->stopped = false;
	answer = next_answer(command);
	if (!answer) {
		snprintf(error, size, "nobody answers %s", command);
		return -1;
	}
	why = json_string_value(json_object_get(answer, "error"));
	list = json_string_value(json_object_get(answer, "list"));
	sink->head(arg, list ? list : "", json_object_get(answer, "head"));
	json_array_foreach (json_object_get(answer, "rows"), i, row) {
		char *text = json_dumps(row, JSON_COMPACT | JSON_ENCODE_ANY);

		sink->row(arg, text, strlen(text));
		free(text);
		if (c->endless || str_eq(command, "drill"))
			ensure_flushed();
		if (c->stopped)
			break;
	}
	if (why)
		str_copy(error, why, size);
	json_decref(answer);
	return why ? -1 : 0;
}

json_t *client_ask(struct client *c, const json_t *request, char *error, size_t size)
{
	const char *command = json_string_value(json_object_get(request, "command")), *why, *list;
	json_t *answer, *head = NULL;

	log_request(request);
	answer = next_answer(command);
	why = json_string_value(json_object_get(answer, "error"));
	list = json_string_value(json_object_get(answer, "list"));
	if (!answer)
		snprintf(error, size, "nobody answers %s", command);
	else if (why)
		str_copy(error, why, size);
	else
		head = json_deep_copy(json_object_get(answer, "head"));
	if (head && list)
		json_object_set_new(head, list, json_deep_copy(json_object_get(answer, "rows")));
	json_decref(answer);
	return head;
}

void client_endless(struct client *c, bool endless)
{
	c->endless = endless;
}

void client_stop(struct client *c)
{
	c->stopped = true;
}

void client_hear_interrupt(struct client *c)
{
}

void client_hear_no_interrupt(struct client *c)
{
}

bool client_interrupted(struct client *c)
{
	return c->interrupt_ms && now_ms() - c->began_ms >= c->interrupt_ms;
}

bool client_wait(struct client *c, unsigned ms)
{
	ensure_flushed();
	loop_fake_pass((uint64_t)ms * 1000);
	return !c->interrupt_ms || now_ms() - c->began_ms < c->interrupt_ms;
}

/* ---- the kernel and the machine */

void played_way(const char *question, const char *interface, const char *gateway, uint32_t mtu,
		bool local, int err)
{
	json_object_set_new(state.ways, question,
			    json_pack("{s:s, s:s, s:i, s:b, s:i}", "interface", interface,
				      "gateway", gateway, "mtu", mtu, "local", local, "err", err));
}

static int answer_way(const char *question, struct kernel_route *out)
{
	const json_t *way = json_object_get(state.ways, question);

	if (!way)
		way = json_object_get(state.ways, "*");
	*out = (struct kernel_route){0};
	if (!way)
		return -ENETUNREACH;
	str_copy(out->interface, json_string_value(json_object_get(way, "interface")),
		 sizeof(out->interface));
	addr_parse(json_string_value(json_object_get(way, "gateway")), &out->gateway);
	out->mtu = json_integer_value(json_object_get(way, "mtu"));
	out->local = json_is_true(json_object_get(way, "local"));
	return json_integer_value(json_object_get(way, "err"));
}

int kernel_route_get(const struct addr *to, struct kernel_route *out)
{
	return answer_way(ADDR_STR(to), out);
}

int kernel_route_get_marked(const struct addr *to, uint32_t mark, struct kernel_route *out)
{
	char question[128];

	snprintf(question, sizeof(question), "%s mark %u", ADDR_STR(to), mark);
	return mark ? answer_way(question, out) : kernel_route_get(to, out);
}

int kernel_route_get_bound(const struct addr *to, const char *from, struct kernel_route *out)
{
	char question[128];

	snprintf(question, sizeof(question), "%s bound %s", ADDR_STR(to), from);
	return answer_way(question, out);
}

int kernel_route_get_from(const struct addr *to, const char *from, const struct addr *src,
			  struct kernel_route *out)
{
	char question[128];

	snprintf(question, sizeof(question), "%s source %s%s%s", ADDR_STR(to), ADDR_STR(src),
		 *from ? " bound " : "", from);
	return answer_way(question, out);
}

int kernel_route_get_forwarded(const struct addr *to, const char *from, const struct addr *src,
			       struct kernel_route *out)
{
	char question[128];

	snprintf(question, sizeof(question), "%s from %s %s", ADDR_STR(to), from, ADDR_STR(src));
	return answer_way(question, out);
}

int kernel_route_get_error(const struct addr *to, const struct addr *src, struct kernel_route *out)
{
	char question[128];

	snprintf(question, sizeof(question), "%s error %s", ADDR_STR(to), ADDR_STR(src));
	return answer_way(question, out);
}

void played_sysctl(const char *path, long value)
{
	json_object_set_new(state.knobs, path, json_integer(value));
}

void played_clock(long seconds)
{
	state.clock = seconds;
}

long machine_sysctl(const char *path)
{
	const json_t *value = json_object_get(state.knobs, path);

	return value ? json_integer_value(value) : -1;
}

uint64_t machine_tcp_count(const char *name)
{
	return 0;
}

struct machine_flow *machine_flows(size_t max, size_t *n)
{
	*n = 0;
	return NULL;
}

uint32_t machine_mtu(const char *interface)
{
	return 0;
}

void played_interfaces(json_t *rows)
{
	json_decref(state.interfaces);
	state.interfaces = rows;
}

json_t *machine_interfaces(void)
{
	return state.interfaces ? json_deep_copy(state.interfaces) : json_array();
}

void played_ruleset(const char *text, int status)
{
	free(state.ruleset);
	state.ruleset = xstrdup(text);
	state.ruleset_status = status;
}

static int run_nft(FILE *out)
{
	fputs(state.ruleset ? state.ruleset : "{\"nftables\": []}", out);
	return state.ruleset_status;
}

/* Of a host with this name there is nothing to be heard. */
int machine_run(const char *const *words, FILE *out)
{
	bool ok = true, nft = str_eq(words[0], "sh");

	if (state.log)
		fputs("$", state.log);
	for (; *words; words++) {
		if (state.log)
			fprintf(state.log, " %s", *words);
		ok = ok && !str_eq(*words, "silent.example.net");
	}
	if (state.log)
		fputs("\n", state.log);
	if (nft)
		return run_nft(out);
	fputs("a program's answer\n", out);
	return ok ? 0 : 1;
}

char *machine_ssh_connection(void)
{
	const char *own = getenv("SSH_CONNECTION");

	return own ? xstrdup(own) : NULL;
}

time_t machine_clock(void)
{
	return state.clock;
}
