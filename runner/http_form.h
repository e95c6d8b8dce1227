/* SPDX-License-Identifier: Apache-2.0 */
/* Form fields as bodies, as Kestra's HTTP tasks write them: application/x-www-form-urlencoded, or multipart/form-data,
 * where a field that is the URI of a file, or {name, content: URI}, is sent as a file. */
#pragma once

#include "common/base/buf.h"
#include "common/base/value.h"

#define FORM_BYTES_MAX (256ul * 1024 * 1024)

struct execution;

/* Appends the fields (a map). 0 or the buffer's error. Pure. */
int form_write_urlencoded(struct buf *b, const struct value *fields);
/* The same in parts. 0 with the owned content type that names the boundary; negative with *ret_problem (owned; NULL:
 * memory is out). */
int form_write_multipart(struct execution *e, struct buf *b, const struct value *fields, char **ret_content_type,
                         char **ret_problem) _must_check_;
