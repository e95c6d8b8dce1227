/* SPDX-License-Identifier: Apache-2.0 */
/* A message's attributes: reading them from a request, their MD5, choosing and writing the ones a receive asks for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/value.h"
#include "tests/queue/failure.h"

#define ATTRIBUTE_COUNT_MAX 10

struct attribute {
        char *name, *type;
        char *data; /* text, or the decoded bytes of a Binary; NUL-terminated beyond its length */
        size_t len;
};

/* Sorted by name, which is the order the MD5 wants. */
struct attributes {
        struct attribute *items;
        size_t count;
};

void attributes_done(struct attributes *a);

/* Reads a request's MessageAttributes (NULL: none) after checking names, types and values by the developer guide's
 * "Amazon SQS message metadata". 0, FAILED with the reason, or -errno. */
int attributes_parse(const struct value *map, struct attributes *ret, struct failure *f) _must_check_;

/* Adds one attribute, kept in order; the bytes are copied. 0 or -ENOMEM. */
int attributes_add(struct attributes *a, const char *name, const char *type, const void *data, size_t len) _must_check_;

bool attribute_is_binary(const struct attribute *a);

/* Names, types and values: what counts towards the size of the message. */
size_t attributes_bytes(const struct attributes *a);

/* The MD5 as the developer guide's "Calculating the MD5 message digest for message attributes" defines it, in hex. With
 * `names` (a receive's MessageAttributeNames) only of those it chooses; NULL: all. out is "" when there is none. */
int attributes_md5(const struct attributes *a, const struct value *names, char out[HEX_SIZE(MD5_BYTES)]) _must_check_;

/* True when the list holds the name, "All", ".*", or a "prefix.*" of it. */
bool attribute_is_wanted(const struct value *names, const char *name);

/* Appends {"name":{"DataType":…},…} of those that `names` chooses; NULL: all. */
int attributes_write(const struct attributes *a, const struct value *names, struct buf *out);
