/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/queue_open.h"

#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/text.h"

/* What a text means; borrowed from it and from the configuration. */
struct meaning {
        const char *url, *name; /* one of them */
        const struct config_aws *aws;
        bool is_incomplete;     /* a secret of a trigger's connection was not found: nobody else's keys will do */
};

/* A trigger of the configuration or of the flow files, which are read for it. NULL: none, or they are wrong, which is told;
 * a queue can still be meant. Where a person has no agent.yaml there are no triggers, and no flows that would have to be
 * right. */
static const struct trigger_config *find_trigger(struct config *config, const char *id) {
        struct diag diag = DIAG_INIT;
        struct flow_set set = { 0 };
        const struct trigger_config *found = NULL;
        int r;

        if (access(config->file, R_OK) < 0)
                return NULL;
        config->secrets_elsewhere = true; /* those of other triggers */
        r = flow_set_load(config->flows, &config->security, &diag, &set);
        if (r == 0)
                r = config_resolve(config, &set, &diag);
        flow_set_done(&set);
        if (r < 0)
                print_findings(&diag);
        diag_done(&diag);
        for (size_t i = 0; r == 0 && !found && i < config->trigger_count; i++)
                if (text_eq(config->triggers[i].id, id))
                        found = &config->triggers[i];
        return found;
}

static struct meaning meaning_of(struct config *config, const char *text) {
        const struct trigger_config *t;

        if (strstr(text, "://"))
                return (struct meaning){ text, NULL, &config->aws, false };
        t = find_trigger(config, text);
        return t ? (struct meaning){ t->queue_url, t->queue_name, &t->aws, t->is_incomplete }
                 : (struct meaning){ NULL, text, &config->aws, false };
}

/* "…; did you mean the trigger 'orders'?" */
static int complain_name(const char *verb, int code, const struct config *config, const char *name, const char *what) {
        _cleanup_free_ const char **ids = calloc(config->trigger_count + 1, sizeof(*ids));
        const char *nearest;

        for (size_t i = 0; ids && i < config->trigger_count; i++)
                ids[i] = config->triggers[i].id;
        nearest = ids ? text_nearest(name, ids, config->trigger_count) : NULL;
        return nearest ? complain(verb, code, "'%s' is %s; did you mean the trigger '%s'?", name, what, nearest)
                       : complain(verb, code, "'%s' is %s", name, what);
}

static int ask_url(const char *verb, struct open_queue *q, const char *name, char **ret) {
        struct aws_error error = { 0 };
        _cleanup_free_ char *what = NULL;
        int r;

        if (!queue_name_is_valid(name))
                return complain_name(verb, EXIT_WRONG, q->config, name, "neither a URL, nor a queue's name, nor a trigger");
        r = wait_queue_url(&q->session, name, NULL, ret, &error);
        if (r != SQS_REFUSED || error.class != AWS_ERROR_NO_QUEUE)
                return r != 0 ? complain_aws(verb, r, &error) : 0;
        what = text_printf("neither a queue at %s nor a trigger of agent.yaml", q->session.endpoint.url);
        return what ? complain_name(verb, EXIT_FAILED, q->config, name, what) : complain(verb, EXIT_FAILED, "out of memory");
}

static int find_url(const char *verb, struct open_queue *q, const struct meaning *m, char **ret) {
        if (!m->url)
                return ask_url(verb, q, m->name, ret);
        *ret = text_dup(m->url);
        return *ret ? 0 : complain(verb, EXIT_FAILED, "out of memory");
}

static int ask(const char *verb, struct session *s, const char *url, struct sqs_queue_attributes *ret) {
        struct aws_error error = { 0 };
        int r = wait_attributes(s, url, ret, &error);

        return r != 0 ? complain_aws(verb, r, &error) : 0;
}

int queue_open_other(const char *verb, const char *text, struct open_queue *q, char **ret_url,
                     struct sqs_queue_attributes *ret) {
        const struct meaning m = meaning_of(q->config, text);
        _cleanup_free_ char *url = NULL;
        int code = find_url(verb, q, &m, &url);

        if (code == 0)
                code = ask(verb, &q->session, url, ret);
        if (code == 0)
                *ret_url = TAKE_PTR(url);
        return code;
}

static int open_named(const char *verb, const char *text, const struct queue_options *o, struct open_queue *q) {
        const struct meaning m = meaning_of(q->config, text);
        struct config_aws aws = *m.aws;
        _cleanup_free_ char *why = NULL;
        int r;

        if (m.is_incomplete)
                return complain(verb, EXIT_FAILED, "the trigger '%s' names a secret that is not found here: you may not read "
                                                   "it, or it is among the service's own credentials", text);
        if (o->endpoint)
                aws.endpoint = (char *)o->endpoint;
        if (o->region)
                aws.region = (char *)o->region;
        r = session_open(&q->session, &aws, m.url, &why);
        if (r < 0)
                return complain(verb, r == -EINVAL ? EXIT_WRONG : EXIT_FAILED, "%s", why ? why : strerror(-r));
        return find_url(verb, q, &m, &q->url);
}

int queue_open(const char *verb, const struct arguments *arguments, const struct queue_options *o, struct open_queue *ret) {
        static const char missing[] = "which queue? Give a URL, a name, or a trigger of agent.yaml";
        struct open_queue q = { 0 };
        const char *text;
        int code = arguments_one(verb, arguments, missing, &text);

        if (code == 0)
                code = load_config(verb, o->config, &q.config);
        if (code == 0)
                code = open_named(verb, text, o, &q);
        if (code != 0) {
                queue_close(&q);
                return code;
        }
        *ret = q;
        return 0;
}

int queue_ask(const char *verb, struct open_queue *q) {
        return ask(verb, &q->session, q->url, &q->attributes);
}

void queue_close(struct open_queue *q) {
        sqs_queue_attributes_done(&q->attributes);
        free(q->url);
        session_done(&q->session);
        config_free(q->config);
        *q = (struct open_queue){ 0 };
}

const char *queue_arn(const struct open_queue *q) {
        return value_map_string(q->attributes.all, "QueueArn");
}
