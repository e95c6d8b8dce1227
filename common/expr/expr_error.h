/* SPDX-License-Identifier: Apache-2.0 */
/* How an error becomes words: the sentence, and the line of the template with a caret under the place. */
#pragma once

#include <stdarg.h>

#include "common/expr/expr.h"

/* Replaces what `error` says. Returns -EBADMSG, or -ENOMEM when the sentence could not be made; an error of NULL is
 * fine. */
int expr_error_set(struct expr_error *error, const char *text, size_t len, size_t offset, const char *fmt, va_list ap)
        _printf_(5, 0);
