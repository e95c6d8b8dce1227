/* SPDX-License-Identifier: Apache-2.0 */
/* Message attributes as given on a command line: NAME=VALUE is a String, NAME:TYPE=VALUE has that type (Number, Binary,
 * Binary.png …; a Binary's value is base64). */
#pragma once

#include "common/aws/sqs_message.h"
#include "common/base/buf.h"

#define ATTRIBUTES_MAX 10 /* SQS's limit */

struct attributes {
        struct sqs_attribute items[ATTRIBUTES_MAX]; /* all owned */
        size_t count;
};

/* Adds one. 0; -EINVAL (not in that form, base64 that is none); -E2BIG (more than ten); -EEXIST (a name twice); -ENOMEM. */
int attributes_add(struct attributes *a, const char *text);
/* The same for an option (options.h), whose userdata are the attributes. */
int attributes_take(const char *verb, void *attributes, const char *text);
void attributes_done(struct attributes *a);
/* Appends {"NAME": {"type": …, "value": …}}, as a runner gets them. 0 or the buffer's error. */
int attributes_write(const struct sqs_attribute *items, size_t count, struct buf *out);
