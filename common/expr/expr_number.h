/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on numbers that keep their digits. Whole numbers are exact in 64 bits, as Java's long; decimals are exact
 * while they fit 38 digits, beyond that and for division they are doubles. */
#pragma once

#include "common/base/value.h"

/* Each sets *ret to an owned number. 0; -ERANGE when a whole result does not fit 64 bits, or a decimal one is beyond
 * any double; -EDOM division by zero; -ENOMEM. Both operands are numbers. Whole division truncates, and the remainder
 * has the sign of the dividend, as in Java. */
int number_add(const struct value *a, const struct value *b, struct value **ret) _must_check_;
int number_subtract(const struct value *a, const struct value *b, struct value **ret) _must_check_;
int number_multiply(const struct value *a, const struct value *b, struct value **ret) _must_check_;
int number_divide(const struct value *a, const struct value *b, struct value **ret) _must_check_;
int number_remainder(const struct value *a, const struct value *b, struct value **ret) _must_check_;

/* The number with the other sign, or without one; any digits. */
struct value *number_negate(const struct value *a);
struct value *number_absolute(const struct value *a);

/* <0, 0, >0: exact for any digits. */
int number_compare(const struct value *a, const struct value *b);

/* True when the digits have neither a fraction nor an exponent, as Java's whole types print. */
bool number_is_whole(const struct value *a);
