/* SPDX-License-Identifier: Apache-2.0 */
/* The two files stay apart in memory, since their section names differ: the config file writes "[profile x]"
 * ("[default]" alone needs no prefix, and loses to "[profile default]"), the credentials file "[x]". A property is
 * looked up in the credentials file first, which is how the SDKs merge them. */
#include "common/aws/profile.h"

#include <errno.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"

extern char **environ;

const char *aws_environment_get(char *const *environment, const char *name) {
        size_t len = strlen(name);
        for (char *const *e = environment ? environment : environ; e && *e; e++)
                if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
                        return (*e)[len + 1] ? *e + len + 1 : NULL;
        return NULL;
}

/* Where a file stands: what the variable says (a leading ~/ is HOME), else HOME/.aws/`file`. NULL without a HOME. */
static char *file_path(char *const *environment, const char *variable, const char *file) {
        const char *home = aws_environment_get(environment, "HOME");
        const char *given = aws_environment_get(environment, variable);
        const char *below_home = given ? text_after(given, "~/") : file;
        if (given && !below_home)
                return text_dup(given);
        return home ? path_join(home, below_home) : text_dup("");
}

static int load_file(char *const *environment, const char *variable, const char *file, struct diag *diag,
                     struct ini **ret) {
        _cleanup_free_ char *path = file_path(environment, variable, file);
        _cleanup_(secret_freep) char *text = NULL;
        size_t len = 0;

        if (!path)
                return -ENOMEM;
        int r = path[0] ? file_read(path, INI_BYTES_MAX, &text, &len) : -ENOENT;
        if (r == -ENOENT || r == -ENOTDIR || r == -EACCES)
                r = 0; /* a service user often cannot look into its HOME; the SDKs pass over it as well */
        if (r < 0) {
                diag_add(diag, DIAG_ERROR, path, 0, 0, "cannot be read: %s", strerror(-r));
                return r;
        }
        return ini_parse(text ? text : "", len, path, diag, ret);
}

static void find_sections(struct aws_profile *p) {
        p->config_section = ini_find(p->config, "profile", p->name);
        if (!p->config_section && text_eq(p->name, "default"))
                p->config_section = ini_find(p->config, "", "default");
        p->credentials_section = ini_find(p->credentials, "", p->name);
        p->exists = p->config_section || p->credentials_section;
}

int aws_profile_load(char *const *environment, const char *name, struct diag *diag, struct aws_profile **ret) {
        _cleanup_(aws_profile_freep) struct aws_profile *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        if (!name)
                name = aws_environment_get(environment, "AWS_PROFILE");
        p->name = text_dup(name ? name : "default");
        if (!p->name)
                return -ENOMEM;
        int r = load_file(environment, "AWS_CONFIG_FILE", ".aws/config", diag, &p->config);
        if (r < 0)
                return r;
        r = load_file(environment, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", diag, &p->credentials);
        if (r < 0)
                return r;
        find_sections(p);
        *ret = TAKE_PTR(p);
        return 0;
}

struct aws_profile *aws_profile_free(struct aws_profile *p) {
        if (!p)
                return NULL;
        free(p->name);
        ini_free(p->config);
        ini_free(p->credentials);
        free(p);
        return NULL;
}

struct aws_profile aws_profile_view(const struct aws_profile *p, const char *name) {
        struct aws_profile view = { .name = (char *)name, .config = p->config, .credentials = p->credentials };
        find_sections(&view);
        return view;
}

const char *aws_profile_get(const struct aws_profile *p, const char *key) {
        const char *value = p ? ini_get(p->credentials_section, key) : NULL;
        return value || !p ? value : ini_get(p->config_section, key);
}

const char *aws_profile_service_get(const struct aws_profile *p, const char *service, const char *key) {
        const char *name = aws_profile_get(p, "services");
        return name ? ini_get_nested(ini_find(p->config, "services", name), service, key) : NULL;
}
