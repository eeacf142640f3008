/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: runs command lines: splits one (line.h), parses its command, asks the daemons, writes
 * the answer as text or as one JSON document, row by row in both cases. While a command runs `out`
 * goes through the line's filters and, on a terminal, a pager (output.h).
 */
#ifndef WGBGP_CLI_SESSION_H
#define WGBGP_CLI_SESSION_H

#include <stdbool.h>
#include <stdio.h>

#include "client.h"
#include "grammar.h"
#include "render.h"

struct cli_session;

/* What may stand at the end of a line. */
struct session_offers {
	struct session_word {
		char *word, *help;
		bool fixed; /* it can be put in; else WORD stands for what HELP describes */
	} * v;
	size_t n, cap;
	bool end;		    /* the line may end here */
	char partial[CLI_WORD_MAX]; /* what is typed of the word */
};
/* Adds it unless it does not begin with the partial word, or is there; copies. */
void session_offer(struct session_offers *o, const char *word, const char *help, bool fixed);
void session_offers_free(struct session_offers *o);

/* Lines mean something else while it lasts. */
struct session_mode {
	int (*run)(struct cli_session *s, const char *text); /* as session_run() */
	void (*prompt)(const struct cli_session *s, const char *host, char *out, size_t size);
	/* For `?` and TAB at the end of TEXT; false with an error. */
	bool (*choices)(struct cli_session *s, const char *text, struct session_offers *out,
			struct cli_error *error);
	int (*end)(struct cli_session *s); /* of all input; -1: what is lost was said */
};

struct cli_session {
	struct client *client;
	const struct cli_grammar *grammar; /* what may be typed */
	const struct session_mode *mode;   /* or NULL */
	void *mode_arg;			   /* the mode's own */
	FILE *out, *err;
	bool interactive;
	bool terminal; /* out is one, and so is standard input: pager, tables that fit, colours */
	bool no_pager; /* `terminal length 0` */
	unsigned columns;  /* of it while a command runs; 0: as wide as it comes */
	bool colour;	   /* the same */
	bool quit;	   /* set by exit */
	int status;	   /* of the program, where the last command says one by it; else 0 */
	bool absent;	   /* it was about one prefix, and there is none */
	size_t prompt_len; /* columns in front of what is typed */
};

/* 0, or -1 after the error was written. */
int session_run(struct cli_session *s, const char *text);
/* The same of a line that is no line of the mode. */
int session_line(struct cli_session *s, const char *text);
/* Asks a person, where one types. */
bool session_sure(struct cli_session *s, const char *what);
/* No more input. */
int session_end(struct cli_session *s);
/* One request with its answer on s->out. */
int session_request(struct cli_session *s, const struct cli_line *line);
/* The request says who asks, and from where. */
void session_sign(json_t *request);
void session_error(struct cli_session *s, const char *line, const struct cli_error *error);
/* The error of a command that was understood, behind all that it wrote. */
void session_fail(struct cli_session *s, const char *error);

/* JSON document of an answer whose rows are streamed. */
struct json_doc {
	FILE *out;
	bool begun, list, rows;
};
void json_doc_head(struct json_doc *d, const char *list, const json_t *head);
void json_doc_row(struct json_doc *d, const char *text, size_t len);
void json_doc_end(struct json_doc *d, const char *error);

#endif
