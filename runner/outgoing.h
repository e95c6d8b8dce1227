/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a Publish: `from` as one message, a list of them, or a file with one a line; each {data, groupId,
 * deduplicationId, delaySeconds, attributes}. */
#pragma once

#include "common/aws/sqs_codec.h"
#include "common/base/buf.h"
#include "common/base/value.h"

/* One message, ready to be sent; owns everything that `send` borrows. */
struct outgoing {
        struct sqs_send send;
        struct value *source;
        char *body, *group_id, *deduplication_id;
        struct sqs_attribute attributes[SQS_ATTRIBUTE_MAX];
        char *attribute_texts[SQS_ATTRIBUTE_MAX];
        size_t size; /* what SQS counts against its limits */
};

/* Takes the source reference, also on failure. Text as data is the body as it is, anything else is sent as JSON. 0;
 * -EINVAL with *ret_problem (owned); -ENOMEM. */
int outgoing_make(struct value *source, struct outgoing *ret, char **ret_problem) _must_check_;
void outgoing_done(struct outgoing *o);

struct outgoing_source {
        struct value *list; /* NULL: the file */
        size_t next;        /* in the list; of the file: lines read */
        int fd;
        struct buf in;
        size_t at;          /* of `in` that is used */
        bool over;
};
#define OUTGOING_LINE_BYTES_MAX (16ul * 1024 * 1024) /* of a file: a message of 1 MiB with every character escaped */

/* Takes a rendered `from`: a map, a list, or a text that is JSON of these. 0; -EINVAL; -ENOMEM. */
int outgoing_source_of_value(struct outgoing_source *s, struct value *from) _must_check_;
/* Takes the descriptor. */
void outgoing_source_of_file(struct outgoing_source *s, int fd);
/* 1 with the next one, owned; 0 at the end; -EBADMSG: a line is no JSON; -E2BIG: a line is too long; -errno. */
int outgoing_source_next(struct outgoing_source *s, struct value **ret) _must_check_;
void outgoing_source_done(struct outgoing_source *s);
