/* SPDX-License-Identifier: Apache-2.0 */
/* What a runner and whoever drives it (the agent, `sqsflow run`) say to each other over a socketpair.
 *
 * A frame is: u32 length of what follows, u8 kind, then fields, each u8 tag, u32 length, bytes (integers little endian,
 * fields in any order, unknown tags are skipped). Bytes travel as they are, so a message body reaches the task byte for
 * byte. Both ends are the same build: there is no version negotiation beyond the kind.
 *
 * A driver sends FLOW once per flow revision and runner, then EXECUTE; a runner has one execution at a time and reports
 * TASK_RUN, LOG and METRIC as they happen (collected for up to 20 ms: a task run that starts and ends within that time is
 * one frame), then END, after which no process of the execution is left. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/flow/state.h"

#define FRAME_BYTES_MAX (256ul * 1024 * 1024)
#define FRAME_MESSAGES_MAX 100000u /* of one EXECUTE */
/* A runner keeps this many flows; one more drops the one that was sent first. The driver's end counts the same way
 * (runner_link.c), so that both know which are there. */
#define RUNNER_FLOWS_MAX 64u

enum frame_kind {
        /* to the runner */
        FRAME_FLOW = 1,
        FRAME_EXECUTE,
        FRAME_CANCEL,
        /* from the runner */
        FRAME_READY,
        FRAME_TASK_RUN,
        FRAME_LOG,
        FRAME_METRIC,
        FRAME_END,
};

/* Bytes that are borrowed from the frame (decode) or the caller (encode). data may be NULL when len is 0. Decoded
 * bytes are followed by a NUL or another readable byte, but are not C strings: use the length. */
struct bytes {
        const char *data;
        size_t len;
};

struct frame_flow {
        uint64_t revision;
        struct bytes file;
        struct bytes source;
        uint8_t allow_containers, allow_shell_interpolation;
};

/* One message as a flow's input. */
struct frame_message {
        struct bytes body, message_id, group_id, queue_url, trace_header, traceparent;
        struct bytes attributes;          /* JSON object: SQS system attributes */
        struct bytes message_attributes;  /* JSON object: name -> {type, value}; binary values base64 */
        uint64_t sent_usec;
        uint32_t receive_count;
};

enum trigger_kind { TRIGGER_NONE, TRIGGER_MESSAGE, TRIGGER_BATCH };

struct frame_execute {
        uint64_t execution_id;
        uint64_t revision;                /* of a flow sent before */
        uint64_t start_usec;              /* wall clock */
        enum trigger_kind trigger_kind;
        struct bytes trigger_id;
        uint8_t json_data;                /* serdeType JSON: trigger.data is the parsed body */
        struct bytes inputs, labels;      /* JSON objects; empty: none */
        struct bytes folder;              /* where the execution's folders are made */
        uint8_t keep_folder;              /* do not remove the working directory at the end */
        const struct frame_message *messages;
        size_t message_count;
};

struct frame_task_run {
        uint32_t index;                   /* of this task run in its execution, from 0; later frames update it */
        uint32_t parent;                  /* index, or FRAME_NO_PARENT */
        struct bytes task_id, task_type, value; /* value: ForEach's taskrun.value */
        enum run_state state;
        uint32_t attempts;
        uint64_t start_usec, end_usec;    /* wall clock; end 0: still running */
        struct bytes outputs;             /* JSON object; empty: none yet */
        struct bytes error;               /* a sentence; empty: none */
};
#define FRAME_NO_PARENT UINT32_MAX

struct frame_log {
        uint32_t task_run;                /* index, or FRAME_NO_PARENT for the execution itself */
        uint8_t level;                    /* syslog */
        uint64_t time_usec;
        struct bytes text;
};

struct frame_metric {
        uint32_t task_run;
        struct bytes name, type, tags;    /* type: counter, timer; tags: JSON object */
        double value;
};

struct frame_end {
        uint64_t execution_id;
        enum run_state state;
        struct bytes outputs;             /* JSON object; empty: none */
        struct bytes error;               /* why it failed, one sentence */
        struct bytes batch_failures;      /* JSON list of message ids that stay in the queue */
};

/* Encoders append one whole frame or nothing. 0, the buffer's error, or -E2BIG. */
int frame_put_flow(struct buf *b, const struct frame_flow *f);
int frame_put_execute(struct buf *b, const struct frame_execute *f);
int frame_put_cancel(struct buf *b, uint64_t execution_id);
int frame_put_ready(struct buf *b);
int frame_put_task_run(struct buf *b, const struct frame_task_run *f);
int frame_put_log(struct buf *b, const struct frame_log *f);
int frame_put_metric(struct buf *b, const struct frame_metric *f);
int frame_put_end(struct buf *b, const struct frame_end *f);

/* One decoded frame; the bytes in it are borrowed from the input. `messages` of an EXECUTE is allocated: frame_done. */
struct frame {
        enum frame_kind kind;
        union {
                struct frame_flow flow;
                struct frame_execute execute;
                uint64_t cancel;
                struct frame_task_run task_run;
                struct frame_log log;
                struct frame_metric metric;
                struct frame_end end;
        };
};
/* Decodes the first frame of `data`. 1 with *ret_used bytes taken; 0 when more bytes are needed; -EBADMSG for
 * what cannot be a frame; -ENOMEM. */
int frame_get(const char *data, size_t len, struct frame *ret, size_t *ret_used) _must_check_;
void frame_done(struct frame *f);
