/* SPDX-License-Identifier: Apache-2.0 */
/* The three ways of looking at records; each has a file. */
#pragma once

#include "common/store/store_read.h"

struct executions_options {
        const char *config, *store_folder, *store; /* where the store is; NULL: not given */
        struct store_filter filter;                /* list */
        const char *task, *level;                  /* logs */
        bool follow;                               /* logs */
        bool json;
};

int executions_list(struct store_reader *reader, const struct executions_options *o);
int executions_show(struct store_reader *reader, const struct executions_options *o, uint64_t id);
int executions_logs(struct store_reader *reader, const struct executions_options *o, uint64_t id);

/* Says what a failed reading was; returns EXIT_FAILED. */
int executions_fail(const struct store_reader *reader, int error);
