/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_work.h"

#include "loop.h"

static struct job job;

void rib_work(void)
{
	job_start(&job);
}

void rib_work_open(bool (*work)(void *arg))
{
	job_init(&job, work, NULL);
}

void rib_work_close(void)
{
	job_stop(&job);
}
