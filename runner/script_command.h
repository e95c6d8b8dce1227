/* SPDX-License-Identifier: Apache-2.0 */
/* What a script task executes: the argument list, and the file that has to be written before. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/value.h"
#include "runner/task_kind.h"

#define SCRIPT_ARGUMENT_BYTES_MAX (100ul * 1024) /* the kernel takes 128 KiB in one argument; longer text goes to a file */

struct script_source {
        enum script_variant variant;
        const struct value *interpreter; /* list of texts; NULL: /bin/sh -c */
        const struct value *before;      /* list of texts; NULL: none */
        const struct value *body;        /* commands: a list of texts; script: one text */
        bool fail_fast;
        const char *file;                /* where a file may be written: its path without suffix */
};

struct script_command {
        char **argv;
        char *file;      /* to be written before the start; NULL: none */
        char *text;      /* what goes into it */
        size_t text_len;
};

/* True when the body is one text that becomes a file, not a list of commands. */
bool script_variant_is_script(enum script_variant variant);
/* 0 with an owned command (script_command_done); -EINVAL when a list holds something that is not a text; -ENOMEM. */
int script_command_make(const struct script_source *s, struct script_command *ret) _must_check_;
void script_command_done(struct script_command *c);
