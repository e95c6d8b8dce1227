/* SPDX-License-Identifier: Apache-2.0 */
/* What operators, tests and filters all do with values: order, membership, ranges, growing lists. */
#pragma once

#include "common/expr/expr_eval.h"

/* The order of two numbers or two texts (byte by byte, which is the order of their code points) or two booleans.
 * 0, or -EINVAL for anything else. */
int values_compare(const struct value *a, const struct value *b, int *ret_order) _must_check_;

/* Pebble's "contains": a list has the element (or, given a list, all of them), a map has the key, a text has the part.
 * Null contains nothing. */
bool values_contain(const struct value *whole, const struct value *part);

/* Kestra's "in": v is an element of the list, or a key or value of the map, by their text. 0 or -ENOMEM. */
int values_in(const struct value *v, const struct value *whole, bool *ret) _must_check_;

/* Numbers from..to, or single characters, both ends included. Errors point at n. */
int values_range(struct evaluation *e, const struct node *n, const struct value *from, const struct value *to,
                 int64_t step, struct value **ret) _must_check_;

/* A new list: with v behind (a list's elements when v is one), or without what equals v (or its elements). */
int values_list_plus(const struct value *list, const struct value *v, struct value **ret) _must_check_;
int values_list_minus(const struct value *list, const struct value *v, struct value **ret) _must_check_;

/* Adds a reference to a borrowed v. */
int values_add(struct value *list, const struct value *v) _must_check_;

/* True for "", [] and {} and null. */
bool values_empty(const struct value *v);
