/* SPDX-License-Identifier: Apache-2.0 */
/* Values as YAML text, in the shape that Kestra's yaml filter gives: block style, two columns a level, list items one
 * column in, quotes only where the text would be read as something else. */
#pragma once

#include "common/base/buf.h"
#include "common/base/value.h"

/* Appends v and a line end. 0 or the buffer's error. */
int expr_yaml_write(struct buf *b, const struct value *v);
