/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve.h"

#include <event2/dns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "log.h"
#include "loop.h"
#include "util.h"

#define HOSTS_LINE 1024

struct lookup {
	TAILQ_ENTRY(lookup) link;
	uint32_t id;		/* 0: cancelled */
	unsigned slot, waiting; /* answers that are still to come */
	char *host;
	struct resolved found;
	struct addr v4[RESOLVE_ADDRS_MAX]; /* behind the IPv6 ones in the end */
	unsigned n_v4;
};

const char *resolve_hosts_file = "/etc/hosts", *resolve_conf_file = "/etc/resolv.conf";

static TAILQ_HEAD(, lookup) lookups = TAILQ_HEAD_INITIALIZER(lookups);
static TAILQ_HEAD(, lookup) finished = TAILQ_HEAD_INITIALIZER(finished);
static struct evdns_base *base; /* while lookups are under way, and until the next one */
static struct job finish_job;
static resolve_fn found_fn;

static void free_lookup(struct lookup *l)
{
	free(l->host);
	free(l);
}

static bool finish_some(void *arg)
{
	struct lookup *l;

	while ((l = TAILQ_FIRST(&finished))) {
		TAILQ_REMOVE(&finished, l, link);
		if (l->id)
			found_fn(l->id, l->slot, l->host, &l->found);
		free_lookup(l);
	}
	return false;
}

static void resolve_finish(struct lookup *l)
{
	struct resolved *r = &l->found;

	for (unsigned i = 0; i < l->n_v4 && r->n < RESOLVE_ADDRS_MAX; i++)
		r->addr[r->n++] = l->v4[i];
	if (r->n)
		r->error = NULL;
	else if (!r->error)
		r->error = "the name has no address";
	TAILQ_REMOVE(&lookups, l, link);
	TAILQ_INSERT_TAIL(&finished, l, link);
	job_start(&finish_job);
}

/* --- /etc/hosts --- */

static void resolve_take(struct lookup *l, const struct addr *a)
{
	if (a->family == AF_INET6 && l->found.n < RESOLVE_ADDRS_MAX / 2)
		l->found.addr[l->found.n++] = *a;
	else if (a->family == AF_INET && l->n_v4 < RESOLVE_ADDRS_MAX / 2)
		l->v4[l->n_v4++] = *a;
}

static void match_line(struct lookup *l, char *line)
{
	char *save, *word;
	struct addr a;

	line[strcspn(line, "#\n")] = '\0';
	word = strtok_r(line, " \t", &save);
	if (!word || addr_parse(word, &a) < 0)
		return;
	while ((word = strtok_r(NULL, " \t", &save)))
		if (strcasecmp(word, l->host) == 0) {
			resolve_take(l, &a);
			return;
		}
}

static bool in_hosts(struct lookup *l)
{
	FILE *file = fopen(resolve_hosts_file, "re");
	char line[HOSTS_LINE];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		match_line(l, line);
	fclose(file);
	return l->found.n || l->n_v4;
}

/* --- DNS --- */

static void on_answer(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	uint8_t family = type == DNS_IPv4_A ? AF_INET : AF_INET6;
	struct lookup *l = arg;

	if (result == DNS_ERR_NONE && (type == DNS_IPv4_A || type == DNS_IPv6_AAAA)) {
		if (ttl >= 0 && (!(l->found.n || l->n_v4) || (uint32_t)ttl < l->found.ttl))
			l->found.ttl = (uint32_t)ttl;
		for (int i = 0; i < count; i++) {
			struct addr a = addr_make(family, (const uint8_t *)addresses +
								  (size_t)i * family_bytes(family));

			if (addr_is_host(&a)) /* a blocked name's is 0.0.0.0, say */
				resolve_take(l, &a);
		}
	} else {
		l->found.error = evdns_err_to_string(result);
	}
	if (--l->waiting == 0)
		resolve_finish(l);
}

static void on_log(int is_warning, const char *text)
{
	log_debug("dns", "text=\"%s\"", text);
}

static void fresh_base(void)
{
	if (base)
		evdns_base_free(base, 0);
	evdns_set_log_fn(on_log);
	base = evdns_base_new(loop_base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!base)
		fatal("evdns does not start");
	evdns_base_resolv_conf_parse(base,
				     DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC,
				     resolve_conf_file);
}

/* An answer at once is one that could not be asked for; it comes by on_answer() all the same. */
static void ask(struct lookup *l)
{
	struct evdns_request *v4, *v6;

	l->waiting = 3; /* and this function */
	v6 = evdns_base_resolve_ipv6(base, l->host, 0, on_answer, l);
	v4 = evdns_base_resolve_ipv4(base, l->host, 0, on_answer, l);
	if (!v6)
		l->waiting--;
	if (!v4)
		l->waiting--;
	if (!v4 && !v6)
		l->found.error = "no name server can be asked";
	if (--l->waiting == 0)
		resolve_finish(l);
}

void resolve_open(resolve_fn fn)
{
	found_fn = fn;
	job_init(&finish_job, finish_some, NULL);
}

void resolve_close(void)
{
	struct lookup *l;

	if (base)
		evdns_base_free(base, 0);
	base = NULL;
	job_stop(&finish_job);
	finish_job.ready = false;
	TAILQ_CONCAT(&finished, &lookups, link);
	while ((l = TAILQ_FIRST(&finished))) {
		TAILQ_REMOVE(&finished, l, link);
		free_lookup(l);
	}
}

void resolve_start(uint32_t id, unsigned slot, const char *host)
{
	struct lookup *l;

	if (!finish_job.ready)
		return;
	l = xcalloc(1, sizeof(*l));
	l->id = id;
	l->slot = slot;
	l->host = xstrdup(host);
	if (TAILQ_EMPTY(&lookups))
		fresh_base();
	TAILQ_INSERT_TAIL(&lookups, l, link);
	if (in_hosts(l))
		resolve_finish(l);
	else
		ask(l);
}

void resolve_cancel(uint32_t id)
{
	struct lookup *l;

	TAILQ_FOREACH (l, &lookups, link)
		if (l->id == id)
			l->id = 0;
	TAILQ_FOREACH (l, &finished, link)
		if (l->id == id)
			l->id = 0;
}
