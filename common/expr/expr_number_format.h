/* SPDX-License-Identifier: Apache-2.0 */
/* Java's DecimalFormat patterns, English symbols: "#,##0.00", "0000", "0.#%", "$#,##0.00". */
#pragma once

#include "common/base/buf.h"

/* Appends the JSON number `digits`, formatted and rounded half to even, exactly for any digits. 0; -EINVAL with
 * *ret_why a static sentence about the pattern; -ERANGE when an exponent is beyond 400; or the buffer's error. */
int number_format(struct buf *b, const char *digits, const char *pattern, const char **ret_why) _must_check_;
