/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_rules.h"

#include "explain_gather.h"
#include "explain_judge.h"
#include "firewall.h"
#include "members.h"
#include "ruleset.h"

/* WAY: out, back, or probe. */
static void ask_hook(json_t *found, const json_t *rules, const char *way, const char *hook,
		     const struct firewall_packet *p)
{
	char where[256] = "";
	enum firewall_verdict v = firewall_judge(rules, hook, p, where, sizeof(where));

	if (v != FIREWALL_PASSES)
		json_array_append_new(found,
				      json_pack("{s:s, s:s, s:s, s:b}", "way", way, "hook", hook,
						"chain", where, "drops", v == FIREWALL_DROPS));
}

static void ask_hooks(json_t *found, const json_t *rules, const char *way,
		      const struct firewall_packet *p)
{
	if (*p->in) {
		ask_hook(found, rules, way, "ingress", p);
		ask_hook(found, rules, way, "prerouting", p);
	}
	ask_hook(found, rules, way, !*p->in ? "output" : !*p->out ? "input" : "forward", p);
	if (*p->out) {
		ask_hook(found, rules, way, "postrouting", p);
		ask_hook(found, rules, way, "egress", p);
	}
}

/* The packet that is answered. */
static struct firewall_packet answer_to(const struct firewall_packet *p)
{
	return (struct firewall_packet){
		.in = p->out, .out = p->in, .from = p->to, .to = p->from, .answer = true};
}

static json_t *ask_rules(const struct explain *e, const json_t *rules, const char *out)
{
	const json_t *source = json_object_get(e->facts, "source");
	struct firewall_packet p = {.in = "", .out = out, .from = e->src}, back;
	json_t *found = json_array();

	p.to = addr_of_prefix(&e->dst);
	if (!is_true(source, "local"))
		p.in = str_of(source, "interface");
	back = answer_to(&p);
	ask_hooks(found, rules, "out", &p);
	ask_hooks(found, rules, "back", &back);
	if (!*p.in || !*out || explain_is_tunnel_if(e->facts, out) ||
	    addr_parse(str_of(source, "probe-from"), &p.from) < 0)
		return found;
	p.in = ""; /* our own echo requests, in place of the source's; no rule is before answers */
	ask_hooks(found, rules, "probe", &p);
	return found;
}

void explain_ask_rules(struct explain *e)
{
	const json_t *kernel = json_object_get(e->facts, "kernel");
	const char *why;
	json_t *rules;

	if (!explain_wants_rules(e))
		return;
	rules = ruleset_read(&why);
	json_object_set_new(
		e->facts, "firewall",
		rules ? ask_rules(e, rules,
				  is_true(kernel, "local") ? "" : str_of(kernel, "interface"))
		      : json_pack("{s:s}", "unknown", why));
	json_decref(rules);
}
