/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wgbgpd: the parent process, the one program that a user starts.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_check.h"
#include "conf_load.h"
#include "conf_print.h"
#include "conf_schema.h"
#include "config.h"
#include "kept_load.h"
#include "parent.h"
#include "spared.h"
#include "util.h"

static const char usage[] = "usage: wgbgpd [-c FILE] [-k] [-n] [-r RUNDIR] [-V]\n"
			    "  -c FILE    configuration [" SYSCONFDIR "/wgbgp/wgbgp.conf]\n"
			    "  -k         keep in what was kept in before the reboot, and exit\n"
			    "  -n         check the configuration and exit\n"
			    "  -r RUNDIR  directory of the sockets and the state [/run/wgbgp]\n"
			    "  -V         print the version\n";

static const struct option names[] = {
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {0}};

/* What no file says: whom this machine needs now. */
static void warn_spared(const struct conf *effective, struct conf_errors *errs)
{
	char *text = conf_print_json(effective, true);
	json_t *config = conf_read(text, strlen(text));

	spared_warn(config, errs);
	json_decref(config);
	free(text);
}

static int check_only(const char *path)
{
	struct conf_errors errs = {0};
	struct ly_ctx *ctx = conf_schema_load(conf_schema_dir(), &errs);
	struct conf_loaded loaded = {0};
	int status = 1;

	if (ctx && conf_load_file(ctx, path, CONF_CHECK_FILES, &loaded, &errs))
		status = 0;
	if (status == 0)
		warn_spared(loaded.effective, &errs);
	conf_errors_print(&errs, stderr);
	conf_errors_free(&errs);
	conf_loaded_free(&loaded);
	ly_ctx_destroy(ctx);
	return status;
}

/* The files are written back, too, which must not depend on where we are. To be freed. */
static char *absolute(const char *path)
{
	char *here = path[0] == '/' ? NULL : get_current_dir_name();
	char *whole = here ? xasprintf("%s/%s", here, path) : xstrdup(path);

	free(here);
	return whole;
}

static int run(const char *path, const char *rundir)
{
	char *file = absolute(path);
	int status = parent_run(file, rundir);

	free(file);
	return status;
}

int main(int argc, char **argv)
{
	const char *path = SYSCONFDIR "/wgbgp/wgbgp.conf";
	const char *rundir = "/run/wgbgp";
	bool check = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "c:hknr:V", names, NULL)) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			return kept_load();
		case 'n':
			check = true;
			break;
		case 'r':
			rundir = optarg;
			break;
		case 'V':
			puts("wgbgp " WGBGP_VERSION);
			return 0;
		default:
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	if (check)
		return check_only(path);
	return run(path, rundir);
}
