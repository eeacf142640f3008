/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grammar: the command language, driven by two tables.
 *
 * A row is one command: "show bgp neighbors [NEIGHBOR [received-routes|advertised-routes]]". Words
 * are separated by blanks, alternatives by bars; everything behind the first bracket may be left
 * out from the end. What stands in braces, separated by commas ("reload {comment TEXT, empty}"),
 * may be left out and comes in any order, each once; it is the end of a row without brackets. A
 * word in capitals is a placeholder. Rows with CLI_SHOW take a trailing `json`. Words that only
 * rows with CLI_SYNONYM have are understood, but neither listed nor completed. The dictionary says
 * what each word means: its help, how a placeholder's text is checked, and what it adds to the
 * request. Parsing, abbreviation, `?`, TAB and error texts all come from these two.
 */
#ifndef WGBGP_CLI_GRAMMAR_H
#define WGBGP_CLI_GRAMMAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct cli_word {
	const char *word;		 /* "neighbors", or a placeholder "NEIGHBOR" */
	const char *help;		 /* for `?` */
	const char *key, *value;	 /* adds "key": value; a placeholder's value is its text */
	bool (*check)(const char *text); /* placeholders: may this text stand here? NULL: any */
	const char *ask, *ask_key; /* placeholders: request whose rows have the values for TAB */
};

enum {
	CLI_SHOW = 1,	   /* takes `json` */
	CLI_FORMAT = 2,	   /* the request says "format": text or json */
	CLI_ENDLESS = 4,   /* goes on until it is interrupted */
	CLI_CONFIRM = 8,   /* asks first when a person types it */
	CLI_BRIEF = 16,	   /* for its text the request says "brief" */
	CLI_SIGNED = 32,   /* the request says who asks, and from where */
	CLI_LIVE = 64,	   /* writes as things happen: no pager, and nothing for `watch` */
	CLI_SYNONYM = 128, /* what other programs call it: understood, but not offered */
	CLI_LONG = 256,	   /* read in a pager, as what has CLI_SHOW */
};

/* Key of a word that adds nothing to the request: only rows whose state or protocol is its value,
 * or its text, are shown. */
#define CLI_ONLY "only"
#define CLI_ONLY_MAX 64 /* a peer's name */

struct cli_line;
struct cli_session;

struct cli_row {
	const char *words;
	const char *command; /* of the request; NULL where run() does it all */
	unsigned flags;
	int (*run)(struct cli_session *s, const struct cli_line *line);
	const char *help;
};

struct cli_grammar {
	const struct cli_row *rows;
	size_t n_rows;
	const struct cli_word *words;
	size_t n_words;
};

#define CLI_TOKENS_MAX 24
#define CLI_WORD_MAX 128 /* letters of a word, with its end */
#define CLI_ROWS_MAX 192
#define CLI_CHOICES_MAX 64

/* A parsed line; release with cli_line_free(). */
struct cli_line {
	const struct cli_row *row;
	json_t *request; /* {"command": ..., ...}, also where row->command is NULL */
	bool json;
	char only[CLI_ONLY_MAX]; /* rows in this state, or of this protocol; "": all */
};

struct cli_error {
	size_t offset; /* in the line: where the caret belongs */
	char text[1024];
};

/* What may stand at one place of a line. */
struct cli_choices {
	const struct cli_word *word[CLI_CHOICES_MAX];
	size_t n, own;		    /* the first `own` are no synonyms' */
	bool end;		    /* the command may end here */
	size_t word_start;	    /* offset of the word that is being typed */
	char partial[CLI_WORD_MAX]; /* what is typed of it */
};

/* 0; 1 for an empty line or a comment (#); -1 with an error. */
int cli_parse(const struct cli_grammar *g, const char *text, struct cli_line *line,
	      struct cli_error *error);
void cli_line_free(struct cli_line *line);

/* The choices at the end of TEXT (up to the cursor) that begin with the word being typed. False
 * with an error when something in front of it is wrong already. */
bool cli_choices(const struct cli_grammar *g, const char *text, struct cli_choices *out,
		 struct cli_error *error);

bool cli_is_placeholder(const struct cli_word *word);
const struct cli_word *cli_find_word(const struct cli_grammar *g, const char *text, size_t len);

#endif
