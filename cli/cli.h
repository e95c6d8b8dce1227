/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `sqsflow` share: how they are called, how they end, how they complain. */
#pragma once

#include <stdbool.h>

#include "common/base/cleanup.h"
#include "common/base/diag.h"
#include "common/base/json.h"
#include "common/base/value.h"
#include "common/config/config.h"

/* Exit codes, the same for every verb. */
enum {
        EXIT_OK = 0,
        EXIT_FAILED = 1,      /* what was asked for was done, and the answer is bad: a flow failed, nothing was found */
        EXIT_WRONG = 2,       /* wrong arguments, a wrong flow or configuration */
        EXIT_UNREACHABLE = 3, /* the agent or SQS does not answer */
};

#define EXIT_CODES_HELP \
        "Exit status: 0 done, 1 failed, 2 wrong use or configuration, 3 not reachable.\n"

struct verb {
        const char *name;
        const char *summary;                 /* one line for `sqsflow --help` */
        const char *help;                    /* the whole text of `sqsflow VERB --help` */
        int (*run)(int argc, char **argv);   /* argv[0] is the verb; returns the exit code */
};

extern const struct verb verb_check, verb_run, verb_send, verb_peek, verb_redrive, verb_executions, verb_status, verb_pause,
        verb_resume, verb_schema;

/* "sqsflow VERB: …" and where help is, on stderr. Returns EXIT_WRONG. `argv0` as the verb got it. */
int complain_usage(const char *verb, const char *fmt, ...) _printf_(2, 3);
/* "there is no X 'name'; did you mean 'nearest'?" Returns EXIT_WRONG. */
int complain_unknown(const char *verb, const char *what, const char *name, const char *const *known, size_t count);
/* "sqsflow VERB: …" on stderr. Returns `code`. */
int complain(const char *verb, int code, const char *fmt, ...) _printf_(3, 4);

/* Writes every finding to stderr as file:line:column: message. */
void print_findings(const struct diag *diag);

/* Appends v as JSON that steers no terminal (clean.h). NULL stands for "out of memory". 0 or -errno, which
 * sticks to the buffer. */
int put_json(struct buf *out, const struct value *v, enum json_style style);
/* Writes v as indented JSON and a newline to stdout, and drops the reference. EXIT_OK or EXIT_FAILED (out of memory). */
int print_json(struct value *v);

/* agent.yaml for a verb that needs only some of it: `path`, or when that is NULL the one in /etc/sqsflow if there is
 * one, else the defaults. 0 with an owned config; else an exit code, after complaining. */
int load_config(const char *verb, const char *path, struct config **ret) _must_check_;
