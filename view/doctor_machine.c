/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_machine.h"

#include "conf.h"
#include "doctor_facts.h"
#include "machine.h"
#include "members.h"
#include "util.h"

void check_kernel_off(struct doctor *d, const json_t *row)
{
	if (str_eq(conf_str(conf_get(row, "rib"), "kernel", ""), "off"))
		FIND(SEVERITY_NOTE, AT(0), "rib { kernel on; }",
		     "routes are computed and not installed: `rib { kernel off; }`");
}

/* Something here is there for others: packets pass through. */
static bool is_router(const struct doctor *d)
{
	return json_array_size(d->kept[SOURCE_TUNNELS]) > 1;
}

void check_forwarding(struct doctor *d, const json_t *row)
{
	static const struct {
		const char *path, *family;
	} knobs[] = {{"net/ipv4/ip_forward", "IPv4"}, {"net/ipv6/conf/all/forwarding", "IPv6"}};

	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		if (doctor_knob(d, knobs[i].path) == 0)
			FIND(is_router(d) ? SEVERITY_WARNING : SEVERITY_NOTE, AT(0),
			     "system { forwarding on; }",
			     "this machine does not forward %s packets (%s is 0)", knobs[i].family,
			     knobs[i].path);
}

void check_plane_errors(struct doctor *d, const json_t *row)
{
	const json_t *conf = json_array_get(d->kept[SOURCE_CONFIGURATION], 0);
	bool any = false;
	json_t *interface;
	size_t i;

	if (str_eq(conf_str(conf_get(conf, "rib"), "kernel", ""), "off"))
		return; /* nothing leads them anywhere */
	json_array_foreach (d->kept[SOURCE_INTERFACES], i, interface)
		any = any ||
		      (is_set(interface, "plane") && !str_eq(str_of(interface, "plane"), "main"));
	if (any && doctor_knob(d, ERRORS_KNOB) == 0)
		FIND(SEVERITY_WARNING, AT(0), "sysctl -w net.ipv4.icmp_errors_use_inbound_ifaddr=1",
		     "what this machine says of packets of a plane that are too big goes by the "
		     "main table (%s is 0): such transfers hang",
		     ERRORS_KNOB);
}

/* The kernel takes the larger one of the two; 2 is loose. */
static bool is_strict(long own, long all)
{
	return own < 2 && all < 2 && (own == 1 || all == 1);
}

/* -1: not known. */
static long rp_filter_of(struct doctor *d, const char *interface)
{
	const json_t *answer = doctor_ask(
		d, json_pack("{s:s, s:s}", "command", "host-interface", "interface", interface));

	return is_set(answer, "rp-filter") ? (long)int_of(answer, "rp-filter") : -1;
}

/* A strict filter drops what comes by a tunnel that is not the way back. */
void check_rp_filter(struct doctor *d, const json_t *row)
{
	long all = doctor_knob(d, "net/ipv4/conf/all/rp_filter");
	json_t *interface;
	size_t i;

	if (json_array_size(d->kept[SOURCE_INTERFACES]) < 2)
		return;
	json_array_foreach (d->kept[SOURCE_INTERFACES], i, interface) {
		const char *name = str_of(interface, "name");

		if (is_strict(rp_filter_of(d, name), all))
			FIND(SEVERITY_WARNING, AT(.interface = name),
			     "sysctl -w net.ipv4.conf.IF.rp_filter=2, the same for `all`",
			     "rp_filter is strict: what comes by this tunnel while the way back is "
			     "another one is dropped");
	}
}

#define BORN 1767225600 /* 2026-01-01: before that no wgbgp was there */

void check_clock(struct doctor *d, const json_t *row)
{
	if (machine_clock() < BORN)
		FIND(SEVERITY_ERROR, AT(0), "set it, and keep it by NTP",
		     "the clock is wrong: far ends refuse handshakes that are older than the last "
		     "one they saw");
}
