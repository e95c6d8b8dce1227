/* SPDX-License-Identifier: Apache-2.0 */
/* What an expression reads of the world: the one walk for all who ask. */
#pragma once

#include "common/expr/expr_ast.h"

/* What is looked for in an expression. */
struct read_search {
        expr_reads_function is_meant; /* is asked of each variable, with the members that stand there as constants, and
                                       * of each function */
        void *userdata;
        bool only_put_out; /* not what a condition or a test reads: it decides, and goes no further */
};

/* True when something that `n` reads is meant; false for NULL. */
bool node_reads(const struct read_search *search, const struct node *n);
