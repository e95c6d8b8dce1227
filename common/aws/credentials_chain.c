/* SPDX-License-Identifier: Apache-2.0 */
/* One search runs at a time, from a defer source, so that neither credentials_get() nor credentials_cached() ever calls
 * back into its caller. Whoever asks meanwhile joins it. A search walks the table of providers; its end replaces what
 * is cached, or leaves it while it lasts, and answers every wait. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/aws/credentials_provider.h"
#include "common/base/digest.h"
#include "common/base/text.h"

/* In this order. Processes, SSO and roles belong to the files. */
static const struct credentials_provider *const providers[] = {
        &credentials_static, &credentials_env,       &credentials_web_identity,
        &credentials_files,  &credentials_container, &credentials_imds,
};

/* A chain that is a layer upon another has one provider. */
static const struct credentials_provider *const layer[] = { &credentials_role };

#define JITTER_MAX_USEC USEC_PER_MINUTE
#define WHY_MAX_BYTES 4096

struct credentials_wait {
        struct credentials_wait **home; /* what points here */
        struct credentials_wait *next;
        credentials_func on_done;
        void *userdata;
};

struct credentials_chain {
        struct credentials_options options;
        struct credentials_chain *own_base; /* of a role; NULL: it is somebody else's, or there is no role */
        struct credentials_query query;
        sd_event_source *begin; /* defer: starts the search */
        bool searching;         /* from asking for it until its end */
        const struct credentials_provider *const *providers;
        size_t provider_count;
        size_t provider; /* that is asked now */
        struct buf why;  /* what the providers said in this search */
        struct aws_credentials *cached;
        bool refused;             /* the server called `cached` expired */
        uint64_t not_before_usec; /* no refresh ahead before this */
        uint64_t jitter_usec;
        struct credentials_wait *waits;
        struct credentials_wait *answering; /* those of a search that has ended */
};

/* --- waits -------------------------------------------------------------------------------------------------------- */

static void wait_link(struct credentials_wait **home, struct credentials_wait *w) {
        w->home = home;
        w->next = *home;
        if (w->next)
                w->next->home = &w->next;
        *home = w;
}

static void wait_unlink(struct credentials_wait *w) {
        *w->home = w->next;
        if (w->next)
                w->next->home = w->home;
}

struct credentials_wait *credentials_cancel(struct credentials_wait *w) {
        if (w) {
                wait_unlink(w);
                free(w);
        }
        return NULL;
}

static void answer_all(struct credentials_chain *c, int error) {
        _cleanup_(aws_credentials_unrefp) struct aws_credentials *found =
                error < 0 ? NULL : aws_credentials_ref(c->cached);
        _cleanup_free_ char *why = buf_take(&c->why, NULL);

        while (c->waits) {
                struct credentials_wait *w = c->waits;
                wait_unlink(w);
                wait_link(&c->answering, w);
        }
        while (c->answering) {
                struct credentials_wait *w = c->answering;
                wait_unlink(w);
                w->on_done(error, found, error < 0 && why ? why : "", w->userdata);
                free(w);
        }
}

/* --- the search --------------------------------------------------------------------------------------------------- */

static struct credentials_chain *chain_of(struct credentials_query *q) {
        return CONTAINER_OF(q, struct credentials_chain, query);
}

static void step_reset(struct credentials_query *q) {
        q->call = http_cancel(q->call);
        q->wait = credentials_cancel(q->wait);
        if (q->state_free)
                q->state_free(q->state);
        q->state = NULL;
        q->state_free = NULL;
}

static void query_reset(struct credentials_query *q) {
        step_reset(q);
        q->assumer = aws_credentials_unref(q->assumer);
        q->plan = (struct profile_plan){ 0 };
        q->profile = aws_profile_free(q->profile);
        q->via = NULL;
        q->renewed = false;
}

static void search_end(struct credentials_chain *c, int error) {
        uint64_t now = clock_realtime_usec();
        query_reset(&c->query);
        c->searching = false;
        c->not_before_usec = usec_add(now, CREDENTIALS_RETRY_USEC);
        /* Refreshing did not work, but what we have still serves. */
        if (error < 0 && c->cached && !c->refused && now < c->cached->expires_usec)
                error = 0;
        answer_all(c, error);
}

static void ask(struct credentials_chain *c) {
        if (c->provider >= c->provider_count) {
                search_end(c, -ENOENT);
                return;
        }
        c->providers[c->provider]->start(&c->query);
}

_printf_(2, 0) static void tell_why(struct credentials_chain *c, const char *fmt, va_list ap) {
        if (c->why.len > 0)
                buf_append_str(&c->why, "; ");
        buf_append_str(&c->why, c->providers[c->provider]->name);
        buf_append_str(&c->why, c->query.via ? " (" : "");
        buf_append_str(&c->why, c->query.via ? c->query.via : "");
        buf_append_str(&c->why, c->query.via ? "): " : ": ");
        buf_appendv(&c->why, fmt, ap);
}

void credentials_found(struct credentials_query *q, struct aws_credentials *found) {
        struct credentials_chain *c = chain_of(q);
        uint32_t random = 0;

        if (!found) {
                search_end(c, -ENOMEM);
                return;
        }
        if (q->plan.role_count > 0) {
                step_reset(q);
                credentials_assume(q, found);
                return;
        }
        (void)!random_bytes(&random, sizeof(random));
        c->jitter_usec = random % JITTER_MAX_USEC;
        aws_credentials_unref(c->cached);
        c->cached = found;
        c->refused = false;
        search_end(c, 0);
}

void credentials_absent(struct credentials_query *q, const char *fmt, ...) {
        struct credentials_chain *c = chain_of(q);
        va_list ap;
        va_start(ap, fmt);
        tell_why(c, fmt, ap);
        va_end(ap);
        if (q->via) { /* it was chosen by name: nothing else stands for it */
                search_end(c, -ENOENT);
                return;
        }
        query_reset(q);
        c->provider++;
        ask(c);
}

void credentials_failed(struct credentials_query *q, int error, const char *fmt, ...) {
        struct credentials_chain *c = chain_of(q);
        va_list ap;
        va_start(ap, fmt);
        tell_why(c, fmt, ap);
        va_end(ap);
        search_end(c, error);
}

static int on_begin(sd_event_source *source, void *userdata) {
        struct credentials_chain *c = userdata;
        buf_reset(&c->why);
        c->provider = 0;
        ask(c);
        return 0;
}

static int search(struct credentials_chain *c) {
        if (c->searching)
                return 0;
        int r = sd_event_source_set_enabled(c->begin, SD_EVENT_ONESHOT);
        if (r >= 0)
                c->searching = true;
        return r;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

const struct aws_credentials *credentials_cached(struct credentials_chain *c) {
        if (!c->cached || c->refused)
                return NULL;
        switch (credentials_freshness(c->cached->expires_usec, clock_realtime_usec(), c->not_before_usec,
                                      c->jitter_usec)) {
        case CREDENTIALS_FRESH:
                return c->cached;
        case CREDENTIALS_AGEING:
                (void)search(c); /* a failure to start shows when they have expired */
                return c->cached;
        case CREDENTIALS_EXPIRED:
                break;
        }
        return NULL;
}

int credentials_get(struct credentials_chain *c, credentials_func on_done, void *userdata,
                    struct credentials_wait **ret_wait) {
        _cleanup_free_ struct credentials_wait *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        int r = search(c);
        if (r < 0)
                return r;
        w->on_done = on_done;
        w->userdata = userdata;
        wait_link(&c->waits, w);
        if (ret_wait)
                *ret_wait = w;
        TAKE_PTR(w);
        return 0;
}

void credentials_expire(struct credentials_chain *c, const struct aws_credentials *used) {
        if (c->cached == used)
                c->refused = true;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

#define TEXT_COUNT 9

/* Every string of the options. */
static void options_texts(struct credentials_options *o, const char **ret[TEXT_COUNT]) {
        const char **const texts[TEXT_COUNT] = {
                &o->profile,  &o->access_key_id,    &o->secret_access_key, &o->session_token, &o->region,
                &o->role.arn, &o->role.external_id, &o->role.session_name, &o->sts_endpoint,
        };
        memcpy(ret, texts, sizeof(texts));
}

static int copy_options(struct credentials_options *to, const struct credentials_options *from) {
        const char **texts[TEXT_COUNT];

        *to = *from;
        to->event = sd_event_ref(from->event);
        options_texts(to, texts);
        bool whole = true;
        for (size_t i = 0; i < TEXT_COUNT; i++) {
                bool wanted = *texts[i] != NULL;
                *texts[i] = text_dup(*texts[i]);
                whole = whole && (!wanted || *texts[i]);
        }
        return whole ? 0 : -ENOMEM;
}

static void options_done(struct credentials_options *o) {
        const char **texts[TEXT_COUNT];
        sd_event_unref(o->event);
        options_texts(o, texts);
        for (size_t i = 0; i < TEXT_COUNT; i++)
                secret_free((char *)*texts[i]);
}

static bool options_are_valid(const struct credentials_options *o) {
        unsigned seconds = o->role.duration_seconds;
        return (o->role.arn || !o->base) &&
               (seconds == 0 || (seconds >= STS_DURATION_MIN_SECONDS && seconds <= STS_DURATION_MAX_SECONDS));
}

/* Whose credentials the role is assumed with, when nobody else has that chain. */
static int make_base(struct credentials_chain *c, const struct credentials_options *options) {
        struct credentials_options base = *options;
        base.role = (struct sts_role){ 0 };
        base.sts_endpoint = NULL;
        int r = credentials_chain_new(&base, &c->own_base);
        c->options.base = c->own_base;
        return r;
}

int credentials_chain_new(const struct credentials_options *options, struct credentials_chain **ret) {
        _cleanup_(credentials_chain_freep) struct credentials_chain *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        if (!options_are_valid(options))
                return -EINVAL;
        c->providers = options->role.arn ? layer : providers;
        c->provider_count = options->role.arn ? ARRAY_SIZE(layer) : ARRAY_SIZE(providers);
        c->why.max = WHY_MAX_BYTES;
        c->query.options = &c->options;
        c->query.http = options->http;
        int r = copy_options(&c->options, options);
        if (r >= 0 && options->role.arn && !options->base)
                r = make_base(c, options);
        if (r < 0)
                return r;
        r = sd_event_add_defer(c->options.event, &c->begin, on_begin, c);
        if (r >= 0)
                r = sd_event_source_set_enabled(c->begin, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

struct credentials_chain *credentials_chain_free(struct credentials_chain *c) {
        if (!c)
                return NULL;
        assert(!c->answering);
        query_reset(&c->query);
        while (c->waits)
                credentials_cancel(c->waits);
        sd_event_source_disable_unref(c->begin);
        options_done(&c->options);
        aws_credentials_unref(c->cached);
        credentials_chain_free(c->own_base);
        buf_done(&c->why);
        free(c);
        return NULL;
}
