/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * played: for tests of the CLI: client.h, kernel_route.h and machine.h as tables that a test fills.
 *
 * Nothing is sent, nothing is waited for: client_wait() moves the clock of loop_fake, and a request
 * is answered at once by what the table has for its command. A test that wants the sockets, too,
 * takes canned.h.
 */
#ifndef WGBGP_CLI_PLAYED_H
#define WGBGP_CLI_PLAYED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct client;

extern struct client *const played_client;

/* Forgets all answers; the machine is one where all is well. */
void played_reset(void);

/* What COMMAND is answered: HEAD (a reference, taken over), and ROWS as a list of that name, or
 * NULL. Without MORE it takes the place of all answers before, else it comes behind them: each
 * request takes the next one, the last one stays. */
void played_answer(const char *command, const char *list, json_t *head, json_t *rows, bool more);
/* The last answer of COMMAND: head and rows, borrowed; NULL without an answer. */
json_t *played_head(const char *command);
json_t *played_rows(const char *command);
/* It ends with this error; NULL: with none. */
void played_error(const char *command, const char *text);
/* A person interrupts the first wait that reaches MS after played_reset(); 0: none. */
void played_interrupt(uint64_t ms);
/* What is written there must be flushed before each wait, and behind each row of a request whose
 * rows come as things happen; NULL: nowhere. */
void played_reader(FILE *out);
/* Requests are written there as JSON, a line each; NULL: nowhere. */
void played_log(FILE *log);

/* The kernel's route for QUESTION: "192.168.2.1", then "mark 257", "bound wg0" or "from wg0
 * 10.99.0.2" where that is asked, "*" for whatever has no answer of its own. INTERFACE "": none. */
void played_way(const char *question, const char *interface, const char *gateway, uint32_t mtu,
		bool local, int err);
void played_sysctl(const char *path, long value);
void played_clock(long seconds);
/* Of `show interface`: an array, taken over. Programs that would run are in the log: "$ ping ...".
 */
void played_interfaces(json_t *rows);
/* What nft writes, and its status; without it there are no rules. */
void played_ruleset(const char *text, int status);

#endif
