/* SPDX-License-Identifier: BSD-2-Clause */
#include "datastore.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_check.h"
#include "conf_print.h"
#include "ipc.h"

static struct ly_ctx *context;
static const char *config_path;
static struct datastore_version *running;
static uint32_t last_generation;

void datastore_init(struct ly_ctx *ctx, const char *path)
{
	context = ctx;
	config_path = path;
}

const char *datastore_path(void)
{
	return config_path;
}

/* Of LOADED, which is taken over. */
static struct datastore_version *version_of(const struct conf_loaded *loaded,
					    struct conf_errors *errs)
{
	struct datastore_version *v = xcalloc(1, sizeof(*v));

	v->loaded = *loaded;
	v->text = conf_print_json(v->loaded.effective, true);
	v->len = strlen(v->text);
	v->json = conf_read(v->text, v->len);
	ensure(v->json);
	v->generation = ++last_generation;
	if (v->len <= IPC_FRAME_MAX)
		return v;
	conf_error(errs, NULL, "%s: the configuration is too large for the daemons", config_path);
	datastore_version_free(v);
	return NULL;
}

struct datastore_version *datastore_read(struct conf_errors *errs)
{
	struct conf_loaded loaded;

	if (!conf_load_file(context, config_path, CONF_CHECK_FILES, &loaded, errs))
		return NULL;
	return version_of(&loaded, errs);
}

struct datastore_version *datastore_read_texts(const struct conf_texts *texts, unsigned flags,
					       struct conf_errors *errs)
{
	struct conf_loaded loaded;

	if (!conf_load_texts(context, texts, flags, &loaded, errs))
		return NULL;
	return version_of(&loaded, errs);
}

struct datastore_version *datastore_read_by(struct conf_reader *reader, unsigned flags,
					    struct conf_errors *errs)
{
	struct conf_loaded loaded;

	if (!conf_load_by(context, config_path, reader, flags, &loaded, errs))
		return NULL;
	return version_of(&loaded, errs);
}

static size_t count_interfaces(const struct datastore_version *v)
{
	return v ? json_array_size(conf_list(conf_get(v->json, "wireguard"), "interface")) : 0;
}

bool datastore_would_empty(const struct datastore_version *before,
			   const struct datastore_version *v, struct conf_errors *errs)
{
	size_t n = count_interfaces(before);

	if (!n || count_interfaces(v))
		return false;
	conf_error(errs, NULL,
		   "%s: it has no WireGuard interface, and %zu %s: all tunnels would go; if that "
		   "is meant: reload empty, or commit empty",
		   config_path, n, n == 1 ? "runs" : "run");
	return true;
}

struct datastore_version *datastore_with_log_level(const char *level)
{
	struct datastore_version *v = xcalloc(1, sizeof(*v));

	v->loaded.written = conf_dup(running->loaded.written);
	v->loaded.effective = conf_dup(running->loaded.effective);
	v->json = json_deep_copy(running->json);
	json_object_set_new(conf_get(v->json, "system"), "log-level", json_string(level));
	v->text = json_dumps(v->json, JSON_COMPACT);
	v->len = strlen(v->text);
	v->generation = ++last_generation;
	return v;
}

const struct datastore_version *datastore_running(void)
{
	return running;
}

const char *datastore_hostname(void)
{
	static char kernels[256];
	const json_t *system = running ? conf_get(running->json, "system") : NULL;
	const char *name = conf_str(system, "hostname", NULL);

	if (name)
		return name;
	if (gethostname(kernels, sizeof(kernels)) < 0)
		return "";
	return kernels;
}

void datastore_set_running(struct datastore_version *version)
{
	if (version != running)
		datastore_version_free(datastore_exchange(version));
}

struct datastore_version *datastore_exchange(struct datastore_version *version)
{
	struct datastore_version *before = running;

	running = version;
	return before;
}

void datastore_renumber(struct datastore_version *version)
{
	version->generation = ++last_generation;
}

void datastore_version_free(struct datastore_version *version)
{
	if (!version)
		return;
	conf_loaded_free(&version->loaded);
	json_decref(version->json);
	free(version->text);
	free(version);
}

void datastore_free(void)
{
	datastore_version_free(running);
	running = NULL;
	ly_ctx_destroy(context);
	context = NULL;
}
