/* SPDX-License-Identifier: Apache-2.0 */
/* ReceiveMessage's answer becomes messages that point into the parsed JSON: a 1 MiB body is not copied again. What is
 * not there (attributes an emulator leaves out) is zero or NULL; what a message cannot be without (id, handle, body)
 * makes the answer an error. A checksum that does not fit makes the message damaged, not the answer. */
#include "common/aws/sqs_message.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/aws/sqs_codec.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"

struct sqs_message *sqs_message_free(struct sqs_message *m) {
        if (!m)
                return NULL;
        for (size_t i = 0; i < m->message_attribute_count; i++)
                if (sqs_attribute_is_binary(&m->message_attributes[i]))
                        free((char *)m->message_attributes[i].value);
        free(m->message_attributes);
        free(m->receipt_handle);
        value_unref(m->attributes);
        value_unref(m->source);
        free(m);
        return NULL;
}

struct sqs_message **sqs_messages_free(struct sqs_message **messages, size_t count) {
        for (size_t i = 0; i < count; i++)
                sqs_message_free(messages[i]);
        free(messages);
        return NULL;
}

static bool is_map(const struct value *v) {
        return v && value_type(v) == VALUE_MAP;
}

/* --- message attributes ------------------------------------------------------------------------------------------- */

static int decode_binary(const char *text, struct sqs_attribute *a) {
        _cleanup_(buf_done) struct buf bytes = { 0 };
        int r = base64_decode(&bytes, text, strlen(text));
        if (r == 0)
                r = buf_append_char(&bytes, '\0');
        if (r < 0)
                return r == -EINVAL ? -EBADMSG : r;
        char *value = buf_take(&bytes, &a->len);
        if (!value)
                return -ENOMEM;
        a->value = value;
        a->len--;
        return 0;
}

static int decode_attribute(const char *name, const struct value *v, struct sqs_attribute *a) {
        if (!is_map(v))
                return -EBADMSG;
        struct sqs_attribute decoded = { .name = name, .data_type = value_map_string(v, "DataType") };
        if (!decoded.data_type)
                return -EBADMSG;
        bool binary = sqs_attribute_is_binary(&decoded);
        const char *text = value_map_string(v, binary ? "BinaryValue" : "StringValue");
        if (!text)
                return -EBADMSG;
        if (binary) {
                int r = decode_binary(text, &decoded);
                if (r < 0)
                        return r;
        } else {
                decoded.value = text;
                decoded.len = value_string_len(value_map_get(v, "StringValue"));
        }
        *a = decoded;
        return 0;
}

static int decode_attributes(struct sqs_message *m) {
        const struct value *map = value_map_get(m->source, "MessageAttributes");
        if (!is_map(map) || value_count(map) == 0)
                return 0;
        m->message_attributes = calloc(value_count(map), sizeof(*m->message_attributes));
        if (!m->message_attributes)
                return -ENOMEM;
        for (size_t i = 0; i < value_count(map); i++) {
                int r = decode_attribute(value_map_key_at(map, i), value_map_at(map, i), &m->message_attributes[i]);
                if (r < 0)
                        return r;
                m->message_attribute_count = i + 1;
        }
        return 0;
}

/* --- checksums ---------------------------------------------------------------------------------------------------- */

/* A host whose crypto policy refuses MD5 cannot check, as the SDKs cannot there. */
static bool md5_fits(int error, const char *computed, const char *claimed) {
        return !claimed || error == -EIO || strcasecmp(computed, claimed) == 0;
}

static int check(struct sqs_message *m) {
        const char *body_md5 = value_map_string(m->source, "MD5OfBody");
        const char *attributes_md5 = value_map_string(m->source, "MD5OfMessageAttributes");
        char hex[33] = "";

        int r = body_md5 ? sqs_md5_of_body(m->body, m->body_len, hex) : 0;
        if (r == -ENOMEM)
                return r;
        if (!md5_fits(r, hex, body_md5)) {
                m->damage = SQS_DAMAGED_BODY;
                return 0;
        }
        r = attributes_md5 ? sqs_md5_of_attributes(m->message_attributes, m->message_attribute_count, hex) : 0;
        if (r == -ENOMEM)
                return r;
        if (!md5_fits(r, hex, attributes_md5))
                m->damage = SQS_DAMAGED_ATTRIBUTES;
        return 0;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static int64_t number_attribute(const struct value *attributes, const char *name) {
        const char *text = value_map_string(attributes, name);
        int64_t n = 0;
        if (text && text_to_i64(text, 0, INT64_MAX / (int64_t)USEC_PER_MSEC, &n) < 0)
                return 0;
        return n;
}

static void read_system_attributes(struct sqs_message *m) {
        const struct value *a = m->attributes;
        m->receive_count = (unsigned)number_attribute(a, "ApproximateReceiveCount");
        m->sent_usec = (uint64_t)number_attribute(a, "SentTimestamp") * USEC_PER_MSEC;
        m->first_receive_usec = (uint64_t)number_attribute(a, "ApproximateFirstReceiveTimestamp") * USEC_PER_MSEC;
        m->group_id = value_map_string(a, "MessageGroupId");
        m->deduplication_id = value_map_string(a, "MessageDeduplicationId");
        m->sequence_number = value_map_string(a, "SequenceNumber");
        m->trace_header = value_map_string(a, "AWSTraceHeader");
}

static int decode_message(struct value *source, struct sqs_message **ret) {
        if (!is_map(source))
                return -EBADMSG;
        struct value *body = value_map_get(source, "Body");
        const char *id = value_map_string(source, "MessageId");
        const char *handle = value_map_string(source, "ReceiptHandle");
        if (!id || !handle || !body || value_type(body) != VALUE_STRING)
                return -EBADMSG;
        _cleanup_(sqs_message_freep) struct sqs_message *m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        struct value *attributes = value_map_get(source, "Attributes");
        m->source = value_ref(source);
        m->message_id = id;
        m->receipt_handle = text_dup(handle);
        m->body_value = body;
        m->body = value_string(body);
        m->body_len = value_string_len(body);
        m->attributes = is_map(attributes) ? value_ref(attributes) : value_new_map();
        if (!m->receipt_handle || !m->attributes)
                return -ENOMEM;
        read_system_attributes(m);
        int r = decode_attributes(m);
        if (r == 0)
                r = check(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int sqs_decode_receive(const char *text, size_t len, struct sqs_message ***ret, size_t *ret_count) {
        _cleanup_value_ struct value *answer = NULL;
        int r = sqs_parse_answer(text, len, &answer);
        if (r < 0)
                return r;
        struct value *list = value_map_get(answer, "Messages");
        bool none = !list || value_type(list) == VALUE_NULL;
        if (!none && value_type(list) != VALUE_LIST)
                return -EBADMSG;
        size_t count = none ? 0 : value_count(list);
        struct sqs_message **messages = calloc(count + 1, sizeof(struct sqs_message *));
        if (!messages)
                return -ENOMEM;
        for (size_t i = 0; i < count && r == 0; i++)
                r = decode_message(value_list_at(list, i), &messages[i]);
        if (r < 0) {
                sqs_messages_free(messages, count);
                return r;
        }
        *ret = messages;
        *ret_count = count;
        return 0;
}
