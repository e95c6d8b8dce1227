/* SPDX-License-Identifier: Apache-2.0 */
#include "common/flow/secret.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"

#define NAME_MAX_BYTES 200
#define SECRET_BYTES_MAX (64ul * 1024)

struct folder {
        const char *path;
        size_t len;
};

/* A file's text without the line end that editors leave. 0, -ENOENT, -errno. */
static int from_folder(struct folder folder, const char *name, char **ret) {
        _cleanup_free_ char *path = text_printf("%.*s/%s", (int)folder.len, folder.path, name);
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
        if (r == -EINVAL || (r == 0 && secret.len > 0 && memchr(secret.data, '\0', secret.len)))
                r = -EILSEQ;
        if (r < 0)
                return r;
        *ret = secret.data ? buf_take(&secret, NULL) : text_dup("");
        return *ret ? 0 : -ENOMEM;
}

/* A credential of that name, or a file of the folder that the unit loads whole: LoadCredential=secret:FOLDER makes
 * "secret_NAME" of each. */
static int from_credentials(const char *path, const char *name, char **ret) {
        const struct folder folder = { path, strlen(path) };
        _cleanup_free_ char *loaded = text_printf("secret_%s", name);
        int r = loaded ? from_folder(folder, name, ret) : -ENOMEM;

        return r == -ENOENT ? from_folder(folder, loaded, ret) : r;
}

static int find(struct folder folder, const char *name, char **ret) {
        const char *credentials = getenv("CREDENTIALS_DIRECTORY");
        int r = -ENOENT;

        if (credentials && *credentials)
                r = from_credentials(credentials, name, ret);
        if (r == -ENOENT)
                r = from_folder(folder, name, ret);
        if (r == -ENOENT)
                r = from_environment(name, ret);
        return r;
}

static void tell_problem(struct folder folder, const char *name, int r, char **ret_message) {
        if (r == -ENOENT)
                *ret_message = text_printf("there is no secret '%s': not among the service's credentials, not in %.*s, "
                                           "and no SECRET_ variable", name, (int)folder.len, folder.path);
        else if (r == -EILSEQ)
                *ret_message = text_printf("the secret '%s' cannot be read: its SECRET_ variable is not base64", name);
        else if (r != -ENOMEM)
                *ret_message = text_printf("the secret '%s' cannot be read: %s", name, strerror(-r));
}

int secret_find(const char *folder, size_t folder_len, const char *name, char **ret, char **ret_message) {
        const struct folder f = folder_len > 0 ? (struct folder){ folder, folder_len }
                                               : (struct folder){ SECRETS_FOLDER, strlen(SECRETS_FOLDER) };
        int r;

        if (!text_is_name(name, "a-zA-Z0-9_", "a-zA-Z0-9_.-", NAME_MAX_BYTES)) {
                *ret_message = text_printf("'%s' cannot be a secret's name", name);
                return -EINVAL;
        }
        r = find(f, name, ret);
        if (r < 0)
                tell_problem(f, name, r, ret_message);
        return r;
}
