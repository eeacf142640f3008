/* SPDX-License-Identifier: BSD-2-Clause */
#include "firewall.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "util.h"

#define DEPTH_MAX 16 /* of jumps, as in the kernel */

/* What may become of a packet: several, where something is not known. */
enum { ACCEPTED = 1, DROPPED = 2, NEXT = 4, RETURNED = 8 };
#define ANYTHING (ACCEPTED | DROPPED | NEXT)

enum truth { NO, YES, PERHAPS };

struct look {
	const json_t *rows; /* of the rule set */
	const struct firewall_packet *p;
	const char *family, *table; /* where it walks */
};

/* ---- what a rule compares */

/* Of a packet: a word, or an address; neither: not known. */
struct field {
	const char *word;
	const struct addr *addr;
	int number;  /* that of the word, which nft writes without /etc/protocols; 0: none */
	bool absent; /* such a packet does not have it: nothing matches */
};

static bool is_ipv4(const struct look *l)
{
	return l->p->from.family == AF_INET;
}

static const char *protocol_name(const struct look *l)
{
	return l->p->protocol == IPPROTO_UDP ? "udp" : "tcp";
}

static struct field meta_field(const struct look *l, const char *key)
{
	if (str_eq(key, "iifname") || str_eq(key, "iif"))
		return (struct field){.word = l->p->in};
	if (str_eq(key, "oifname") || str_eq(key, "oif"))
		return (struct field){.word = l->p->out};
	if (str_eq(key, "l4proto") && l->p->protocol)
		return (struct field){.word = protocol_name(l), .number = l->p->protocol};
	if (str_eq(key, "l4proto"))
		return is_ipv4(l) ? (struct field){.word = "icmp", .number = IPPROTO_ICMP}
				  : (struct field){.word = "ipv6-icmp", .number = IPPROTO_ICMPV6};
	if (str_eq(key, "nfproto"))
		return (struct field){.word = is_ipv4(l) ? "ipv4" : "ipv6"};
	if (str_eq(key, "protocol"))
		return (struct field){.word = is_ipv4(l) ? "ip" : "ip6"};
	return (struct field){0};
}

static struct field addr_field(const struct addr *a)
{
	static const uint8_t none[16];

	return (struct field){.addr = memcmp(a->b, none, family_bytes(a->family)) ? a : NULL};
}

static struct field header_field(const struct look *l, const char *name)
{
	if (str_eq(name, "saddr"))
		return addr_field(&l->p->from);
	if (str_eq(name, "daddr"))
		return addr_field(&l->p->to);
	if (str_eq(name, "protocol") || str_eq(name, "nexthdr"))
		return meta_field(l, "l4proto");
	return (struct field){0};
}

/* NAME of a header that says to which port. */
static struct field port_field(const struct look *l, const char *protocol, const char *name)
{
	bool own = str_eq(protocol, "th") || str_eq(protocol, protocol_name(l));

	if (!own)
		return (struct field){.absent = true};
	return str_eq(name, "dport") ? (struct field){.word = "", .number = l->p->port}
				     : (struct field){0};
}

static struct field payload_field(const struct look *l, const json_t *payload)
{
	const char *protocol = str_of(payload, "protocol"), *name = str_of(payload, "field");
	bool ip = str_eq(protocol, is_ipv4(l) ? "ip" : "ip6");
	bool icmp = str_eq(protocol, is_ipv4(l) ? "icmp" : "icmpv6");

	if (!*protocol) /* of raw bytes */
		return (struct field){0};
	if (ip)
		return header_field(l, name);
	if (l->p->protocol)
		return port_field(l, protocol, name);
	if (icmp && str_eq(name, "type"))
		return (struct field){.word = l->p->answer ? "echo-reply" : "echo-request"};
	return (struct field){.absent = !icmp};
}

static struct field field_of(const struct look *l, const json_t *left)
{
	const json_t *meta = json_object_get(left, "meta"), *ct = json_object_get(left, "ct");
	const json_t *payload = json_object_get(left, "payload");

	if (meta)
		return meta_field(l, str_of(meta, "key"));
	if (payload)
		return payload_field(l, payload);
	if (ct && str_eq(str_of(ct, "key"), "state") && !l->p->perhaps_known)
		return (struct field){.word = l->p->answer ? "established" : "new"};
	return (struct field){0};
}

/* ---- what it compares it with */

static enum truth truth_of(bool yes)
{
	return yes ? YES : NO;
}

static enum truth field_is(const struct look *l, const struct field *f, const json_t *right);

static enum truth field_is_one_of(const struct look *l, const struct field *f, const json_t *list)
{
	enum truth found = NO;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		enum truth t = field_is(l, f, one);

		if (t == YES)
			return YES;
		if (t == PERHAPS)
			found = PERHAPS;
	}
	return found;
}

static enum truth is_in_named_set(const struct look *l, const struct field *f, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach (l->rows, i, row) {
		const json_t *set = json_object_get(row, "set");

		if (str_eq(str_of(set, "family"), l->family) &&
		    str_eq(str_of(set, "table"), l->table) && str_eq(str_of(set, "name"), name))
			return field_is_one_of(l, f, json_object_get(set, "elem"));
	}
	return PERHAPS;
}

static enum truth is_word(const struct look *l, const struct field *f, const char *text)
{
	size_t len = strlen(text);
	struct addr a;

	if (*text == '@')
		return is_in_named_set(l, f, text + 1);
	if (f->word && !*f->word && f->number)
		return PERHAPS; /* the name of a port */
	if (f->word && len && text[len - 1] == '*')
		return truth_of(strncmp(f->word, text, len - 1) == 0);
	if (f->word)
		return truth_of(str_eq(f->word, text));
	return addr_parse(text, &a) < 0 ? PERHAPS : truth_of(addr_eq(&a, f->addr));
}

static enum truth is_in_prefix(const struct field *f, const json_t *prefix)
{
	char *text = xasprintf("%s/%lld", str_of(prefix, "addr"), (long long)int_of(prefix, "len"));
	struct prefix p, host = prefix_of_addr(f->addr);
	bool known = prefix_parse(text, &p) == 0;

	free(text);
	return known ? truth_of(prefix_covers(&p, &host)) : PERHAPS;
}

static enum truth is_in_range(const struct field *f, const json_t *range)
{
	const char *first = json_string_value(json_array_get(range, 0));
	const char *last = json_string_value(json_array_get(range, 1));
	struct addr a, b;

	if (!first || !last || addr_parse(first, &a) < 0 || addr_parse(last, &b) < 0)
		return PERHAPS;
	return truth_of(addr_cmp(&a, f->addr) <= 0 && addr_cmp(f->addr, &b) <= 0);
}

static enum truth is_in_numbers(const struct field *f, const json_t *range)
{
	const json_t *first = json_array_get(range, 0), *last = json_array_get(range, 1);

	if (!json_is_integer(first) || !json_is_integer(last))
		return PERHAPS;
	return truth_of(json_integer_value(first) <= f->number &&
			f->number <= json_integer_value(last));
}

static enum truth field_is(const struct look *l, const struct field *f, const json_t *right)
{
	const json_t *prefix = json_object_get(right, "prefix");
	const json_t *range = json_object_get(right, "range");
	const json_t *set = json_object_get(right, "set"), *elem = json_object_get(right, "elem");

	if (json_is_array(right))
		return field_is_one_of(l, f, right);
	if (json_is_string(right))
		return is_word(l, f, json_string_value(right));
	if (json_is_integer(right) && f->number)
		return truth_of(json_integer_value(right) == f->number);
	if (json_is_array(set))
		return field_is_one_of(l, f, set);
	if (elem)
		return field_is(l, f, json_object_get(elem, "val"));
	if (prefix && f->addr)
		return is_in_prefix(f, prefix);
	if (range && f->number)
		return is_in_numbers(f, range);
	return range && f->addr ? is_in_range(f, range) : PERHAPS;
}

static enum truth matches(const struct look *l, const json_t *match)
{
	struct field f = field_of(l, json_object_get(match, "left"));
	const char *op = str_of(match, "op");
	enum truth t;

	if (f.absent)
		return NO;
	if (!f.word && !f.addr)
		return PERHAPS;
	t = field_is(l, &f, json_object_get(match, "right"));
	if (str_eq(op, "==") || str_eq(op, "in"))
		return t;
	return !str_eq(op, "!=") || t == PERHAPS ? PERHAPS : t == YES ? NO : YES;
}

/* ---- rules and chains */

static unsigned walk_chain(const struct look *l, const char *name, unsigned depth);

/* What a statement does by itself; 0: the next one decides. */
static unsigned statement_does(const struct look *l, const char *key, const json_t *value,
			       unsigned depth)
{
	static const char *const neutral[] = {"counter", "log", "mangle", "notrack", "set"};
	unsigned there;

	for (size_t i = 0; i < ARRAY_SIZE(neutral); i++)
		if (str_eq(key, neutral[i]))
			return 0;
	if (str_eq(key, "accept"))
		return ACCEPTED;
	if (str_eq(key, "drop") || str_eq(key, "reject"))
		return DROPPED;
	if (str_eq(key, "return"))
		return RETURNED;
	if (str_eq(key, "continue"))
		return NEXT;
	if (str_eq(key, "jump"))
		return walk_chain(l, str_of(value, "target"), depth + 1);
	if (!str_eq(key, "goto"))
		return ANYTHING;
	there = walk_chain(l, str_of(value, "target"), depth + 1);
	return there & NEXT ? (there & ~NEXT) | RETURNED : there;
}

static unsigned walk_rule(const struct look *l, const json_t *statements, unsigned depth)
{
	unsigned otherwise = 0, verdict;
	json_t *one, *value;
	const char *key;
	enum truth t;
	size_t i;

	json_array_foreach (statements, i, one)
		json_object_foreach (one, key, value) {
			t = str_eq(key, "match")   ? matches(l, value)
			    : str_eq(key, "limit") ? PERHAPS
						   : YES;
			if (t == NO)
				return NEXT;
			if (t == PERHAPS)
				otherwise = NEXT;
			if (str_eq(key, "match") || str_eq(key, "limit"))
				continue;
			verdict = statement_does(l, key, value, depth);
			if (verdict)
				return verdict | otherwise;
		}
	return NEXT;
}

static unsigned walk_chain(const struct look *l, const char *name, unsigned depth)
{
	unsigned all = 0;
	json_t *row;
	size_t i;

	if (depth > DEPTH_MAX)
		return ANYTHING;
	json_array_foreach (l->rows, i, row) {
		const json_t *rule = json_object_get(row, "rule");
		unsigned now;

		if (!str_eq(str_of(rule, "chain"), name) ||
		    !str_eq(str_of(rule, "table"), l->table) ||
		    !str_eq(str_of(rule, "family"), l->family))
			continue;
		now = walk_rule(l, json_object_get(rule, "expr"), depth);
		all |= now & (ACCEPTED | DROPPED);
		if (now & RETURNED)
			all |= NEXT;
		if (!(now & NEXT))
			return all;
	}
	return all | NEXT;
}

static unsigned walk_base(const struct look *l, const json_t *chain)
{
	unsigned all = walk_chain(l, str_of(chain, "name"), 0);

	if (!(all & NEXT))
		return all;
	return (all & ~NEXT) | (str_eq(str_of(chain, "policy"), "drop") ? DROPPED : ACCEPTED);
}

/* Nft writes one device or a list of them; 1.0.6 writes none, so that it is not known. */
static enum truth is_at_device(const struct look *l, const json_t *chain, const char *interface)
{
	struct field f = {.word = interface};

	return field_is(l, &f, json_object_get(chain, "dev"));
}

/* A base chain that such a packet comes to at that hook. */
static enum truth chain_is_met(const struct look *l, const json_t *chain, const char *hook)
{
	const char *family = str_of(chain, "family");

	if (!str_eq(str_of(chain, "hook"), hook) || str_eq(str_of(chain, "type"), "nat"))
		return NO;
	if (str_eq(hook, "ingress"))
		return is_at_device(l, chain, l->p->in);
	if (str_eq(hook, "egress"))
		return is_at_device(l, chain, l->p->out);
	return truth_of(str_eq(family, "inet") || str_eq(family, is_ipv4(l) ? "ip" : "ip6"));
}

enum firewall_verdict firewall_judge(const json_t *ruleset, const char *hook,
				     const struct firewall_packet *p, char *where, size_t size)
{
	struct look l = {.rows = json_object_get(ruleset, "nftables"), .p = p};
	enum firewall_verdict worst = FIREWALL_PASSES, now;
	json_t *row;
	size_t i;

	json_array_foreach (l.rows, i, row) {
		const json_t *chain = json_object_get(row, "chain");
		enum truth met;
		unsigned all;

		l.family = str_of(chain, "family");
		l.table = str_of(chain, "table");
		met = chain ? chain_is_met(&l, chain, hook) : NO;
		if (met == NO)
			continue;
		all = walk_base(&l, chain) | (met == PERHAPS ? ACCEPTED : 0);
		now = all == ACCEPTED  ? FIREWALL_PASSES
		      : all == DROPPED ? FIREWALL_DROPS
				       : FIREWALL_PERHAPS;
		if (now <= worst)
			continue;
		worst = now;
		snprintf(where, size, "%s %s %s", l.family, l.table, str_of(chain, "name"));
	}
	return worst;
}
