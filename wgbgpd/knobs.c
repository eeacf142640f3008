/* SPDX-License-Identifier: BSD-2-Clause */
#include "knobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "machine.h"
#include "util.h"

static char *marker;	    /* a file: the knob of errors was off before; NULL: none is kept */
static bool errors_was_off; /* and is on by us */

/* False with errno. */
static bool knob_write(const char *path, bool on)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && dprintf(fd, "%d\n", on) > 0;
	int err = errno;

	if (fd >= 0)
		close(fd);
	errno = err;
	return ok;
}

static void let_forward(const char *path)
{
	if (!knob_write(path, true))
		log_warn("forwarding", "file=%s why=\"%m\"", path);
}

static void marker_make(void)
{
	int fd = marker ? open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		close(fd);
	else if (marker)
		log_warn("plane-errors", "file=%s why=\"%m\"", marker);
}

void knobs_open(const char *rundir)
{
	marker = xasprintf("%s/errors-knob", rundir);
	errors_was_off = access(marker, F_OK) == 0;
}

void knobs_forward(void)
{
	let_forward("/proc/sys/net/ipv4/ip_forward");
	let_forward("/proc/sys/net/ipv6/conf/all/forwarding");
}

/* Remembered before it is written, or a parent killed in between would leave it on. */
void knobs_errors(bool wanted)
{
	static const char path[] = "/proc/sys/" ERRORS_KNOB;

	if (wanted ? machine_sysctl(ERRORS_KNOB) > 0 : !errors_was_off)
		return;
	if (wanted)
		marker_make();
	if (!knob_write(path, wanted)) {
		log_warn("plane-errors", "file=%s why=\"%m\"", path);
		if (wanted && !errors_was_off && marker)
			unlink(marker); /* whoever sets it now is not us */
		return;
	}
	errors_was_off = wanted;
	if (!wanted && marker)
		unlink(marker);
}

void knobs_close(void)
{
	free(marker);
	marker = NULL;
	errors_was_off = false;
}
