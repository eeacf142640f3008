/* SPDX-License-Identifier: BSD-2-Clause */
#include "nftown.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ifaddr.h"
#include "kernel.h"
#include "log.h"
#include "loop.h"
#include "nft.h"
#include "planes.h"
#include "retry.h"
#include "util.h"
#include "zconfig.h"

#define POLL_MS 500
#define GATHER_MS 5 /* changes that come together go together */

/* Removes it where it is, and fails neither way. */
#define NONE "table inet " NFTOWN_TABLE "\ndelete table inet " NFTOWN_TABLE "\n"

static char *marker; /* a file: the table may be there */
static struct timer timer;
static bool ready, torn_down, busy;
static bool look;	    /* the ruleset is another one than when we looked last */
static char *written;	    /* text that the kernel took; NULL: not known. Owned, like the next */
static char *found;	    /* the table as it was listed then */
static uint32_t generation; /* of the kernel's ruleset, then */
static struct retry retry;  /* what the kernel refused */
static char error[NFT_ERROR_MAX];
static struct log_bucket drift_bucket;

/* ---- what is wanted */

static void put_line(struct wr *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void put_line(struct wr *w, const char *fmt, ...)
{
	char line[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	wr_bytes(w, line, strlen(line));
}

static bool is_kept_apart(uint8_t plane)
{
	return plane_present(plane) && plane_tunnel(plane, 0) && !zconfig.plane_shared[plane] &&
	       zconfig.kernel && !torn_down;
}

/* What stays in reach of its tunnels: the addresses of the plane's interfaces; and of the incoming
 * one, which the kernel knows sooner. What is for many, broadcasts say, is nobody's own. */
static void put_plane(struct wr *w, uint8_t plane)
{
	const struct kaddr *a;
	const char *name;

	put_line(w, "chain plane-%u {\n", plane);
	put_line(w, "fib daddr type != local return\nfib daddr . iif type local return\n");
	for (size_t i = 0; (name = plane_interface(plane, i)); i++) {
		uint32_t ifindex = kernel_link_by_name(name);

		for (unsigned k = 0; ifindex && (a = ifaddr_get(ifindex, k)); k++)
			put_line(w, "%s daddr %s return\n",
				 a->local.family == AF_INET ? "ip" : "ip6", ADDR_STR(&a->local));
	}
	put_line(w, "counter drop comment \"own addresses of other planes\"\n}\n");
}

/* The text for libnftables; owned. */
static char *nftown_wanted(void)
{
	struct wr w = {0};
	bool any = false;
	const char *name;

	wr_bytes(&w, NONE, strlen(NONE));
	for (unsigned p = 1; p < PLANES_MAX; p++) {
		if (!is_kept_apart((uint8_t)p))
			continue;
		if (!any)
			put_line(&w, "table inet " NFTOWN_TABLE " {\n");
		any = true;
		put_plane(&w, (uint8_t)p);
	}
	if (any)
		put_line(&w, "chain input {\n"
			     "type filter hook input priority filter - 10; policy accept;\n");
	for (unsigned p = 1; p < PLANES_MAX; p++)
		for (size_t i = 0;
		     is_kept_apart((uint8_t)p) && (name = plane_tunnel((uint8_t)p, i)); i++)
			put_line(&w, "iifname \"%s\" jump plane-%u\n", name, p);
	if (any)
		put_line(&w, "}\n}\n");
	wr_u8(&w, 0);
	return (char *)w.data;
}

/* ---- what is there */

static bool wants_none(const char *text)
{
	return str_eq(text, NONE);
}

static void nftown_failed(const struct nft_job *j)
{
	if (!str_eq(error, j->error))
		log_error("nftables-refused", "table=\"inet " NFTOWN_TABLE "\" error=\"%s\"",
			  j->error);
	str_copy(error, j->error, sizeof(error));
	retry_failed(&retry, j->err);
}

static void forget_written(void)
{
	free(written);
	free(found);
	written = found = NULL;
}

static void nftown_written(struct nft_job *j)
{
	busy = false;
	forget_written();
	generation = j->after;
	if (j->err) {
		nftown_failed(j);
	} else {
		retry_done(&retry);
		if (error[0])
			log_info("nftables-taken", "table=\"inet " NFTOWN_TABLE "\"");
		error[0] = '\0';
		written = j->text;
		found = j->listing;
		j->text = j->listing = NULL;
		if (wants_none(written))
			unlink(marker);
		else if (!j->alone) /* somebody's change may be in the list: written again */
			forget_written();
	}
	timer_start(&timer, j->alone ? GATHER_MS : POLL_MS);
	nft_job_free(j);
}

static void on_looked(struct nft_job *j)
{
	const char *now = j->listing ? j->listing : "";

	busy = false;
	generation = j->after;
	if (!j->err && written && !str_eq(now, found ? found : "")) {
		log_limited(&drift_bucket, LOG_LEVEL_WARN, "drift-repaired",
			    "what=nftables-table table=\"inet " NFTOWN_TABLE "\"");
		forget_written();
	}
	nft_job_free(j);
	timer_start(&timer, GATHER_MS);
}

/* TEXT is taken over; NULL: only looks. */
static void submit(char *text)
{
	struct nft_job *j = nft_job_new();
	int fd;

	j->text = text;
	j->table = NFTOWN_TABLE;
	if (text && !wants_none(text)) {
		fd = open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* sandbox.c */
		if (fd >= 0)
			close(fd);
	}
	busy = true;
	look = false;
	nft_submit(j, text ? nftown_written : on_looked);
}

/* A table may be there: of this life, or of an earlier one. */
static bool may_be_there(void)
{
	return written ? !wants_none(written) : access(marker, F_OK) == 0;
}

/* What an earlier life left is right for now: it is replaced when all addresses are known. */
static bool has_to_wait(void)
{
	return busy || torn_down || retry_waits(&retry) || (!ready && access(marker, F_OK) == 0);
}

static void bring_up_to_date(void)
{
	char *text;

	if (has_to_wait())
		return;
	text = nftown_wanted();
	if (wants_none(text) ? may_be_there() : !written || !str_eq(text, written)) {
		submit(text);
		return;
	}
	free(text);
	if (look)
		submit(NULL);
}

static void on_time(void *arg)
{
	if (torn_down)
		return;
	if (!busy && written && !wants_none(written) && nft_generation() != generation)
		look = true;
	bring_up_to_date();
	if (may_be_there() || error[0])
		timer_start(&timer, POLL_MS);
}

/* ---- from outside */

void nftown_open(const char *rundir)
{
	marker = xasprintf("%s/nft-planes", rundir);
	timer_init(&timer, on_time, NULL);
}

void nftown_changed(void)
{
	if (!marker) /* not open */
		return;
	retry_kick(&retry);
	if (planes_several() || may_be_there())
		timer_start(&timer, GATHER_MS);
}

void nftown_kernel_ready(void)
{
	ready = true;
	nftown_changed();
}

void nftown_teardown(void)
{
	struct nft_job *j;

	torn_down = true;
	timer_stop(&timer);
	if (access(marker, F_OK) != 0)
		return;
	j = nft_job_new();
	j->text = xasprintf("%s", NONE);
	nft_run(j);
	if (j->err)
		log_error("nftables-remains", "table=\"inet " NFTOWN_TABLE "\" error=\"%s\"",
			  j->error);
	else
		unlink(marker);
	nft_job_free(j);
}

void nftown_close(void)
{
	timer_stop(&timer);
	forget_written();
	free(marker);
	marker = NULL;
}

const char *nftown_state(void)
{
	bool any = false;

	for (unsigned p = 1; p < PLANES_MAX; p++)
		any = any || is_kept_apart((uint8_t)p);
	if (error[0])
		return "refused";
	if (!any)
		return "off";
	return written && !wants_none(written) ? "installed" : "pending";
}

const char *nftown_error(void)
{
	return error;
}
