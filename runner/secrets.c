/* SPDX-License-Identifier: Apache-2.0 */
/* Masking works on values, not on the JSON made of them: a secret may look different there, and a mask must not break
 * it. A number that holds a secret becomes the mask as a text. */
#include "runner/secrets.h"

#include <errno.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/flow/secret.h"

int secrets_find(struct secrets *s, const char *name, char **ret, char **ret_message) {
        _cleanup_(secret_freep) char *found = NULL;
        int r = secret_find(s->folder.data, s->folder.len, name, &found, ret_message);

        if (r < 0)
                return r;
        r = secret_patterns_add(&s->patterns, found);
        if (r == -EOVERFLOW)
                *ret_message = text_dup("this execution uses too many secrets to keep them out of its logs");
        if (r == 0)
                *ret = TAKE_PTR(found);
        return r;
}

int secrets_note(struct secrets *s, const char *value) {
        return secret_patterns_add(&s->patterns, value);
}

void secrets_done(struct secrets *s) {
        s->patterns = secret_patterns_free(s->patterns);
}

/* --- masking -------------------------------------------------------------------------------------------------------- */

bool secrets_holds_one(const struct secrets *s, const char *text, size_t len) {
        size_t start, end;

        return secret_patterns_find(s->patterns, text, len, 0, &start, &end);
}

int secrets_mask(const struct secrets *s, struct buf *out, const char *text, size_t len) {
        size_t from = 0, start, end;

        while (secret_patterns_find(s->patterns, text, len, from, &start, &end)) {
                buf_append(out, text + from, start - from);
                buf_append_str(out, SECRET_MASK);
                from = end;
        }
        buf_append(out, text + from, len - from);
        return buf_error(out);
}

static struct value *masked_text(const struct secrets *s, const char *text, size_t len) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);
        char *masked;
        size_t n;

        if (secrets_mask(s, &b, text, len) < 0)
                return NULL;
        masked = buf_take(&b, &n);
        return masked ? value_new_string_take(masked, n) : value_new_string("");
}

static struct value *masked(const struct secrets *s, const struct value *v);

static int put_masked(const struct secrets *s, struct value *map, const char *key, const struct value *v) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);
        int r = secrets_mask(s, &b, key, strlen(key));

        return r < 0 ? r : value_map_put(map, b.data ? b.data : "", masked(s, v));
}

static struct value *masked_container(const struct secrets *s, const struct value *v) {
        bool is_map = value_type(v) == VALUE_MAP;
        _cleanup_value_ struct value *copy = is_map ? value_new_map() : value_new_list();

        for (size_t i = 0; copy && i < value_count(v); i++) {
                int r = is_map ? put_masked(s, copy, value_map_key_at(v, i), value_map_at(v, i)) :
                                 value_list_add(copy, masked(s, value_list_at(v, i)));
                if (r < 0)
                        return NULL;
        }
        return TAKE_PTR(copy);
}

static struct value *masked(const struct secrets *s, const struct value *v) {
        size_t start, end;

        switch (value_type(v)) {
        case VALUE_LIST:
        case VALUE_MAP:
                return masked_container(s, v);
        case VALUE_STRING:
                return masked_text(s, value_string(v), value_string_len(v));
        case VALUE_NUMBER:
                if (secret_patterns_find(s->patterns, value_number(v), strlen(value_number(v)), 0, &start, &end))
                        return value_new_string(SECRET_MASK);
                break;
        case VALUE_NULL:
        case VALUE_BOOL:
                break;
        }
        return value_ref(v);
}

int secrets_write_masked(const struct secrets *s, struct buf *out, const struct value *v) {
        _cleanup_value_ struct value *copy = NULL;

        if (secrets_is_empty(s))
                return json_write(out, v, JSON_COMPACT);
        copy = masked(s, v);
        return copy ? json_write(out, copy, JSON_COMPACT) : -ENOMEM;
}
