/* SPDX-License-Identifier: Apache-2.0 */
/* The types that a flow declares for its inputs and outputs: STRING, INT, … */
#pragma once

#include "common/base/cleanup.h"
#include "common/base/value.h"

struct typed_value {
        const char *name, *must_be;
        /* "42" is the number 42 for an INT. 0 with an owned value; -EINVAL: it is none of the type; -ENOMEM. */
        int (*read)(const struct value *v, struct value **ret);
        int (*compare)(const char *a, const char *b); /* of two texts that were read; NULL: there is no order */
};

/* By any of its names, which loading the flow has judged. */
const struct typed_value *typed_value_find(const char *name);

/* Reads `given` as the type. 0 with an owned value; -EBADMSG with *ret_problem (owned): "the input 'n' is 1.5, which is not
 * …", where `what` is "input" and `id` is "n"; -ENOMEM. */
int typed_value_read(const struct typed_value *type, const char *what, const char *id, const struct value *given,
                     struct value **ret, char **ret_problem) _must_check_;

/* -EBADMSG with "the input 'n' is 12, " and the rest (owned); -ENOMEM. */
int typed_value_problem(const char *what, const char *id, const struct value *v, char **ret_problem, const char *fmt,
                        ...) _printf_(5, 6);
