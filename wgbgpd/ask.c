/* SPDX-License-Identifier: BSD-2-Clause */
#include "ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "conf.h"
#include "supervise.h"
#include "util.h"

struct question {
	TAILQ_ENTRY(question) link;
	uint32_t id;
	enum daemon_id daemon;
	json_t *head, *rows; /* rows: borrowed, inside head */
	ask_fn fn;
	void *arg;
};

static TAILQ_HEAD(, question) questions = TAILQ_HEAD_INITIALIZER(questions);
static uint32_t last_id;

static void question_free(struct question *q)
{
	TAILQ_REMOVE(&questions, q, link);
	json_decref(q->head);
	free(q);
}

static void ask_finish(struct question *q, const char *error)
{
	ask_fn fn = q->fn;
	void *arg = q->arg;
	json_t *head = json_incref(q->head);

	question_free(q); /* first: the function may ask again */
	fn(arg, error ? NULL : head, error);
	json_decref(head);
}

void ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	struct ipc *control = supervise_control(id);
	char *text = json_dumps(request, JSON_COMPACT);
	struct question *q;
	struct wr w = {0};

	ensure(text);
	json_decref(request);
	if (control && !supervise_silent(id)) {
		q = xcalloc(1, sizeof(*q));
		*q = (struct question){.id = ++last_id, .daemon = id, .fn = fn, .arg = arg};
		TAILQ_INSERT_TAIL(&questions, q, link);
		msg_put_request(&w, q->id, text, strlen(text));
		ipc_send(control, MSG_REQUEST, 0, w.data, w.len);
		wr_free(&w);
	}
	free(text);
	if (!control)
		fn(arg, NULL, "a daemon is not running");
	else if (supervise_silent(id))
		fn(arg, NULL, supervise_silence(id));
}

static struct question *ask_find(enum daemon_id daemon, uint32_t id)
{
	struct question *q;

	TAILQ_FOREACH (q, &questions, link)
		if (q->id == id && q->daemon == daemon)
			return q;
	return NULL;
}

static void take_head(struct question *q, const struct msg_reply *m)
{
	json_decref(q->head);
	q->head = conf_read(m->json, m->json_len);
	if (!json_is_object(q->head)) {
		json_decref(q->head);
		q->head = json_object();
	}
	q->rows = NULL;
	if (m->list[0]) {
		q->rows = json_array();
		json_object_set_new(q->head, m->list, q->rows);
	}
}

static bool is_answer(uint16_t type)
{
	return type == MSG_REPLY_HEAD || type == MSG_REPLY_ROW || type == MSG_REPLY_END;
}

int ask_frame(enum daemon_id id, const struct ipc_frame *frame)
{
	struct question *q;
	struct msg_reply m;

	if (!is_answer(frame->type) ||
	    msg_get_reply(frame->type, frame->body, frame->len, &m) < 0)
		return -EBADMSG;
	q = ask_find(id, m.id);
	if (q && frame->type == MSG_REPLY_HEAD)
		take_head(q, &m);
	else if (q && frame->type == MSG_REPLY_END)
		ask_finish(q, m.error[0] ? m.error : NULL);
	else if (q && q->rows)
		json_array_append_new(q->rows, conf_read(m.json, m.json_len));
	return 0;
}

void ask_daemon_gone(enum daemon_id id)
{
	struct question *q, *next;

	for (q = TAILQ_FIRST(&questions); q; q = next) {
		next = TAILQ_NEXT(q, link);
		if (q->daemon == id)
			ask_finish(q, supervise_silent(id) ? supervise_silence(id)
							   : "the daemon went away");
	}
}

void ask_free(void)
{
	while (!TAILQ_EMPTY(&questions))
		question_free(TAILQ_FIRST(&questions));
}
