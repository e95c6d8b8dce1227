/* SPDX-License-Identifier: Apache-2.0 */
/* What the frames of protocol.h carry. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/flow/state.h"

#define FRAME_MESSAGES_MAX 100000u /* of one EXECUTE */

/* Borrowed from the frame (decode) or the caller (encode). data may be NULL when len is 0. Not C strings: decoded bytes
 * are followed by a NUL or another readable byte. */
struct bytes {
        const char *data;
        size_t len;
};

struct frame_flow {
        uint64_t revision;
        struct bytes file, source;
        uint8_t allow_containers, allow_shell_interpolation;
        struct bytes name, problem; /* FLOW_WANTED and FLOW_FOUND: "namespace.id"; why there is none, a sentence */
};

/* One message as a flow's input. */
struct frame_message {
        struct bytes body, message_id, group_id, queue_url, trace_header, traceparent;
        struct bytes attributes, message_attributes; /* JSON objects: SQS's; name -> {type, value}, binary ones in base64 */
        uint64_t sent_usec;
        uint32_t receive_count;
};
enum trigger_kind { TRIGGER_NONE, TRIGGER_MESSAGE, TRIGGER_BATCH };
/* Whose files (execution_file.h) are left behind. */
enum keep_files { KEEP_FILES_ALL, KEEP_FILES_OF_FAILURES, KEEP_FILES_NONE };
/* Whether `<folder>/<execution id>/work` is there afterwards, or is where tasks work from the start. */
enum keep_folder { KEEP_FOLDER_NEVER, KEEP_FOLDER_FROM_START, KEEP_FOLDER_FAILURES, KEEP_FOLDER_ALWAYS };

struct frame_execute {
        uint64_t execution_id;
        uint64_t revision;                /* of a flow sent before */
        uint64_t start_usec;              /* wall clock */
        enum trigger_kind trigger_kind;
        uint8_t json_data;                /* serdeType JSON: trigger.data is the parsed body */
        uint8_t keep_folder;              /* enum keep_folder */
        uint8_t keep_files;               /* enum keep_files */
        uint8_t task_credentials;         /* SQS tasks without keys may use the environment's */
        struct bytes trigger_id;          /* of one in the flow's file (flow_trigger_name()): what it demands must hold */
        struct bytes inputs, labels;      /* JSON objects; empty: none */
        struct bytes folder;              /* where the execution's folders are made */
        struct bytes secrets_folder;      /* where secret() looks; empty: the runner's default */
        struct bytes aws_region, aws_endpoint, aws_ca_bundle; /* for SQS tasks that name none; empty: none */
        uint64_t log_bytes;               /* that it may log, FRAME_LOG_LINE_COST for each line; what comes after is dropped */
        uint64_t files_max_bytes;         /* that it may keep; 0: the runner's default */
        uint32_t umask;                   /* of task processes */
        uint64_t data_bytes, memory_bytes; /* RLIMIT_DATA of each; their group's limit, to be named; 0: none */
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
        uint64_t cpu_usec, memory_bytes;  /* of its processes and those they waited for: the sum, the biggest resident set */
};
#define FRAME_NO_PARENT UINT32_MAX

struct frame_log {
        uint32_t task_run;                /* index, or FRAME_NO_PARENT for the execution itself */
        uint8_t level;                    /* syslog */
        uint64_t time_usec;
        struct bytes text;
};
/* What a line costs beside its text, wherever lines are counted: each takes room, or empty ones would have no limit. */
#define FRAME_LOG_LINE_COST 32u

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
        uint8_t goes_on;                  /* more frames of it follow, then DONE */
        uint64_t cpu_usec, memory_bytes;  /* of its control group: the sum, the peak; without one as in TASK_RUN */
};

struct frame_settle {
        uint64_t execution_id;
        uint8_t success;                  /* recorded as one that settles its messages */
};

/* A place of a flow (places.h), for an execution that a task called. */
enum place_answer { PLACE_GIVEN, PLACE_WAITS, PLACE_CANCELLED, PLACE_FAILED, PLACE_STUCK };
struct frame_place {
        uint64_t execution_id;            /* in which it was called */
        uint64_t call;                    /* its number there, from 1; never used twice */
        uint64_t outer;                   /* WANTED: the innermost with a place that cannot end before it; 0: that one itself */
        struct bytes name;                /* WANTED: of the flow, "namespace.id" */
        uint32_t limit;                   /* WANTED: as the flow says that is to run; the driver may know better */
        uint8_t behavior;                 /* WANTED: enum flow_concurrency_behavior, the same */
        uint8_t answer;                   /* ANSWER: enum place_answer */
        struct bytes problem;             /* ANSWER: why it does not run, a sentence */
};
