/* SPDX-License-Identifier: Apache-2.0 */
/* Which records are meant: the agent's, or the person's own, which `sqsflow run` keeps. */
#pragma once

#include "cli/executions.h"

struct records {
        struct store_reader *reader;
        char *path; /* of the store */
};

/* Opens what the options name: --store, --own, --config; without any of them the agent's, and a person who may not read
 * those, or has no agent, gets their own. 0; an exit code, after complaining. */
int records_open(const struct executions_options *o, struct records *ret) _must_check_;
/* Opens the store with the execution that `text` (an id or its beginning) names: where nothing says which store, one that
 * the agent does not know is looked for in the person's own. */
int records_open_for(const struct executions_options *o, const char *text, struct records *ret, uint64_t *ret_id) _must_check_;
void records_done(struct records *r);
