/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attributes.h"

#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"

static void done(struct sqs_attribute *a) {
        free((char *)a->name);
        free((char *)a->data_type);
        free((char *)a->value);
        *a = (struct sqs_attribute){ 0 };
}

void attributes_done(struct attributes *a) {
        while (a->count > 0)
                done(&a->items[--a->count]);
}

/* The value of a Binary in place of its base64. */
static int decode(struct sqs_attribute *a) {
        struct buf bytes = BUF_INIT(0);
        int r = base64_decode(&bytes, a->value, a->len);

        if (r == 0)
                r = buf_append_str(&bytes, "");
        if (r == 0) {
                free((char *)a->value);
                a->value = buf_take(&bytes, &a->len);
        }
        buf_done(&bytes);
        return r < 0 ? r : a->value ? 0 : -ENOMEM;
}

static int parse(const char *text, struct sqs_attribute *ret) {
        const char *equals = strchr(text, '='), *colon = equals ? memchr(text, ':', (size_t)(equals - text)) : NULL;
        const char *name_end = colon ? colon : equals;

        if (!equals || name_end == text || (colon && colon + 1 == equals))
                return -EINVAL;
        ret->name = text_dup_n(text, (size_t)(name_end - text));
        ret->data_type = colon ? text_dup_n(colon + 1, (size_t)(equals - colon - 1)) : text_dup("String");
        ret->value = text_dup(equals + 1);
        if (!ret->name || !ret->data_type || !ret->value)
                return -ENOMEM;
        ret->len = strlen(ret->value);
        return sqs_attribute_is_binary(ret) ? decode(ret) : 0;
}

int attributes_add(struct attributes *a, const char *text) {
        struct sqs_attribute new = { 0 };
        int r;

        if (a->count == ATTRIBUTES_MAX)
                return -E2BIG;
        r = parse(text, &new);
        for (size_t i = 0; r == 0 && i < a->count; i++)
                if (text_eq(a->items[i].name, new.name))
                        r = -EEXIST;
        if (r < 0) {
                done(&new);
                return r;
        }
        a->items[a->count++] = new;
        return 0;
}

int attributes_take(const char *verb, void *attributes, const char *text) {
        switch (attributes_add(attributes, text)) {
        case 0:
                return 0;
        case -E2BIG:
                return complain_usage(verb, "--attribute: SQS takes %d at most", ATTRIBUTES_MAX);
        case -EEXIST:
                return complain_usage(verb, "--attribute: the name in '%s' is given twice", text);
        case -ENOMEM:
                return complain(verb, EXIT_FAILED, "out of memory");
        default:
                return complain_usage(verb, "--attribute: '%s' is not NAME=VALUE or NAME:TYPE=VALUE (base64 for Binary)", text);
        }
}

int attributes_write(const struct sqs_attribute *items, size_t count, struct buf *out) {
        buf_append_char(out, '{');
        for (size_t i = 0; i < count; i++) {
                const struct sqs_attribute *item = &items[i];

                if (i > 0)
                        buf_append_char(out, ',');
                json_write_string(out, item->name, strlen(item->name));
                buf_append_str(out, ":{\"type\":");
                json_write_string(out, item->data_type, strlen(item->data_type));
                buf_append_str(out, ",\"value\":");
                if (sqs_attribute_is_binary(item)) {
                        buf_append_char(out, '"');
                        base64_encode(out, item->value, item->len);
                        buf_append_char(out, '"');
                } else {
                        json_write_string(out, item->value, item->len);
                }
                buf_append_char(out, '}');
        }
        return buf_append_char(out, '}');
}
