/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs against the nftables of a namespace of its own: what `nft` then lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dut.h"
#include "log.h"
#include "loop.h"
#include "nft.h"
#include "util.h"

/* --- the linker puts these in front of the real ones --- */

static unsigned refuse_bind, refuse_send; /* the how manieth from now on; 0 none */
static int refuse_option;
static bool lose_next; /* of what the loop receives */

int __real_mnl_socket_bind(struct mnl_socket *nl, unsigned groups, pid_t pid);
int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned groups, pid_t pid);
int __real_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len);
int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len);
ssize_t __real_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);

static bool refuse_context; /* of libnftables */

struct nft_ctx *__real_nft_ctx_new(uint32_t flags);
struct nft_ctx *__wrap_nft_ctx_new(uint32_t flags);

struct nft_ctx *__wrap_nft_ctx_new(uint32_t flags)
{
	return refuse_context ? NULL : __real_nft_ctx_new(flags);
}

static int refuse(bool refused, int err)
{
	if (refused)
		errno = err;
	return refused ? -1 : 0;
}

int __wrap_mnl_socket_bind(struct mnl_socket *nl, unsigned groups, pid_t pid)
{
	if (refuse(refuse_bind && !--refuse_bind, EADDRINUSE))
		return -1;
	return __real_mnl_socket_bind(nl, groups, pid);
}

int __wrap_mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	if (refuse(refuse_option == type, EPERM))
		return -1;
	return __real_mnl_socket_setsockopt(nl, type, buf, len);
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	if (refuse(refuse_send && !--refuse_send, ENOBUFS))
		return -1;
	return __real_mnl_socket_sendto(nl, buf, len);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (refuse(refuse_option == name, EPERM))
		return -1;
	return __real_setsockopt(fd, level, name, value, len);
}

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	ssize_t n = __real_recv(fd, buf, len, flags);
	bool lost = n > 0 && lose_next;

	if (lost)
		lose_next = false;
	return refuse(lost, ENOBUFS) ? -1 : n;
}

static const char sets[] = "add table inet wgbgp\n"
			   "add set inet wgbgp a4 { type ipv4_addr; }\n"
			   "add set inet wgbgp i4 { type ipv4_addr; flags interval; }\n"
			   "add set inet wgbgp i6 { type ipv6_addr; flags interval; }\n"
			   "add set inet wgbgp names { type ifname; }\n";

static bool all_ours(const char *name)
{
	return !str_eq(name, "theirs");
}

static const char *run(const char *command)
{
	static char text[1 << 17];
	FILE *f = popen(command, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	pclose(f);
	text[n] = '\0';
	return text;
}

/* The elements of a set, joined by blanks; "none": no such set. */
static const char *elements(const char *set)
{
	char *command = xasprintf("nft list set inet wgbgp %s 2>/dev/null | tr -d '\\n\\t' | "
				  "sed 's/.*elements = {\\(.*\\)}}}/\\1/; s/.*set .*//' | "
				  "tr -d ' \"' | tr ',' '\\n' | sort | paste -sd' '",
				  set);
	char *found = xasprintf("nft list set inet wgbgp %s >/dev/null 2>&1", set);
	const char *text = run(command);

	if (system(found) != 0)
		text = "none";
	free(command);
	free(found);
	return text;
}

static void assert_elements(const char *set, const char *text)
{
	char *line = xasprintf("%s\n", text);
	const char *got = elements(set);

	if (!str_eq(got, line) && !str_eq(got, text))
		fail_msg("%s: %s", set, got);
	free(line);
}

static struct nft_job *job_of(const char *text)
{
	struct nft_job *j = nft_job_new();

	j->text = text ? xstrdup(text) : NULL;
	return j;
}

static void must(struct nft_job *j)
{
	nft_run(j);
	if (j->err)
		fail_msg("%d %s", j->err, j->error);
	assert_string_equal(j->error, "");
	nft_job_free(j);
}

static void keep(struct nft_job *j, const char *name)
{
	j->keep = xrealloc(j->keep, (j->n_keep + 1) * sizeof(*j->keep));
	j->keep[j->n_keep] = (struct nft_set){0};
	str_copy(j->keep[j->n_keep++].name, name, sizeof(j->keep->name));
}

static int setup(void **state)
{
	if (system("nft list tables >/dev/null 2>&1") != 0)
		skip();
	dut_namespace();
	return 0;
}

static void element4(struct nft_job *j, bool add, const char *set, uint32_t a, bool end)
{
	uint8_t key[4] = {(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a};

	nft_element(j, add, set, key, sizeof(key), end);
}

/* Additions, removals and fillings of several sets, in one transaction. */
static void test_elements(void **state)
{
	static const uint8_t from[16] = {0x20, 1, 0xd, 0xb8}, to[16] = {0x20, 1, 0xd, 0xb9};
	char name[16] = "wg0";
	struct nft_job *j = job_of(sets);

	element4(j, true, "a4", 0x0a000001, false);
	element4(j, true, "a4", 0x0a000002, false);
	element4(j, true, "i4", 0x0a010000, false);
	element4(j, true, "i4", 0x0a020000, true);
	nft_element(j, true, "i6", from, 16, false);
	nft_element(j, true, "i6", to, 16, true);
	nft_element(j, true, "names", name, 16, false);
	must(j);
	assert_elements("a4", "10.0.0.1 10.0.0.2");
	assert_elements("i4", "10.1.0.0/16");
	assert_elements("i6", "2001:db8::/32");
	assert_elements("names", "wg0");
	j = job_of(NULL);
	element4(j, false, "a4", 0x0a000001, false);
	element4(j, true, "a4", 0x0a000003, false);
	element4(j, false, "i4", 0x0a010000, false);
	element4(j, false, "i4", 0x0a020000, true);
	element4(j, true, "i4", 0x0a010000, false);
	element4(j, true, "i4", 0x0a018000, true);
	nft_flush(j, "names");
	must(j);
	assert_elements("a4", "10.0.0.2 10.0.0.3");
	assert_elements("i4", "10.1.0.0/17");
	assert_elements("names", "");
	j = job_of(NULL);
	nft_flush(j, "a4");
	element4(j, true, "a4", 0x0a000009, false);
	nft_flush(j, "i4");
	must(j);
	assert_elements("a4", "10.0.0.9");
	assert_elements("i4", "");
	assert_elements("i6", "2001:db8::/32");
}

/* More than one message has room for. */
static void test_many(void **state)
{
	enum { MANY = 20000 };
	struct nft_job *j = job_of(sets);

	for (uint32_t i = 0; i < MANY; i++)
		element4(j, true, "a4", 0x0a000000 + i, false);
	must(j);
	assert_int_equal(atoi(run("nft list set inet wgbgp a4 | grep -oE '10\\.0(\\.[0-9]+){2}' | "
				  "wc -l")),
			 MANY);
	j = job_of(NULL);
	for (uint32_t i = 0; i < MANY; i++)
		if (i != 7777)
			element4(j, false, "a4", 0x0a000000 + i, false);
	must(j);
	assert_elements("a4", "10.0.30.97");
}

/* What the kernel refuses changes nothing of the whole, and is said. */
static void test_refused(void **state)
{
	struct nft_job *j = job_of("add table inet wgbgp\nadd set inet wgbgp a4 { type nonsense; }");

	nft_run(j);
	assert_int_equal(j->err, -EINVAL);
	assert_non_null(strstr(j->error, "Error"));
	assert_null(strchr(j->error, '\n'));
	assert_int_equal(j->before, j->after);
	nft_job_free(j);
	assert_string_equal(run("nft list tables"), "");
	must(job_of(sets));
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000001, false);
	element4(j, true, "missing", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->err, -ENOENT);
	assert_string_equal(j->error, strerror(ENOENT));
	nft_job_free(j);
	assert_elements("a4", "");
	j = job_of(NULL);
	element4(j, false, "a4", 0x0a000001, false);
	element4(j, true, "missing", 0x0a000001, false);
	element4(j, false, "i4", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->err, -ENOENT); /* the first of all */
	nft_job_free(j);
	/* After commands that fail nothing else is done. */
	j = job_of("add rule inet wgbgp nochain accept");
	j->ours = all_ours;
	element4(j, true, "a4", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->err, -EINVAL);
	assert_int_equal(j->n_found, 0);
	nft_job_free(j);
	assert_elements("a4", "");
	assert_elements("i4", "");
}

static void test_generations(void **state)
{
	uint32_t before = nft_generation();
	struct nft_job *j;

	assert_true(before > 0);
	must(job_of(sets));
	assert_int_equal(nft_generation(), before + 1);
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000001, false);
	nft_run(j);
	assert_int_equal(j->before, before + 1);
	assert_int_equal(j->after, before + 2);
	nft_job_free(j);
	/* Where sets are listed `after` is what was when that began. */
	j = job_of("add set inet wgbgp more { type ifname; }");
	j->ours = all_ours;
	keep(j, "more");
	nft_run(j);
	assert_int_equal(j->before, before + 2);
	assert_int_equal(j->after, before + 3);
	assert_true(nft_generation() > before + 3); /* others were removed behind that */
	nft_job_free(j);
}

/* "table 3 set 1"; "none". */
static const char *id_of(const char *name)
{
	static char text[4][64];
	static unsigned at;
	struct nft_job *j = job_of(NULL);

	at = (at + 1) % ARRAY_SIZE(text);
	strcpy(text[at], "none");

	j->ours = all_ours;
	keep(j, "a4");
	keep(j, "i4");
	keep(j, "i6");
	keep(j, "names");
	nft_run(j);
	assert_int_equal(j->err, 0);
	for (size_t i = 0; i < j->n_found; i++)
		if (str_eq(j->found[i].name, name))
			snprintf(text[at], sizeof(text[at]), "table %u set %u",
				 (unsigned)j->found[i].table, (unsigned)j->found[i].id);
	nft_job_free(j);
	return text[at];
}

/* The same as nft has it. */
static const char *handles(const char *set)
{
	static char text[64];
	char *command = xasprintf("nft -a list table inet wgbgp | sed -n 's/^table.*handle //p; "
				  "s/^\tset %s .*handle //p' | paste -sd' '",
				  set);
	unsigned table = 0, id = 0;

	assert_int_equal(sscanf(run(command), "%u %u", &table, &id), 2);
	snprintf(text, sizeof(text), "table %u set %u", table, id);
	free(command);
	return text;
}

/* A set that was made again is another one, as is one of a table that was. */
static void test_identity(void **state)
{
	const char *first, *second, *third;

	assert_string_equal(id_of("a4"), "none");
	must(job_of(sets));
	first = xstrdup(id_of("a4"));
	assert_string_equal(first, handles("a4"));
	assert_string_equal(first, id_of("a4"));
	assert_string_equal(id_of("i4"), handles("i4"));
	assert_string_not_equal(first, id_of("i4"));
	must(job_of("delete set inet wgbgp a4\nadd set inet wgbgp a4 { type ipv4_addr; }"));
	second = xstrdup(id_of("a4"));
	assert_string_equal(second, handles("a4"));
	assert_string_not_equal(second, first);
	must(job_of("delete table inet wgbgp"));
	must(job_of(sets));
	third = id_of("a4");
	assert_string_equal(third, handles("a4"));
	assert_string_not_equal(third, first);
	assert_string_not_equal(third, second);
	free((char *)first);
	free((char *)second);
}

static void test_kept(void **state)
{
	struct nft_job *j;

	must(job_of(sets));
	must(job_of("add set inet wgbgp theirs { type ifname; }\n"
		    "add chain inet wgbgp filter\n"
		    "add rule inet wgbgp filter ip saddr @a4 accept\n"
		    "add element inet wgbgp a4 { 10.0.0.1 }\n"
		    "add element inet wgbgp names { eth0 }"));
	j = job_of(NULL);
	j->ours = all_ours;
	keep(j, "names");
	nft_run(j);
	assert_int_equal(j->err, 0);
	assert_int_equal(j->n_found, 5);
	nft_job_free(j);
	assert_elements("names", "eth0");
	assert_elements("theirs", "");
	assert_elements("i4", "none");
	assert_elements("i6", "none");
	assert_elements("a4", ""); /* a rule names it */
	j = job_of(NULL);
	j->ours = all_ours;
	must(j);
	assert_elements("names", "none");
	assert_elements("theirs", "");
	must(job_of("delete chain inet wgbgp filter"));
	j = job_of(NULL);
	j->ours = all_ours;
	must(j);
	assert_elements("a4", "none");
	assert_string_equal(run("nft list tables"), "table inet wgbgp\n"); /* with theirs */
	must(job_of("delete set inet wgbgp theirs"));
	j = job_of(NULL);
	j->ours = all_ours;
	keep(j, "names"); /* where there is none: the table may be wanted yet */
	must(j);
	assert_string_equal(run("nft list tables"), "table inet wgbgp\n");
	j = job_of(NULL);
	j->ours = all_ours;
	must(j);
	assert_string_equal(run("nft list tables"), "");
	j = job_of(NULL);
	j->ours = all_ours;
	must(j); /* no table: nothing to do */
}

/* A long name is removed as others are; one that no set of ours has is nobody's. */
static void test_names(void **state)
{
	char longest[NFT_SET_MAX], longer[NFT_SET_MAX + 1], *text;
	struct nft_job *j = job_of(NULL);

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(longer, 'b', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	text = xasprintf("add table inet wgbgp\nadd set inet wgbgp %s { type ifname; }\n"
			 "add set inet wgbgp %s { type ifname; }",
			 longest, longer);
	must(job_of(text));
	free(text);
	j->ours = all_ours;
	nft_run(j);
	assert_int_equal(j->err, 0);
	assert_int_equal(j->n_found, 1);
	assert_string_equal(j->found[0].name, longest);
	nft_job_free(j);
	assert_elements(longest, "none");
	assert_elements(longer, "");
}

/* --- the thread --- */

static struct nft_job *back;

static void done(struct nft_job *j)
{
	back = j;
}

static void test_thread(void **state)
{
	struct nft_job *j = job_of(sets);

	element4(j, true, "a4", 0x0a000001, false);
	nft_submit(j, done);
	DUT_AWAIT(back != NULL);
	assert_ptr_equal(back, j);
	assert_int_equal(back->err, 0);
	nft_job_free(back);
	back = NULL;
	assert_elements("a4", "10.0.0.1");
	nft_submit(job_of("nonsense"), done);
	DUT_AWAIT(back != NULL);
	assert_int_equal(back->err, -EINVAL);
	nft_job_free(back);
	back = NULL;
	/* What is under way at the end is done, and nobody hears of it. */
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000002, false);
	nft_submit(j, done);
	nft_stop();
	nft_stop();
	dut_turn();
	assert_null(back);
	assert_elements("a4", "10.0.0.1 10.0.0.2");
	/* And it begins again. */
	j = job_of(NULL);
	nft_flush(j, "a4");
	nft_submit(j, done);
	DUT_AWAIT(back != NULL);
	nft_job_free(back);
	nft_stop();
	assert_elements("a4", "");
	nft_job_free(NULL);
}

/* --- what others do --- */

static char changes[4096];

static void changed(const char *set)
{
	snprintf(changes + strlen(changes), sizeof(changes) - strlen(changes), "%s\n",
		 set ? set : "lost");
}

static void others_do(const char *text)
{
	char *command = xasprintf("nft '%s'", text);

	assert_int_equal(system(command), 0);
	free(command);
}

/* Told are additions, removals and flushes of elements of our table, and nobody's of ours; where
 * some are lost that is told, and those after them again. */
static void test_watch(void **state)
{
	struct nft_job *j;

	must(job_of(sets));
	others_do("add table ip wgbgp; add set ip wgbgp a4 { type ipv4_addr; }; add table inet other; "
		  "add set inet other a4 { type ipv4_addr; }");
	assert_int_equal(nft_watch(changed), 0);
	assert_int_equal(nft_watch(NULL), 0); /* it is */
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000001, false);
	element4(j, true, "a4", 0x0a000002, false);
	must(j);
	others_do("add element ip wgbgp a4 { 10.0.0.1 }; add element inet other a4 { 10.0.0.1 }");
	others_do("add set inet wgbgp more { type ifname; }");
	others_do("add element inet wgbgp names { eth0 }");
	DUT_AWAIT(changes[0]);
	assert_string_equal(changes, "names\n");
	others_do("delete element inet wgbgp a4 { 10.0.0.1 }");
	DUT_AWAIT(strstr(changes, "a4"));
	assert_string_equal(changes, "names\na4\n");
	for (int i = 0; i < 3; i++)
		dut_turn(); /* what comes behind the elements */
	lose_next = true;
	others_do("add element inet wgbgp names { lo }");
	DUT_AWAIT(strstr(changes, "lost"));
	assert_string_equal(changes, "names\na4\nlost\n");
	others_do("flush set inet wgbgp a4");
	DUT_AWAIT(strlen(changes) > strlen("names\na4\nlost\n"));
	assert_string_equal(changes, "names\na4\nlost\na4\n");
	nft_unwatch();
	nft_unwatch();
	others_do("flush set inet wgbgp names");
	for (int i = 0; i < 5; i++)
		dut_turn();
	assert_string_equal(changes, "names\na4\nlost\na4\n");
	assert_int_equal(nft_watch(changed), 0);
	others_do("add element inet wgbgp i4 { 10.0.0.0/8 }");
	DUT_AWAIT(strstr(changes, "i4"));
	nft_unwatch();
}

static unsigned n_open(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* When what dut_turn() has started is over. */
static int n_watched(void)
{
	for (uint64_t until = now_ms() + 30; now_ms() < until;)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	return event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED);
}

/* Nobody is watched where one of two sockets is refused, or what they are to do; nothing of them is
 * left, and the next time it may go well. */
static void test_unwatched(void **state)
{
	unsigned before;
	int watched;

	must(job_of(sets));
	dut_turn();
	before = n_open();
	watched = n_watched();
	for (unsigned nth = 1; nth <= 2; nth++) {
		refuse_bind = nth;
		assert_int_equal(nft_watch(changed), -EADDRINUSE);
		assert_int_equal(n_open(), before);
	}
	refuse_option = SO_ATTACH_FILTER;
	assert_int_equal(nft_watch(changed), -EPERM);
	assert_int_equal(n_open(), before);
	refuse_option = NETLINK_ADD_MEMBERSHIP;
	assert_int_equal(nft_watch(changed), -EPERM);
	assert_int_equal(n_open(), before);
	refuse_option = 0;
	others_do("add element inet wgbgp names { eth0 }");
	assert_int_equal(nft_watch(changed), 0);
	others_do("add element inet wgbgp a4 { 10.0.0.1 }");
	DUT_AWAIT(changes[0]);
	assert_string_equal(changes, "a4\n");
	nft_unwatch();
	assert_int_equal(n_open(), before);
	assert_int_equal(n_watched(), watched);
	nft_submit(job_of(NULL), done);
	nft_stop();
	assert_int_equal(n_open(), before);
	assert_int_equal(n_watched(), watched);
}

/* What cannot be asked, sent or heard is an error of the job, in words. */
static void test_unasked(void **state)
{
	static const struct {
		unsigned *nth;
		int err;
	} rows[] = {{&refuse_bind, EADDRINUSE}, {&refuse_send, ENOBUFS}};
	struct nft_job *j;
	unsigned before;

	must(job_of(sets));
	before = n_open();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		*rows[i].nth = 1;
		assert_int_equal(nft_generation(), 0);
		j = job_of(NULL);
		element4(j, true, "a4", 0x0a000001, false);
		*rows[i].nth = 2; /* the first asks for the generation */
		nft_run(j);
		assert_int_equal(j->err, -rows[i].err);
		assert_string_equal(j->error, strerror(rows[i].err));
		nft_job_free(j);
		for (unsigned nth = 3; nth <= 4; nth++) { /* the table, its sets */
			j = job_of(NULL);
			j->ours = all_ours;
			*rows[i].nth = nth;
			nft_run(j);
			assert_int_equal(j->err, -rows[i].err);
			assert_int_equal(j->n_found, 0);
			nft_job_free(j);
		}
		assert_elements("a4", "");
		assert_int_equal(n_open(), before);
	}
	j = job_of(sets);
	j->ours = all_ours;
	refuse_context = true;
	nft_run(j);
	refuse_context = false;
	assert_int_equal(j->err, -ENOMEM);
	assert_string_equal(j->error, strerror(ENOMEM));
	assert_int_equal(j->n_found, 0);
	nft_job_free(j);
	j = job_of(NULL);
	element4(j, true, "missing", 0x0a000001, false);
	lose_next = true;
	nft_run(j);
	assert_int_equal(j->err, -ENOBUFS);
	nft_job_free(j);
	j = job_of(NULL);
	element4(j, true, "a4", 0x0a000001, false);
	must(j);
	assert_elements("a4", "10.0.0.1");
}

/* Signals find the loop, whatever thread there is. */
static void test_signals(void **state)
{
	uint64_t term = 1ull << (SIGTERM - 1), hup = 1ull << (SIGHUP - 1);

	nft_submit(job_of(NULL), done);
	DUT_AWAIT(back != NULL);
	nft_job_free(back);
	assert_int_equal(dut_blocked(true) & (term | hup), 0);
	assert_int_equal(dut_blocked(false) & (term | hup), term | hup);
	nft_stop();
}

/* Without descriptors there is an error, and no crash. */
static void test_no_descriptors(void **state)
{
	struct rlimit few = {64, 64};
	struct nft_job *j = job_of(NULL);
	int fds[64], n = 0;

	must(job_of(sets));
	element4(j, true, "a4", 0x0a000001, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	nft_run(j);
	assert_int_equal(j->before, 0);
	assert_int_equal(nft_generation(), 0);
	while (n--)
		close(fds[n]);
	assert_int_equal(j->err, -EMFILE);
	assert_string_equal(j->error, strerror(EMFILE));
	nft_job_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_elements, setup),
		cmocka_unit_test_setup(test_many, setup),
		cmocka_unit_test_setup(test_refused, setup),
		cmocka_unit_test_setup(test_generations, setup),
		cmocka_unit_test_setup(test_identity, setup),
		cmocka_unit_test_setup(test_kept, setup),
		cmocka_unit_test_setup(test_names, setup),
		cmocka_unit_test_setup(test_thread, setup),
		cmocka_unit_test_setup(test_signals, setup),
		cmocka_unit_test_setup(test_watch, setup),
		cmocka_unit_test_setup(test_unwatched, setup),
		cmocka_unit_test_setup(test_unasked, setup),
		cmocka_unit_test_setup(test_no_descriptors, setup),
	};

	if (geteuid() != 0)
		return 77;
	log_init("nft_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
