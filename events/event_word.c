/* SPDX-License-Identifier: BSD-2-Clause */
#include "event_word.h"

#include "conf.h"
#include "util.h"

static const struct {
	const char *word, *event;
	const char *member, *value; /* NULL: whatever it says */
	bool usual;
} words[] = {
	{"tunnel-up", "tunnel-state", "to", "up", true},
	{"tunnel-degraded", "tunnel-state", "to", "degraded", true},
	{"tunnel-down", "tunnel-state", "to", "down", true},
	{"tunnel-idle", "tunnel-state", "to", "idle", false},
	{"session-up", "bgp-session", "state", "established", true},
	{"session-down", "bgp-session", "state", "down", true},
	{"endpoint-changed", "endpoint-changed", NULL, NULL, true},
	{"interface-refused", "interface-state", "state", "refused", true},
	{"interface-state", "interface-state", NULL, NULL, false},
	{"source-check-drops", "source-check-drops", NULL, NULL, true},
	{"drain", "drain", NULL, NULL, false},
	{"undrain", "undrain", NULL, NULL, false},
	{"drill", "drill", NULL, NULL, true},
	{"commit", "commit", NULL, NULL, true},
	{"reload", "reload", NULL, NULL, false},
	{"reload-refused", "reload-refused", NULL, NULL, true},
	{"permit-refused", "permit-refused", NULL, NULL, true},
	{"beyond-ceiling", "beyond-ceiling", NULL, NULL, true},
	{"drift-repaired", "drift-repaired", NULL, NULL, true},
	{"traffic-spike", "traffic-spike", NULL, NULL, true},
	{"traffic-normal", "traffic-normal", NULL, NULL, true},
	{"tunnel-silent", "tunnel-silent", NULL, NULL, true},
	{"tunnel-heard", "tunnel-heard", NULL, NULL, true},
	{"handshakes-many", "handshakes-many", NULL, NULL, true},
	{"handshakes-normal", "handshakes-normal", NULL, NULL, true},
	{"handshake-missing", "handshake-missing", NULL, NULL, true},
	{"handshake-back", "handshake-back", NULL, NULL, true},
	{"last-path-lost", "last-path-lost", NULL, NULL, true},
	{"last-path-back", "last-path-back", NULL, NULL, true},
	{"disk-short", "disk-short", NULL, NULL, true},
	{"disk-enough", "disk-enough", NULL, NULL, true},
	{"memory-short", "memory-short", NULL, NULL, true},
	{"memory-enough", "memory-enough", NULL, NULL, true},
	{"key-old", "key-old", NULL, NULL, true},
	{"daemon-died", "died", NULL, NULL, true},
	{"wgbgpd-away", "wgbgpd-away", NULL, NULL, true},
	{"wgbgpd-back", "wgbgpd-back", NULL, NULL, true},
};

const char *event_word(const json_t *event)
{
	const char *name = conf_str(event, "event", "");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].event, name) &&
		    (!words[i].member ||
		     str_eq(conf_str(event, words[i].member, ""), words[i].value)))
			return words[i].word;
	return NULL;
}

bool event_word_usual(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].word, word))
			return words[i].usual;
	return false;
}
