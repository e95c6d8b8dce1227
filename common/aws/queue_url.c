/* SPDX-License-Identifier: Apache-2.0 */
/* A queue URL is host and path. The path's last component is the queue's name and the one before it the account, when
 * it is a number (an emulator may write other paths). The host is taken apart at its dots and compared with the forms
 * that SQS has used since 2006; a host that fits none tells nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/aws/endpoint.h"
#include "common/aws/partition.h"
#include "common/base/text.h"

#define NAME_MAX_LEN 80

/* Writes s to dst, false when it does not fit. */
static bool put(char *dst, size_t size, const char *s, size_t len) {
        if (len >= size)
                return false;
        memcpy(dst, s, len);
        dst[len] = '\0';
        return true;
}

/* Takes the label before the first dot off *host. NULL at the end. */
static char *next_label(char **host) {
        return strsep(host, ".");
}

static bool is_service(const char *label) {
        return text_eq(label, "sqs") || text_eq(label, "sqs-fips");
}

/* The region a host name tells, borrowed from `host` (which is cut up) or static; NULL: none. */
static const char *region_of_host(char *host) {
        char *rest = host;
        const char *first = next_label(&rest);

        if (!rest)
                return NULL;
        if (text_eq(first, "queue")) /* queue.amazonaws.com */
                return text_eq(rest, "amazonaws.com") ? "us-east-1" : NULL;
        if (text_after(first, "vpce-")) { /* vpce-ID.sqs.REGION.vpce.SUFFIX */
                const char *service = next_label(&rest), *region = next_label(&rest), *vpce = next_label(&rest);
                return is_service(service) && text_eq(vpce, "vpce") && rest && aws_partition_owns(rest) ? region : NULL;
        }
        const char *second = next_label(&rest);
        if (!rest || !aws_partition_owns(rest))
                return NULL;
        if (is_service(first)) /* sqs.REGION.SUFFIX */
                return second;
        return text_eq(second, "queue") ? first : NULL; /* REGION.queue.SUFFIX */
}

static bool all_digits(const char *s, size_t len) {
        for (size_t i = 0; i < len; i++)
                if (s[i] < '0' || s[i] > '9')
                        return false;
        return len > 0;
}

static int parse_path(const char *path, struct queue_url *q) {
        size_t len = strcspn(path, "?#");
        while (len > 0 && path[len - 1] == '/')
                len--;
        const char *name = memrchr(path, '/', len);
        name = name ? name + 1 : path;
        if (!put(q->name, sizeof(q->name), name, len - (size_t)(name - path)) ||
            !text_is_name(q->name, "A-Za-z0-9_-", "A-Za-z0-9_.-", sizeof(q->name)))
                return -EINVAL;
        q->is_fifo = text_ends_with(q->name, ".fifo");
        if (name > path) {
                const char *slash = name - 1;
                const char *account = memrchr(path, '/', (size_t)(slash - path));
                account = account ? account + 1 : path;
                if (all_digits(account, (size_t)(slash - account)))
                        (void)put(q->account, sizeof(q->account), account, (size_t)(slash - account));
        }
        return 0;
}

bool queue_name_is_valid(const char *name) {
        size_t end = strlen(name) - (text_ends_with(name, ".fifo") ? strlen(".fifo") : 0);

        return text_is_name(name, "A-Za-z0-9_-", "A-Za-z0-9_.-", NAME_MAX_LEN) && strcspn(name, ".") >= end;
}

int queue_url_parse(const char *url, struct queue_url *ret) {
        struct queue_url q = { 0 };
        char host[256];

        const char *rest = text_after(url, "https://");
        if (!rest)
                rest = text_after(url, "http://");
        if (!rest)
                return -EINVAL;
        size_t authority = strcspn(rest, "/?#");
        size_t host_len = strcspn(rest, ":/?#");
        if (host_len == 0 || rest[authority] != '/' || !put(host, sizeof(host), rest, host_len))
                return -EINVAL;
        const char *region = region_of_host(host);
        if (region && text_is_name(region, "a-z0-9", "a-z0-9-", sizeof(q.region) - 1))
                (void)put(q.region, sizeof(q.region), region, strlen(region));
        int r = parse_path(rest + authority + 1, &q);
        if (r < 0)
                return r;
        *ret = q;
        return 0;
}
