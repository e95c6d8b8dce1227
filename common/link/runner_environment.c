/* SPDX-License-Identifier: Apache-2.0 */
/* An allow-list: of AWS only what is no secret, nothing of systemd's notification, and nothing that nobody thought of.
 * What task processes see of it is a shorter list of the runner's own (runner/environment.c). */
#include <errno.h>

#include "common/base/text.h"
#include "common/link/runner_link.h"

extern char **environ;

static const char *const allowed[] = {
        "PATH=", "LANG=", "LANGUAGE=", "LC_", "TZ=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "TMPDIR=",
        "CREDENTIALS_DIRECTORY=", "SECRET_", "ENV_", "ASAN_OPTIONS=", "UBSAN_OPTIONS=",
        "http_proxy=", "https_proxy=", "HTTPS_PROXY=", "no_proxy=", "NO_PROXY=", "all_proxy=", "ALL_PROXY=",
        "AWS_REGION=", "AWS_DEFAULT_REGION=", "AWS_CA_BUNDLE=", "AWS_ENDPOINT_URL=", "AWS_ENDPOINT_URL_SQS=",
        "AWS_ENDPOINT_URL_STS=", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=", "AWS_USE_FIPS_ENDPOINT=",
        "AWS_USE_DUALSTACK_ENDPOINT=", "AWS_STS_REGIONAL_ENDPOINTS=",
};

static bool is_allowed(const char *variable) {
        for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
                if (text_after(variable, allowed[i]))
                        return true;
        return false;
}

int runner_environment(bool aws_credentials, char ***ret) {
        _cleanup_(text_list_freep) char **list = calloc(1, sizeof *list);

        if (!list)
                return -ENOMEM;
        for (char **e = environ; *e; e++)
                if ((is_allowed(*e) || (aws_credentials && text_after(*e, "AWS_"))) && text_list_add(&list, *e) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(list);
        return 0;
}
