/* SPDX-License-Identifier: Apache-2.0 */
/* Masking works on values, not on the JSON made of them: a secret may look different there, and a mask must not break
 * it. A number that holds a secret becomes the mask as a text. */
#include "runner/secrets.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define NAME_MAX_BYTES 200

/* --- looking up ----------------------------------------------------------------------------------------------------- */

/* A file's text without the line end that editors leave. 0, -ENOENT, -errno. */
static int from_folder(const char *folder, const char *name, char **ret) {
        _cleanup_free_ char *path = path_join(folder, name);
        size_t len;
        char *text;
        int r;

        if (!path)
                return -ENOMEM;
        r = file_read(path, SECRET_BYTES_MAX, &text, &len);
        if (r < 0)
                return r;
        while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
                text[--len] = '\0';
        *ret = text;
        return 0;
}

static int from_environment(const char *name, char **ret) {
        _cleanup_free_ char *variable = text_printf("SECRET_%s", name);
        _cleanup_(buf_done) struct buf packed = BUF_INIT(SECRET_BYTES_MAX), secret = BUF_INIT(SECRET_BYTES_MAX);
        const char *value;
        int r;

        if (!variable)
                return -ENOMEM;
        for (char *p = variable; *p; p++)
                *p = (char)toupper((unsigned char)*p);
        value = getenv(variable);
        if (!value)
                return -ENOENT;
        for (const char *p = value; *p; p++)
                if (*p != '\n' && *p != '\r')
                        buf_append_char(&packed, *p);
        r = buf_error(&packed);
        if (r == 0)
                r = base64_decode(&secret, packed.data ? packed.data : "", packed.len);
        if (r < 0)
                return r;
        *ret = secret.data ? buf_take(&secret, NULL) : text_dup("");
        return *ret ? 0 : -ENOMEM;
}

static int find(const char *name, char **ret) {
        const char *credentials = getenv("CREDENTIALS_DIRECTORY");
        int r = -ENOENT;

        if (credentials && *credentials)
                r = from_folder(credentials, name, ret);
        if (r == -ENOENT)
                r = from_folder(SECRETS_FOLDER, name, ret);
        if (r == -ENOENT)
                r = from_environment(name, ret);
        return r;
}

int secrets_find(struct secrets *s, const char *name, char **ret, char **ret_message) {
        _cleanup_(secret_freep) char *found = NULL;
        int r;

        if (!text_is_name(name, "a-zA-Z0-9_", "a-zA-Z0-9_.-", NAME_MAX_BYTES)) {
                *ret_message = text_printf("'%s' cannot be a secret's name", name);
                return -EINVAL;
        }
        r = find(name, &found);
        if (r < 0) {
                if (r == -ENOENT)
                        *ret_message = text_printf("there is no secret '%s': not among the service's credentials, not "
                                                   "in " SECRETS_FOLDER ", and no SECRET_ variable", name);
                else
                        *ret_message = text_printf("the secret '%s' cannot be read: %s", name, strerror(-r));
                return r;
        }
        if (*found) {
                r = text_list_add(&s->values, found);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(found);
        return 0;
}

void secrets_done(struct secrets *s) {
        for (char **v = s->values; v && *v; v++)
                secret_wipe(*v, strlen(*v));
        s->values = text_list_free(s->values);
}

/* --- masking -------------------------------------------------------------------------------------------------------- */

/* The longest secret that begins here: one may be the beginning of another. */
static size_t secret_at(const struct secrets *s, const char *text, size_t len) {
        size_t longest = 0;

        for (char **v = s->values; v && *v; v++) {
                size_t n = strlen(*v);
                if (n > longest && n <= len && memcmp(text, *v, n) == 0)
                        longest = n;
        }
        return longest;
}

int secrets_mask(const struct secrets *s, struct buf *out, const char *text, size_t len) {
        size_t from = 0;

        for (size_t i = 0; i < len;) {
                size_t n = secret_at(s, text + i, len - i);
                if (n == 0) {
                        i++;
                        continue;
                }
                buf_append(out, text + from, i - from);
                buf_append_str(out, SECRET_MASK);
                i += n;
                from = i;
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

static struct value *masked_container(const struct secrets *s, const struct value *v) {
        bool is_map = value_type(v) == VALUE_MAP;
        _cleanup_value_ struct value *copy = is_map ? value_new_map() : value_new_list();

        for (size_t i = 0; copy && i < value_count(v); i++) {
                int r = is_map ? value_map_put(copy, value_map_key_at(v, i), masked(s, value_map_at(v, i))) :
                                 value_list_add(copy, masked(s, value_list_at(v, i)));
                if (r < 0)
                        return NULL;
        }
        return TAKE_PTR(copy);
}

static struct value *masked(const struct secrets *s, const struct value *v) {
        switch (value_type(v)) {
        case VALUE_LIST:
        case VALUE_MAP:
                return masked_container(s, v);
        case VALUE_STRING:
                return masked_text(s, value_string(v), value_string_len(v));
        case VALUE_NUMBER:
                for (const char *p = value_number(v); *p; p++)
                        if (secret_at(s, p, strlen(p)) > 0)
                                return value_new_string(SECRET_MASK);
                break;
        case VALUE_NULL:
        case VALUE_BOOL:
                break;
        }
        return value_ref((struct value *)v);
}

int secrets_write_masked(const struct secrets *s, struct buf *out, const struct value *v) {
        _cleanup_value_ struct value *copy = NULL;

        if (secrets_is_empty(s))
                return json_write(out, v, JSON_COMPACT);
        copy = masked(s, v);
        return copy ? json_write(out, copy, JSON_COMPACT) : -ENOMEM;
}
