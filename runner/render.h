/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering the texts of a flow in the scope of an execution or a task run. What fails to render is logged with the
 * place in the expression; the problem that is returned is its sentence. */
#pragma once


#include "common/base/value.h"
#include "runner/variables.h"

enum render_mode {
        RENDER_TEXT,  /* a text becomes a text */
        RENDER_TYPED, /* a text that is one expression becomes that expression's value: a list, a number … */
};

/* A text that belongs to the flow (it is compiled once, by its address). 0 with an owned value; -EBADMSG, -E2BIG with
 * *ret_problem (owned); -ENOMEM, without. */
int render_text(struct scope *s, const char *text, size_t len, enum render_mode mode, struct value **ret,
                char **ret_problem) _must_check_;
/* The same for every text inside a value of the flow, names in maps too. */
int render_value(struct scope *s, const struct value *v, enum render_mode mode, struct value **ret,
                 char **ret_problem) _must_check_;

/* A task's property. 0 with an owned value, or with NULL when the property is absent. On failure the attempt has been
 * failed (task_run_fail) and the caller just returns. */
int render_property(struct task_run *run, const char *name, enum render_mode mode, struct value **ret) _must_check_;
